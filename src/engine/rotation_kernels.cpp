#include "engine/rotation_kernels.hpp"

#include <algorithm>
#include <bit>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/rotation_kernels.cpp"
#include <hwy/foreach_target.h>

#include "engine/vectors.hpp"

HWY_BEFORE_NAMESPACE();
namespace qhn {
namespace HWY_NAMESPACE {

// Rows held in registers in one pass: 2^3 where there are enough registers, else 2^2.
constexpr int kRowBits = kManyRegisters ? 3 : 2;

template <class T>
int LaneBits(int qubits) {
  const int bits = std::countr_zero(hn::Lanes(Wide<T>()));
  return qubits >= bits ? bits : 0;
}

int MaxRowBits() { return kRowBits; }

/// First element of item i of a pass with 2^K rows.
template <bool Low, int K, class T>
HWY_INLINE Index ItemBase(const RotationPass<T>& t, Index i) {
  if (Low) return i << (t.lanes + K);
  const int free = t.first - t.lanes;
  const Index inner = i & ((Index{1} << free) - 1);
  return ((i >> free) << (t.first + t.row_bits)) | (inner << t.lanes);
}

/// Elements from row 0 of an item to row r: the rows of a low pass are neighboring vectors.
template <bool Low, class D, class T>
HWY_INLINE Index RowOffset(D d, const RotationPass<T>& t, unsigned r) {
  return Low ? r * hn::Lanes(d) : static_cast<Index>(r) << t.first;
}

/// Rows that CX from bits of the address exchange; a low pass has no such bits.
template <bool Low, class T>
HWY_INLINE unsigned AddressFlip(const RotationPass<T>& t, Index base) {
  unsigned flip = 0;
  if (Low) return flip;
  for (const auto& [from, to] : t.address_flips)
    flip ^= static_cast<unsigned>((base >> from) & 1u) << to;
  return flip;
}

/// The pair-th row whose bit q is 0.
HWY_INLINE constexpr int PairRow(int pair, int q) {
  return ((pair >> q) << (q + 1)) | (pair & ((1 << q) - 1));
}

/// v ← R v on row bit q of 2^K rows.
template <int K, class V>
HWY_INLINE void RotateRows(V* v, int q, V c, V s) {
  QHN_UNROLL
  for (int pair = 0; pair < (1 << K) / 2; ++pair) {
    const int r = PairRow(pair, q);
    Turn(c, s, v[r], v[r | (1 << q)]);
  }
}

/// Adds the derivative of row bit q, then rotates both vectors back.
template <int K, class V>
HWY_INLINE void UnrotateRows(V* f, V* g, int q, V c, V s, V& sum) {
  QHN_UNROLL
  for (int pair = 0; pair < (1 << K) / 2; ++pair) {
    const int r = PairRow(pair, q);
    V &f0 = f[r], &f1 = f[r | (1 << q)], &g0 = g[r], &g1 = g[r | (1 << q)];
    sum = hn::MulAdd(g1, f0, sum);
    sum = hn::NegMulAdd(g0, f1, sum);
    Turn(c, s, f1, f0);
    Turn(c, s, g1, g0);
  }
}

/// The sine of lane bit q with the sign it has in each lane.
template <class D, class T>
HWY_INLINE hn::Vec<D> SignedSine(D d, const RotationPass<T>& t, const T* sine, int q) {
  return hn::Mul(hn::Set(d, sine[q]), hn::Load(d, t.sign[static_cast<std::size_t>(q)].data()));
}

/// For each lane, the lane with the other value of bit q.
template <class D, class T>
HWY_INLINE auto Partner(D d, const RotationPass<T>& t, int q) {
  return hn::SetTableIndices(d, t.partner[static_cast<std::size_t>(q)].data());
}

/// Exchanges rows in the lanes where the control bit of a CX is set.
template <int K, class D, class T, class V>
HWY_INLINE void LaneToRow(D d, const RotationPass<T>& t, V* v) {
  for (const auto& [lane, row] : t.lane_to_row) {
    const auto set = hn::Ne(hn::Load(d, t.bit[static_cast<std::size_t>(lane)].data()), hn::Zero(d));
    for (int pair = 0; pair < (1 << K) / 2; ++pair) {
      const int r = PairRow(pair, row);
      const V a = v[r], b = v[r | (1 << row)];
      v[r] = hn::IfThenElse(set, b, a);
      v[r | (1 << row)] = hn::IfThenElse(set, a, b);
    }
  }
}

/// The part of a low pass that acts within and from the lanes; `source` is t.lane_source.
template <int K, class D, class T, class Lanes, class V>
HWY_INLINE void RotateLanes(D d, const RotationPass<T>& t, Lanes source, const T* cosine,
                            const T* sine, V* v) {
  LaneToRow<K>(d, t, v);
  if (t.permutes_lanes) QHN_UNROLL
  for (int r = 0; r < (1 << K); ++r) v[r] = hn::TableLookupLanes(v[r], source);
  for (int q = 0; q < t.lanes; ++q) {
    const V c = hn::Set(d, cosine[q]), s = SignedSine(d, t, sine, q);
    const auto partner = Partner(d, t, q);
    QHN_UNROLL
    for (int r = 0; r < (1 << K); ++r)
      v[r] = hn::MulAdd(s, hn::TableLookupLanes(v[r], partner), hn::Mul(c, v[r]));
  }
}

/// Undoes the rotations of RotateLanes(). Lanes with bit q set hold index 1 of the pair. sum[q] =
/// Σ λ·partner(φ) lacks the sign of the bit, which the caller applies once at the end.
/// `sum` is a reference to an array because its size bounds the loop, which is unrolled then.
template <int K, class D, class T, class V>
HWY_INLINE void UnrotateLanes(D d, const RotationPass<T>& t, const T* cosine, const T* sine, V* f,
                              V* g, V (&sum)[RotationPass<T>::max_lane_bits]) {
  for (int q = 0; q < t.lanes; ++q) {
    const V c = hn::Set(d, cosine[q]), s = SignedSine(d, t, sine, q);
    const auto partner = Partner(d, t, q);
    QHN_UNROLL
    for (int r = 0; r < (1 << K); ++r) {
      const V other_f = hn::TableLookupLanes(f[r], partner);
      const V other_g = hn::TableLookupLanes(g[r], partner);
      sum[q] = hn::MulAdd(g[r], other_f, sum[q]);
      f[r] = hn::NegMulAdd(s, other_f, hn::Mul(c, f[r]));
      g[r] = hn::NegMulAdd(s, other_g, hn::Mul(c, g[r]));
    }
  }
}

/// Undoes the CX of RotateLanes().
template <int K, class D, class T, class Lanes, class V>
HWY_INLINE void UnpermuteLanes(D d, const RotationPass<T>& t, Lanes source, V* f, V* g) {
  if (t.permutes_lanes) QHN_UNROLL
  for (int r = 0; r < (1 << K); ++r) {
    f[r] = hn::TableLookupLanes(f[r], source);
    g[r] = hn::TableLookupLanes(g[r], source);
  }
  LaneToRow<K>(d, t, f);
  LaneToRow<K>(d, t, g);
}

/// rotate() for a pass of this kind with 2^K rows.
template <bool Low, int K, class D, class T>
void RotateItems(D d, const RotationPass<T>& t, T* HWY_RESTRICT data, const T* cosine,
                 const T* sine, Index begin, Index end) {
  using V = hn::Vec<D>;
  const int rows_from = Low ? t.lanes : t.first;
  [[maybe_unused]] const auto source = hn::SetTableIndices(d, t.lane_source.data());
  V c[K > 0 ? K : 1], s[K > 0 ? K : 1];
  QHN_UNROLL
  for (int q = 0; q < K; ++q) {
    c[q] = hn::Set(d, cosine[rows_from + q]);
    s[q] = hn::Set(d, sine[rows_from + q]);
  }
  for (Index i = begin; i < end; ++i) {
    const Index base = ItemBase<Low, K>(t, i);
    const unsigned flip = AddressFlip<Low>(t, base);
    T* p = data + base;
    V v[1 << K];
    QHN_UNROLL
    for (unsigned r = 0; r < (1u << K); ++r)
      v[r] = hn::Load(d, p + RowOffset<Low>(d, t, t.source[r] ^ flip));
    if constexpr (Low) RotateLanes<K>(d, t, source, cosine, sine, v);
    QHN_UNROLL
    for (int q = 0; q < K; ++q) RotateRows<K>(v, q, c[q], s[q]);
    QHN_UNROLL
    for (unsigned r = 0; r < (1u << K); ++r) hn::Store(v[r], d, p + RowOffset<Low>(d, t, r));
  }
}

/// unrotate() for a pass of this kind with 2^K rows.
template <bool Low, int K, class D, class T>
void UnrotateItems(D d, const RotationPass<T>& t, T* HWY_RESTRICT phi, T* HWY_RESTRICT lambda,
                   const T* cosine, const T* sine, Index begin, Index end, double* derivative) {
  using V = hn::Vec<D>;
  const int rows_from = Low ? t.lanes : t.first;
  [[maybe_unused]] const auto source = hn::SetTableIndices(d, t.lane_source.data());
  V c[K > 0 ? K : 1], s[K > 0 ? K : 1], sum[K > 0 ? K : 1];
  QHN_UNROLL
  for (int q = 0; q < K; ++q) {
    c[q] = hn::Set(d, cosine[rows_from + q]);
    s[q] = hn::Set(d, sine[rows_from + q]);
    sum[q] = hn::Zero(d);
  }
  V lane_sum[RotationPass<T>::max_lane_bits];
  if (Low)
    for (V& lane : lane_sum) lane = hn::Zero(d);
  for (Index i = begin; i < end; ++i) {
    const Index base = ItemBase<Low, K>(t, i);
    const unsigned flip = AddressFlip<Low>(t, base);
    T *pf = phi + base, *pg = lambda + base;
    V f[1 << K], g[1 << K];
    QHN_UNROLL
    for (unsigned r = 0; r < (1u << K); ++r) {
      f[r] = hn::Load(d, pf + RowOffset<Low>(d, t, r));
      g[r] = hn::Load(d, pg + RowOffset<Low>(d, t, r));
    }
    if constexpr (Low) UnrotateLanes<K>(d, t, cosine, sine, f, g, lane_sum);
    QHN_UNROLL
    for (int q = 0; q < K; ++q) UnrotateRows<K>(f, g, q, c[q], s[q], sum[q]);
    if constexpr (Low) UnpermuteLanes<K>(d, t, source, f, g);
    QHN_UNROLL
    for (unsigned r = 0; r < (1u << K); ++r) {
      const Index to = RowOffset<Low>(d, t, t.source[r] ^ flip);
      hn::Store(f[r], d, pf + to);
      hn::Store(g[r], d, pg + to);
    }
  }
  if (Low)
    for (int q = 0; q < t.lanes; ++q) {
      const V sign = hn::Load(d, t.sign[static_cast<std::size_t>(q)].data());
      derivative[q] += static_cast<double>(Sum(d, hn::Mul(sign, lane_sum[q])));
    }
  QHN_UNROLL
  for (int q = 0; q < K; ++q) derivative[rows_from + q] += static_cast<double>(Sum(d, sum[q]));
}

/// Calls f(d, Low, K) for the vectors of a pass, and, as constants, its kind and its row bits.
template <class T, class F>
HWY_INLINE void ForPass(const RotationPass<T>& t, F f) {
  const auto for_rows = [&](auto d, auto low) HWY_ATTR {
    switch (t.row_bits) {
      case 0:
        return f(d, low, Constant<0>());
      case 1:
        return f(d, low, Constant<1>());
      case 2:
        return f(d, low, Constant<2>());
      default:
        return f(d, low, Constant<kRowBits>());
    }
  };
  if (t.lanes == 0 && t.low)
    for_rows(Single<T>(), std::true_type());
  else if (t.lanes == 0)
    for_rows(Single<T>(), std::false_type());
  else if (t.low)
    for_rows(Wide<T>(), std::true_type());
  else
    for_rows(Wide<T>(), std::false_type());
}

template <class T>
void Rotate(const RotationPass<T>& t, T* data, const T* cosine, const T* sine, Index begin,
            Index end) {
  ForPass(t, [&](auto d, auto low, auto rows)
                 HWY_ATTR { RotateItems<low, rows>(d, t, data, cosine, sine, begin, end); });
}

template <class T>
void Unrotate(const RotationPass<T>& t, T* phi, T* lambda, const T* cosine, const T* sine,
              Index begin, Index end, double* derivative) {
  ForPass(t, [&](auto d, auto low, auto rows) HWY_ATTR {
    UnrotateItems<low, rows>(d, t, phi, lambda, cosine, sine, begin, end, derivative);
  });
}

QHN_INSTANCES(LaneBits)
QHN_INSTANCES(Rotate)
QHN_INSTANCES(Unrotate)

}  // namespace HWY_NAMESPACE
}  // namespace qhn
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace qhn {

QHN_EXPORT(LaneBits)
HWY_EXPORT(MaxRowBits);
QHN_EXPORT(Rotate)
QHN_EXPORT(Unrotate)

template <class T>
std::vector<RotationPass<T>> plan_rotation(int qubits, const std::vector<int>& control_of,
                                           Index active) {
  using LaneIndex = typename RotationPass<T>::LaneIndex;
  const int lanes = lane_bits<T>(qubits);
  const int max_rows = HWY_DYNAMIC_DISPATCH(MaxRowBits)();
  std::vector<RotationPass<T>> passes;
  for (int first = 0; first < qubits || first == 0;) {
    RotationPass<T> t;
    t.low = first == 0;
    t.first = first;
    t.lanes = lanes;
    t.row_bits = std::min(max_rows, qubits - first - (t.low ? lanes : 0));
    t.count = t.row_bits + (t.low ? lanes : 0);
    for (std::size_t r = 0; r < t.source.size(); ++r) t.source[r] = static_cast<std::uint8_t>(r);
    for (std::size_t l = 0; l < t.max_lanes; ++l) {
      t.lane_source[l] = static_cast<LaneIndex>(l);
      for (std::size_t q = 0; q < t.max_lane_bits; ++q) {
        const bool set = (l >> q) & 1;
        t.partner[q][l] = static_cast<LaneIndex>(l ^ (std::size_t{1} << q));
        t.bit[q][l] = set ? T{1} : T{0};
        t.sign[q][l] = set ? T{1} : T{-1};
      }
    }
    const int rows_from = t.low ? lanes : first;
    for (int target = first; target < first + t.count; ++target) {
      const int control = control_of[static_cast<std::size_t>(target)];
      if (control < 0) continue;
      const bool target_is_row = target >= rows_from;
      if (control >= rows_from) {
        for (auto& s : t.source)
          s = static_cast<std::uint8_t>(
              s ^ (((s >> (control - rows_from)) & 1) << (target - rows_from)));
      } else if (!t.low) {
        t.address_flips.emplace_back(control, target - rows_from);
      } else if (target_is_row) {
        t.lane_to_row.emplace_back(control, target - rows_from);
      } else {
        t.permutes_lanes = true;
        for (auto& l : t.lane_source)
          l = static_cast<LaneIndex>(l ^ (((l >> control) & 1) << target));
      }
    }
    first += std::max(1, t.count);
    if ((active >> t.first) & (dimension(t.count) - 1)) passes.push_back(std::move(t));
    while (first < qubits && !bit(active, first)) ++first;
  }
  std::reverse(passes.begin(), passes.end());
  return passes;
}

#define QHN_DISPATCH(T, S)                                                               \
  template <>                                                                            \
  int lane_bits<T>(int qubits) {                                                         \
    return HWY_DYNAMIC_DISPATCH(LaneBits##S)(qubits);                                    \
  }                                                                                      \
  template <>                                                                            \
  void rotate<T>(const RotationPass<T>& t, T* data, const T* c, const T* s, Index begin, \
                 Index end) {                                                            \
    HWY_DYNAMIC_DISPATCH(Rotate##S)(t, data, c, s, begin, end);                          \
  }                                                                                      \
  template <>                                                                            \
  void unrotate<T>(const RotationPass<T>& t, T* phi, T* lambda, const T* c, const T* s,  \
                   Index begin, Index end, double* derivative) {                         \
    HWY_DYNAMIC_DISPATCH(Unrotate##S)(t, phi, lambda, c, s, begin, end, derivative);     \
  }                                                                                      \
  template std::vector<RotationPass<T>> plan_rotation<T>(int, const std::vector<int>&, Index);
QHN_DISPATCH(double, F64)
QHN_DISPATCH(float, F32)
#undef QHN_DISPATCH

}  // namespace qhn
#endif  // HWY_ONCE
