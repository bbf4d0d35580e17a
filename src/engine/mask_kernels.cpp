#include "engine/mask_kernels.hpp"

#include <algorithm>
#include <bit>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/mask_kernels.cpp"
#include <hwy/foreach_target.h>

#include "engine/rotation_kernels.hpp"
#include "engine/vectors.hpp"

HWY_BEFORE_NAMESPACE();
namespace qhn {
namespace HWY_NAMESPACE {

/// Runs body(d, x, mask) over all vectors of 2^qubits elements.
template <class T, class Body>
HWY_INLINE void ForMask(int qubits, const std::uint8_t* bytes, Body body) {
  const Wide<T> wide;
  const Index size = Index{1} << qubits, lanes = hn::Lanes(wide);
  if (size < lanes) {
    const Single<T> one;
    for (Index x = 0; x < size; ++x) body(one, x, hn::LoadMaskBits(one, bytes + x * 8));
    return;
  }
  const Index step = lanes == 1 ? 8 : std::max<Index>(1, lanes / 8);
  for (Index x = 0; x < size; x += lanes, bytes += step)
    body(wide, x, hn::LoadMaskBits(wide, bytes));
}

template <class T>
void CopySigned(int qubits, const std::uint8_t* bytes, const T* from, T* to) {
  ForMask<T>(qubits, bytes, [&](auto d, Index x, auto mask) HWY_ATTR {
    const auto v = hn::Load(d, from + x);
    hn::Store(hn::IfThenElse(mask, hn::Neg(v), v), d, to + x);
  });
}

template <class T>
void SplitByMask(int qubits, const std::uint8_t* bytes, T* from, T* to) {
  ForMask<T>(qubits, bytes, [&](auto d, Index x, auto mask) HWY_ATTR {
    const auto v = hn::Load(d, from + x);
    hn::Store(hn::IfThenElseZero(mask, v), d, to + x);
    hn::Store(hn::IfThenZeroElse(mask, v), d, from + x);
  });
}

template <class T>
void MergeByMask(int qubits, const std::uint8_t* bytes, T* into, const T* other) {
  ForMask<T>(qubits, bytes, [&](auto d, Index x, auto mask) HWY_ATTR {
    hn::Store(hn::IfThenElse(mask, hn::Load(d, other + x), hn::Load(d, into + x)), d, into + x);
  });
}

template <bool Add, class T>
void Flipped(int qubits, Index flip, const T* from, T* to) {
  const Wide<T> d;
  using TI = hwy::MakeSigned<T>;
  const Index size = Index{1} << qubits, lanes = hn::Lanes(d);
  if (size < lanes) {
    for (Index x = 0; x < size; ++x) to[x] = from[x ^ flip] + (Add ? to[x] : T{0});
    return;
  }
  HWY_ALIGN TI partner[16];
  for (Index l = 0; l < lanes; ++l) partner[l] = static_cast<TI>(l ^ (flip & (lanes - 1)));
  const auto table = hn::SetTableIndices(d, partner);
  for (Index x = 0; x < size; x += lanes) {
    auto v = hn::TableLookupLanes(hn::Load(d, from + (x ^ (flip & ~(lanes - 1)))), table);
    if (Add) v = hn::Add(v, hn::Load(d, to + x));
    hn::Store(v, d, to + x);
  }
}

template <class T>
void CopyFlipped(int qubits, Index flip, const T* from, T* to) {
  Flipped<false>(qubits, flip, from, to);
}
template <class T>
void AddFlipped(int qubits, Index flip, const T* from, T* to) {
  Flipped<true>(qubits, flip, from, to);
}

QHN_INSTANCES(CopySigned)
QHN_INSTANCES(SplitByMask)
QHN_INSTANCES(MergeByMask)
QHN_INSTANCES(CopyFlipped)
QHN_INSTANCES(AddFlipped)

}  // namespace HWY_NAMESPACE
}  // namespace qhn
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace qhn {

QHN_EXPORT(CopySigned)
QHN_EXPORT(SplitByMask)
QHN_EXPORT(MergeByMask)
QHN_EXPORT(CopyFlipped)
QHN_EXPORT(AddFlipped)

template <class T>
template <class Form>
void BitMask<T>::fill(int qubits, Form form) {
  qubits_ = qubits;
  const Index size = dimension(qubits);
  const Index lanes = Index{1} << lane_bits<T>(qubits);
  // A mask is read as eight bytes at once, so pad the end; without lanes every element has eight
  // bytes of its own.
  const Index bytes_per_vector = lanes == 1 ? 8 : std::max<Index>(1, lanes / 8);
  bytes_.assign(size / lanes * bytes_per_vector + 8, 0);
  for (Index x = 0; x < size; ++x) {
    const Index within = x % lanes;
    if (form(x)) {
      auto& byte = bytes_[x / lanes * bytes_per_vector + within / 8];
      byte = static_cast<std::uint8_t>(byte | (1u << (within % 8)));
    }
  }
}

template <class T>
BitMask<T>::BitMask(int qubits, Index mask) {
  fill(qubits, [mask](Index x) { return std::popcount(mask & x) & 1; });
}

template <class T>
BitMask<T>::BitMask(int qubits, const std::vector<std::pair<int, int>>& pairs) {
  fill(qubits, [&pairs](Index x) {
    int parity = 0;
    for (const auto& [a, b] : pairs) parity ^= bit(x, a) & bit(x, b);
    return parity != 0;
  });
}

#define QHN_DISPATCH(T, S)                                                    \
  template <>                                                                 \
  void copy_signed<T>(const BitMask<T>& m, const T* from, T* to) {            \
    HWY_DYNAMIC_DISPATCH(CopySigned##S)(m.qubits(), m.bytes(), from, to);     \
  }                                                                           \
  template <>                                                                 \
  void split_by_mask<T>(const BitMask<T>& m, T* from, T* to) {                \
    HWY_DYNAMIC_DISPATCH(SplitByMask##S)(m.qubits(), m.bytes(), from, to);    \
  }                                                                           \
  template <>                                                                 \
  void merge_by_mask<T>(const BitMask<T>& m, T* into, const T* other) {       \
    HWY_DYNAMIC_DISPATCH(MergeByMask##S)(m.qubits(), m.bytes(), into, other); \
  }                                                                           \
  template <>                                                                 \
  void copy_flipped<T>(int qubits, Index flip, const T* from, T* to) {        \
    HWY_DYNAMIC_DISPATCH(CopyFlipped##S)(qubits, flip, from, to);             \
  }                                                                           \
  template <>                                                                 \
  void add_flipped<T>(int qubits, Index flip, const T* from, T* into) {       \
    HWY_DYNAMIC_DISPATCH(AddFlipped##S)(qubits, flip, from, into);            \
  }                                                                           \
  template class BitMask<T>;
QHN_DISPATCH(double, F64)
QHN_DISPATCH(float, F32)
#undef QHN_DISPATCH

}  // namespace qhn
#endif  // HWY_ONCE
