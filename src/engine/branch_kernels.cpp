#include "engine/branch_kernels.hpp"

#include <type_traits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/branch_kernels.cpp"
#include <hwy/foreach_target.h>

#include "engine/vectors.hpp"

HWY_BEFORE_NAMESPACE();
namespace qhn {
namespace HWY_NAMESPACE {

/// Stores the entries of a and b in turn. Vectors of one lane use plain stores and loads: GCC 12
/// hangs on NEON's structure instructions for single lanes.
template <class D, class V, class T>
HWY_INLINE void StorePairs(D d, V a, V b, T* HWY_RESTRICT out) {
  if constexpr (std::is_same_v<D, Single<T>>) {
    hn::Store(a, d, out);
    hn::Store(b, d, out + 1);
  } else {
    hn::StoreInterleaved2(a, b, d, out);
  }
}

template <class D, class V, class T>
HWY_INLINE void LoadPairs(D d, const T* HWY_RESTRICT from, V& a, V& b) {
  if constexpr (std::is_same_v<D, Single<T>>) {
    a = hn::Load(d, from);
    b = hn::Load(d, from + 1);
  } else {
    hn::LoadInterleaved2(d, from, a, b);
  }
}

template <class T>
void PairProducts(const T* planes, int branches, Index count, Index length, T* products) {
  Over<T>(count, [&](auto d, Index x) HWY_ATTR {
    T* out = products + x;
    for (int k = 0; k < branches; ++k, out += length) {
      const T* a = planes + static_cast<Index>(2 * k) * length + x;
      const auto re = hn::Load(d, a), im = hn::Load(d, a + length);
      hn::Store(hn::MulAdd(im, im, hn::Mul(re, re)), d, out);
    }
    for (int k = 0; k < branches; ++k)
      for (int l = k + 1; l < branches; ++l, out += 2 * length) {
        const T* a = planes + static_cast<Index>(2 * k) * length + x;
        const T* b = planes + static_cast<Index>(2 * l) * length + x;
        const auto ar = hn::Load(d, a), ai = hn::Load(d, a + length);
        const auto br = hn::Load(d, b), bi = hn::Load(d, b + length);
        hn::Store(hn::MulAdd(ai, bi, hn::Mul(ar, br)), d, out);
        hn::Store(hn::NegMulAdd(ai, br, hn::Mul(ar, bi)), d, out + length);
      }
  });
}

template <class T>
void Interleave(const T* planes, int branches, Index count, Index plane_stride, T* rows,
                Index row_stride) {
  Over<T>(count, [&](auto d, Index x) HWY_ATTR {
    const T* a = planes + x;
    T* out = rows + 2 * x;
    for (int k = 0; k < branches; ++k, a += 2 * plane_stride, out += 2 * row_stride) {
      const auto re = hn::Load(d, a), im = hn::Load(d, a + plane_stride);
      StorePairs(d, re, im, out);
      StorePairs(d, hn::Neg(im), re, out + row_stride);
    }
  });
}

template <class T>
double Gather(const T* sums, Index sum_stride, const T* planes, int branches, Index count,
              Index plane_stride, T* lambda) {
  double total = 0.0;
  Over<T>(count, [&](auto d, Index x) HWY_ATTR {
    auto here = hn::Zero(d);
    const T* from = sums + 2 * x;
    for (int k = 0; k < branches; ++k, from += 2 * sum_stride) {
      // (λ_re + i λ_im) (B_re − i B_im)
      hn::Vec<decltype(d)> re_re, im_re, re_im, im_im;
      LoadPairs(d, from, re_re, im_re);
      LoadPairs(d, from + sum_stride, re_im, im_im);
      const auto re = hn::Add(re_re, im_im), im = hn::Sub(im_re, re_im);
      const Index at = static_cast<Index>(2 * k) * plane_stride + x;
      here = hn::MulAdd(re, hn::Load(d, planes + at), here);
      here = hn::MulAdd(im, hn::Load(d, planes + at + plane_stride), here);
      hn::Store(re, d, lambda + at);
      hn::Store(im, d, lambda + at + plane_stride);
    }
    total += static_cast<double>(Sum(d, here));
  });
  return total;
}

template <class T>
void AddParts(T* sum, Index parts, Index part_stride, Index count) {
  Over<T>(count, [&](auto d, Index x) HWY_ATTR {
    auto here = hn::Load(d, sum + x);
    for (Index p = 1; p < parts; ++p) here = hn::Add(here, hn::Load(d, sum + p * part_stride + x));
    hn::Store(here, d, sum + x);
  });
}

template <class T>
double ApplyPairs(const T* sums, const T* planes, int branches, Index count, Index length,
                  T* lambda) {
  double total = 0.0;
  Over<T>(count, [&](auto d, Index x) HWY_ATTR {
    auto here = hn::Zero(d);
    for (int k = 0; k < branches; ++k) {
      const T* a = planes + static_cast<Index>(2 * k) * length + x;
      const auto h = hn::Load(d, sums + static_cast<Index>(k) * length + x);
      auto re = hn::Mul(h, hn::Load(d, a)), im = hn::Mul(h, hn::Load(d, a + length));
      for (int l = 0; l < branches; ++l) {
        if (l == k) continue;
        const int low = l < k ? l : k, high = l < k ? k : l;
        // Pairs (low, high) follow the diagonal in lexicographic order.
        const int pair = low * (2 * branches - low - 1) / 2 + (high - low - 1);
        const T* at = sums + static_cast<Index>(branches + 2 * pair) * length + x;
        const auto hr = hn::Load(d, at);
        const auto hi = l > k ? hn::Load(d, at + length) : hn::Neg(hn::Load(d, at + length));
        const T* b = planes + static_cast<Index>(2 * l) * length + x;
        const auto br = hn::Load(d, b), bi = hn::Load(d, b + length);
        re = hn::NegMulAdd(hi, bi, hn::MulAdd(hr, br, re));
        im = hn::MulAdd(hi, br, hn::MulAdd(hr, bi, im));
      }
      here = hn::MulAdd(re, hn::Load(d, a), here);
      here = hn::MulAdd(im, hn::Load(d, a + length), here);
      T* to = lambda + static_cast<Index>(2 * k) * length + x;
      hn::Store(re, d, to);
      hn::Store(im, d, to + length);
    }
    total += static_cast<double>(Sum(d, here));
  });
  return total;
}

QHN_INSTANCES(PairProducts)
QHN_INSTANCES(ApplyPairs)
QHN_INSTANCES(Interleave)
QHN_INSTANCES(Gather)
QHN_INSTANCES(AddParts)

}  // namespace HWY_NAMESPACE
}  // namespace qhn
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace qhn {

QHN_EXPORT(PairProducts)
QHN_EXPORT(ApplyPairs)
QHN_EXPORT(Interleave)
QHN_EXPORT(Gather)
QHN_EXPORT(AddParts)

#define QHN_DISPATCH(T, S)                                                                        \
  template <>                                                                                     \
  void pair_products<T>(const T* planes, int branches, Index count, Index length, T* products) {  \
    HWY_DYNAMIC_DISPATCH(PairProducts##S)(planes, branches, count, length, products);             \
  }                                                                                               \
  template <>                                                                                     \
  double apply_pairs<T>(const T* sums, const T* planes, int branches, Index count, Index length,  \
                        T* lambda) {                                                              \
    return HWY_DYNAMIC_DISPATCH(ApplyPairs##S)(sums, planes, branches, count, length, lambda);    \
  }                                                                                               \
  template <>                                                                                     \
  void interleave<T>(const T* planes, int branches, Index count, Index plane_stride, T* rows,     \
                     Index row_stride) {                                                          \
    HWY_DYNAMIC_DISPATCH(Interleave##S)(planes, branches, count, plane_stride, rows, row_stride); \
  }                                                                                               \
  template <>                                                                                     \
  double gather<T>(const T* sums, Index sum_stride, const T* planes, int branches, Index count,   \
                   Index plane_stride, T* lambda) {                                               \
    return HWY_DYNAMIC_DISPATCH(Gather##S)(sums, sum_stride, planes, branches, count,             \
                                           plane_stride, lambda);                                 \
  }                                                                                               \
  template <>                                                                                     \
  void add_parts<T>(T * sum, Index parts, Index part_stride, Index count) {                       \
    HWY_DYNAMIC_DISPATCH(AddParts##S)(sum, parts, part_stride, count);                            \
  }
QHN_DISPATCH(double, F64)
QHN_DISPATCH(float, F32)
#undef QHN_DISPATCH

}  // namespace qhn
#endif  // HWY_ONCE
