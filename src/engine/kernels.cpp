#include "engine/kernels.hpp"

#include <algorithm>
#include <bit>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/kernels.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "core/unroll.hpp"

HWY_BEFORE_NAMESPACE();
namespace qhn {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// Rows held in registers in one pass: 2^3 where there are 32 vector registers, else 2^2.
#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_NEON
constexpr int kRowBits = 3;
#else
constexpr int kRowBits = 2;
#endif

template <class T>
using Wide = hn::ScalableTag<T>;
template <class T>
using Single = hn::CappedTag<T, 1>;

template <class T>
int LaneBits(int qubits) {
  const int bits = std::countr_zero(hn::Lanes(Wide<T>()));
  return qubits >= bits ? bits : 0;
}

int MaxRowBits() { return kRowBits; }

/// First element of item i of a pass above the lanes.
template <class T>
HWY_INLINE Index ItemBase(const RotationPass<T>& t, Index i) {
  const int free = t.first - t.lanes;
  const Index inner = i & ((Index{1} << free) - 1);
  return ((i >> free) << (t.first + t.row_bits)) | (inner << t.lanes);
}

template <class T>
HWY_INLINE unsigned AddressFlip(const RotationPass<T>& t, Index base) {
  unsigned flip = 0;
  for (const auto& [from, to] : t.address_flips)
    flip ^= static_cast<unsigned>((base >> from) & 1u) << to;
  return flip;
}

/// The pair-th row whose bit q is 0.
HWY_INLINE constexpr int PairRow(int pair, int q) {
  return ((pair >> q) << (q + 1)) | (pair & ((1 << q) - 1));
}

/// v ← R v on row bit q of 2^K rows.
template <int K, class D, class V = hn::Vec<D>>
HWY_INLINE void RotateRows(D, V* v, int q, V c, V s) {
  QHN_UNROLL
  for (int pair = 0; pair < (1 << K) / 2; ++pair) {
    const int r = PairRow(pair, q);
    const V a = v[r], b = v[r | (1 << q)];
    v[r] = hn::NegMulAdd(s, b, hn::Mul(c, a));
    v[r | (1 << q)] = hn::MulAdd(s, a, hn::Mul(c, b));
  }
}

template <int K, class D, class T>
void RotateHigh(D d, const RotationPass<T>& t, T* HWY_RESTRICT data, const T* cosine, const T* sine,
                Index begin, Index end) {
  using V = hn::Vec<D>;
  V c[K > 0 ? K : 1], s[K > 0 ? K : 1];
  QHN_UNROLL
  for (int q = 0; q < K; ++q) {
    c[q] = hn::Set(d, cosine[t.first + q]);
    s[q] = hn::Set(d, sine[t.first + q]);
  }
  for (Index i = begin; i < end; ++i) {
    const Index base = ItemBase(t, i);
    const unsigned flip = AddressFlip(t, base);
    T* p = data + base;
    V v[1 << K];
    QHN_UNROLL
    for (unsigned r = 0; r < (1u << K); ++r)
      v[r] = hn::Load(d, p + (static_cast<Index>(t.source[r] ^ flip) << t.first));
    QHN_UNROLL
    for (int q = 0; q < K; ++q) RotateRows<K>(d, v, q, c[q], s[q]);
    QHN_UNROLL
    for (unsigned r = 0; r < (1u << K); ++r)
      hn::Store(v[r], d, p + (static_cast<Index>(r) << t.first));
  }
}

/// The sine of lane bit q with the sign it has in each lane.
template <class D, class T>
HWY_INLINE hn::Vec<D> SignedSine(D d, const RotationPass<T>& t, const T* sine, int q) {
  return hn::Mul(hn::Set(d, sine[q]), hn::Load(d, t.sign[static_cast<std::size_t>(q)].data()));
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

template <int K, class D, class T>
void RotateLow(D d, const RotationPass<T>& t, T* HWY_RESTRICT data, const T* cosine, const T* sine,
               Index begin, Index end) {
  using V = hn::Vec<D>;
  const std::size_t lanes = hn::Lanes(d);
  const auto source = hn::SetTableIndices(d, t.lane_source.data());
  for (Index i = begin; i < end; ++i) {
    T* p = data + (i << (t.lanes + K));
    V v[1 << K];
    QHN_UNROLL
    for (int r = 0; r < (1 << K); ++r)
      v[r] = hn::Load(d, p + t.source[static_cast<std::size_t>(r)] * lanes);
    LaneToRow<K>(d, t, v);
    if (t.permutes_lanes) QHN_UNROLL
    for (int r = 0; r < (1 << K); ++r) v[r] = hn::TableLookupLanes(v[r], source);
    for (int q = 0; q < t.lanes; ++q) {
      const V c = hn::Set(d, cosine[q]), s = SignedSine(d, t, sine, q);
      const auto partner = hn::SetTableIndices(d, t.partner[static_cast<std::size_t>(q)].data());
      QHN_UNROLL
      for (int r = 0; r < (1 << K); ++r)
        v[r] = hn::MulAdd(s, hn::TableLookupLanes(v[r], partner), hn::Mul(c, v[r]));
    }
    QHN_UNROLL
    for (int q = 0; q < K; ++q)
      RotateRows<K>(d, v, q, hn::Set(d, cosine[t.lanes + q]), hn::Set(d, sine[t.lanes + q]));
    QHN_UNROLL
    for (int r = 0; r < (1 << K); ++r) hn::Store(v[r], d, p + static_cast<std::size_t>(r) * lanes);
  }
}

/// Adds the derivative of row bit q, then rotates both vectors back.
template <int K, class D, class V>
HWY_INLINE void UnrotateRows(D d, V* f, V* g, int q, V c, V s, V& sum) {
  QHN_UNROLL
  for (int pair = 0; pair < (1 << K) / 2; ++pair) {
    const int r = PairRow(pair, q);
    const V f0 = f[r], f1 = f[r | (1 << q)], g0 = g[r], g1 = g[r | (1 << q)];
    sum = hn::MulAdd(g1, f0, sum);
    sum = hn::NegMulAdd(g0, f1, sum);
    f[r] = hn::MulAdd(s, f1, hn::Mul(c, f0));
    f[r | (1 << q)] = hn::NegMulAdd(s, f0, hn::Mul(c, f1));
    g[r] = hn::MulAdd(s, g1, hn::Mul(c, g0));
    g[r | (1 << q)] = hn::NegMulAdd(s, g0, hn::Mul(c, g1));
  }
  (void)d;
}

template <int K, class D, class T>
void UnrotateHigh(D d, const RotationPass<T>& t, T* HWY_RESTRICT phi, T* HWY_RESTRICT lambda,
                  const T* cosine, const T* sine, Index begin, Index end, double* derivative) {
  using V = hn::Vec<D>;
  V c[K > 0 ? K : 1], s[K > 0 ? K : 1], sum[K > 0 ? K : 1];
  QHN_UNROLL
  for (int q = 0; q < K; ++q) {
    c[q] = hn::Set(d, cosine[t.first + q]);
    s[q] = hn::Set(d, sine[t.first + q]);
    sum[q] = hn::Zero(d);
  }
  for (Index i = begin; i < end; ++i) {
    const Index base = ItemBase(t, i);
    const unsigned flip = AddressFlip(t, base);
    V f[1 << K], g[1 << K];
    QHN_UNROLL
    for (unsigned r = 0; r < (1u << K); ++r) {
      f[r] = hn::Load(d, phi + base + (static_cast<Index>(r) << t.first));
      g[r] = hn::Load(d, lambda + base + (static_cast<Index>(r) << t.first));
    }
    QHN_UNROLL
    for (int q = 0; q < K; ++q) UnrotateRows<K>(d, f, g, q, c[q], s[q], sum[q]);
    QHN_UNROLL
    for (unsigned r = 0; r < (1u << K); ++r) {
      const Index to = base + (static_cast<Index>(t.source[r] ^ flip) << t.first);
      hn::Store(f[r], d, phi + to);
      hn::Store(g[r], d, lambda + to);
    }
  }
  QHN_UNROLL
  for (int q = 0; q < K; ++q)
    derivative[t.first + q] += static_cast<double>(hn::GetLane(hn::SumOfLanes(d, sum[q])));
}

template <int K, class D, class T>
void UnrotateLow(D d, const RotationPass<T>& t, T* HWY_RESTRICT phi, T* HWY_RESTRICT lambda,
                 const T* cosine, const T* sine, Index begin, Index end, double* derivative) {
  using V = hn::Vec<D>;
  const std::size_t lanes = hn::Lanes(d);
  const auto source = hn::SetTableIndices(d, t.lane_source.data());
  V row_sum[K > 0 ? K : 1], lane_sum[RotationPass<T>::max_lane_bits];
  QHN_UNROLL
  for (int q = 0; q < K; ++q) row_sum[q] = hn::Zero(d);
  for (auto& sum : lane_sum) sum = hn::Zero(d);
  for (Index i = begin; i < end; ++i) {
    T* pf = phi + (i << (t.lanes + K));
    T* pg = lambda + (i << (t.lanes + K));
    V f[1 << K], g[1 << K];
    QHN_UNROLL
    for (int r = 0; r < (1 << K); ++r) {
      f[r] = hn::Load(d, pf + static_cast<std::size_t>(r) * lanes);
      g[r] = hn::Load(d, pg + static_cast<std::size_t>(r) * lanes);
    }
    for (int q = 0; q < t.lanes; ++q) {
      // Lanes with bit q set hold index 1 of the pair. Σ λ·partner(φ) has the sign of the bit,
      // which is applied once after the loop.
      const V c = hn::Set(d, cosine[q]), s = SignedSine(d, t, sine, q);
      const auto partner = hn::SetTableIndices(d, t.partner[static_cast<std::size_t>(q)].data());
      QHN_UNROLL
      for (int r = 0; r < (1 << K); ++r) {
        const V other_f = hn::TableLookupLanes(f[r], partner);
        const V other_g = hn::TableLookupLanes(g[r], partner);
        lane_sum[q] = hn::MulAdd(g[r], other_f, lane_sum[q]);
        f[r] = hn::NegMulAdd(s, other_f, hn::Mul(c, f[r]));
        g[r] = hn::NegMulAdd(s, other_g, hn::Mul(c, g[r]));
      }
    }
    QHN_UNROLL
    for (int q = 0; q < K; ++q)
      UnrotateRows<K>(d, f, g, q, hn::Set(d, cosine[t.lanes + q]), hn::Set(d, sine[t.lanes + q]),
                      row_sum[q]);
    if (t.permutes_lanes) QHN_UNROLL
    for (int r = 0; r < (1 << K); ++r) {
      f[r] = hn::TableLookupLanes(f[r], source);
      g[r] = hn::TableLookupLanes(g[r], source);
    }
    LaneToRow<K>(d, t, f);
    LaneToRow<K>(d, t, g);
    QHN_UNROLL
    for (int r = 0; r < (1 << K); ++r) {
      const std::size_t to = t.source[static_cast<std::size_t>(r)] * lanes;
      hn::Store(f[r], d, pf + to);
      hn::Store(g[r], d, pg + to);
    }
  }
  for (int q = 0; q < t.lanes; ++q) {
    const V sign = hn::Load(d, t.sign[static_cast<std::size_t>(q)].data());
    derivative[q] +=
        static_cast<double>(hn::GetLane(hn::SumOfLanes(d, hn::Mul(sign, lane_sum[q]))));
  }
  QHN_UNROLL
  for (int q = 0; q < K; ++q)
    derivative[t.lanes + q] += static_cast<double>(hn::GetLane(hn::SumOfLanes(d, row_sum[q])));
}

/// Calls f<K, D> for the pass's row bits and vector width.
#define QHN_FOR_ROWS(CALL, D) \
  switch (t.row_bits) {       \
    case 0:                   \
      CALL(0, D);             \
      break;                  \
    case 1:                   \
      CALL(1, D);             \
      break;                  \
    case 2:                   \
      CALL(2, D);             \
      break;                  \
    default:                  \
      CALL(kRowBits, D);      \
  }

template <class T>
void Rotate(const RotationPass<T>& t, T* data, const T* cosine, const T* sine, Index begin,
            Index end) {
#define QHN_LOW(K, D) RotateLow<K>(D, t, data, cosine, sine, begin, end)
#define QHN_HIGH(K, D) RotateHigh<K>(D, t, data, cosine, sine, begin, end)
  if (t.lanes == 0) {
    if (t.low) {
      QHN_FOR_ROWS(QHN_LOW, Single<T>())
    } else {
      QHN_FOR_ROWS(QHN_HIGH, Single<T>())
    }
  } else if (t.low) {
    QHN_FOR_ROWS(QHN_LOW, Wide<T>())
  } else {
    QHN_FOR_ROWS(QHN_HIGH, Wide<T>())
  }
#undef QHN_LOW
#undef QHN_HIGH
}

template <class T>
void Unrotate(const RotationPass<T>& t, T* phi, T* lambda, const T* cosine, const T* sine,
              Index begin, Index end, double* derivative) {
#define QHN_LOW(K, D) UnrotateLow<K>(D, t, phi, lambda, cosine, sine, begin, end, derivative)
#define QHN_HIGH(K, D) UnrotateHigh<K>(D, t, phi, lambda, cosine, sine, begin, end, derivative)
  if (t.lanes == 0) {
    if (t.low) {
      QHN_FOR_ROWS(QHN_LOW, Single<T>())
    } else {
      QHN_FOR_ROWS(QHN_HIGH, Single<T>())
    }
  } else if (t.low) {
    QHN_FOR_ROWS(QHN_LOW, Wide<T>())
  } else {
    QHN_FOR_ROWS(QHN_HIGH, Wide<T>())
  }
#undef QHN_LOW
#undef QHN_HIGH
}

// --- phases ------------------------------------------------------------------------------------

template <class T>
void PhaseProducts(const T* cosine, const T* sine, int count, T* re, T* im) {
  const Wide<T> d;
  const Index lanes = hn::Lanes(d);
  for (int q = 0; q < count; ++q) {
    const Index size = Index{1} << q;
    if (size < lanes) {
      for (Index x = 0; x < size; ++x) {
        re[size + x] = re[x] * cosine[q] - im[x] * sine[q];
        im[size + x] = re[x] * sine[q] + im[x] * cosine[q];
      }
      continue;
    }
    const auto c = hn::Set(d, cosine[q]), s = hn::Set(d, sine[q]);
    for (Index x = 0; x < size; x += lanes) {
      const auto a = hn::Load(d, re + x), b = hn::Load(d, im + x);
      hn::Store(hn::NegMulAdd(b, s, hn::Mul(a, c)), d, re + size + x);
      hn::Store(hn::MulAdd(a, s, hn::Mul(b, c)), d, im + size + x);
    }
  }
}

template <class D, class T>
void ApplyPhaseRows(D d, const PhaseTable<T>& t, T* HWY_RESTRICT data, int branches, Index begin,
                    Index end) {
  const Index columns = Index{1} << t.low_bits, plane = Index{1} << t.qubits;
  const Index lanes = hn::Lanes(d);
  for (Index r = begin; r < end; ++r) {
    const auto hr = hn::Set(d, t.high_re[r]), hi = hn::Set(d, t.high_im[r]);
    for (Index x = 0; x < columns; x += lanes) {
      const auto lr = hn::Load(d, t.low_re + x), li = hn::Load(d, t.low_im + x);
      const auto c = hn::NegMulAdd(hi, li, hn::Mul(hr, lr));
      const auto s = hn::MulAdd(hi, lr, hn::Mul(hr, li));
      T* p = data + (r << t.low_bits) + x;
      for (int b = 0; b < branches; ++b, p += 2 * plane) {
        const auto re = hn::Load(d, p), im = hn::Load(d, p + plane);
        hn::Store(hn::NegMulAdd(im, s, hn::Mul(re, c)), d, p);
        hn::Store(hn::MulAdd(re, s, hn::Mul(im, c)), d, p + plane);
      }
    }
  }
}

template <class T>
void ApplyPhase(const PhaseTable<T>& t, T* data, int branches, Index begin, Index end) {
  if ((Index{1} << t.low_bits) < hn::Lanes(Wide<T>()))
    ApplyPhaseRows(Single<T>(), t, data, branches, begin, end);
  else
    ApplyPhaseRows(Wide<T>(), t, data, branches, begin, end);
}

template <class D, class T>
void UnapplyPhaseRows(D d, const PhaseTable<T>& t, T* HWY_RESTRICT phi, T* HWY_RESTRICT lambda,
                      int branches, Index begin, Index end, T* HWY_RESTRICT column, double* row) {
  const Index columns = Index{1} << t.low_bits, plane = Index{1} << t.qubits;
  const Index lanes = hn::Lanes(d);
  for (Index r = begin; r < end; ++r) {
    const auto hr = hn::Set(d, t.high_re[r]), hi = hn::Set(d, t.high_im[r]);
    auto row_sum = hn::Zero(d);
    for (Index x = 0; x < columns; x += lanes) {
      const auto lr = hn::Load(d, t.low_re + x), li = hn::Load(d, t.low_im + x);
      const auto c = hn::NegMulAdd(hi, li, hn::Mul(hr, lr));
      const auto s = hn::MulAdd(hi, lr, hn::Mul(hr, li));
      auto product = hn::Zero(d);
      const Index at = (r << t.low_bits) + x;
      for (int b = 0; b < branches; ++b) {
        T* pf = phi + at + static_cast<Index>(2 * b) * plane;
        T* pg = lambda + at + static_cast<Index>(2 * b) * plane;
        const auto fr = hn::Load(d, pf), fi = hn::Load(d, pf + plane);
        const auto gr = hn::Load(d, pg), gi = hn::Load(d, pg + plane);
        product = hn::MulAdd(gr, fi, product);
        product = hn::NegMulAdd(gi, fr, product);
        hn::Store(hn::MulAdd(fi, s, hn::Mul(fr, c)), d, pf);
        hn::Store(hn::NegMulAdd(fr, s, hn::Mul(fi, c)), d, pf + plane);
        hn::Store(hn::MulAdd(gi, s, hn::Mul(gr, c)), d, pg);
        hn::Store(hn::NegMulAdd(gr, s, hn::Mul(gi, c)), d, pg + plane);
      }
      row_sum = hn::Add(row_sum, product);
      hn::Store(hn::Add(hn::Load(d, column + x), product), d, column + x);
    }
    row[r] = static_cast<double>(hn::GetLane(hn::SumOfLanes(d, row_sum)));
  }
}

template <class T>
void UnapplyPhase(const PhaseTable<T>& t, T* phi, T* lambda, int branches, Index begin, Index end,
                  T* column, double* row) {
  if ((Index{1} << t.low_bits) < hn::Lanes(Wide<T>()))
    UnapplyPhaseRows(Single<T>(), t, phi, lambda, branches, begin, end, column, row);
  else
    UnapplyPhaseRows(Wide<T>(), t, phi, lambda, branches, begin, end, column, row);
}

// --- masks and flips ---------------------------------------------------------------------------

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

#define QHN_INSTANCES(T, S)                                                                        \
  int LaneBits##S(int q) { return LaneBits<T>(q); }                                                \
  void Rotate##S(const RotationPass<T>& t, T* v, const T* c, const T* s, Index b, Index e) {       \
    Rotate<T>(t, v, c, s, b, e);                                                                   \
  }                                                                                                \
  void Unrotate##S(const RotationPass<T>& t, T* f, T* g, const T* c, const T* s, Index b, Index e, \
                   double* out) {                                                                  \
    Unrotate<T>(t, f, g, c, s, b, e, out);                                                         \
  }                                                                                                \
  void PhaseProducts##S(const T* c, const T* s, int n, T* re, T* im) {                             \
    PhaseProducts<T>(c, s, n, re, im);                                                             \
  }                                                                                                \
  void ApplyPhase##S(const PhaseTable<T>& t, T* v, int n, Index b, Index e) {                      \
    ApplyPhase<T>(t, v, n, b, e);                                                                  \
  }                                                                                                \
  void UnapplyPhase##S(const PhaseTable<T>& t, T* f, T* g, int n, Index b, Index e, T* col,        \
                       double* row) {                                                              \
    UnapplyPhase<T>(t, f, g, n, b, e, col, row);                                                   \
  }                                                                                                \
  void CopySigned##S(int q, const std::uint8_t* m, const T* f, T* t) {                             \
    CopySigned<T>(q, m, f, t);                                                                     \
  }                                                                                                \
  void SplitByMask##S(int q, const std::uint8_t* m, T* f, T* t) { SplitByMask<T>(q, m, f, t); }    \
  void MergeByMask##S(int q, const std::uint8_t* m, T* f, const T* t) {                            \
    MergeByMask<T>(q, m, f, t);                                                                    \
  }                                                                                                \
  void CopyFlipped##S(int q, Index x, const T* f, T* t) { CopyFlipped<T>(q, x, f, t); }            \
  void AddFlipped##S(int q, Index x, const T* f, T* t) { AddFlipped<T>(q, x, f, t); }

QHN_INSTANCES(double, F64)
QHN_INSTANCES(float, F32)
#undef QHN_INSTANCES
#undef QHN_FOR_ROWS

}  // namespace HWY_NAMESPACE
}  // namespace qhn
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace qhn {

#define QHN_EXPORT(NAME) \
  HWY_EXPORT(NAME##F64); \
  HWY_EXPORT(NAME##F32);
QHN_EXPORT(LaneBits)
HWY_EXPORT(MaxRowBits);
QHN_EXPORT(Rotate)
QHN_EXPORT(Unrotate)
QHN_EXPORT(PhaseProducts)
QHN_EXPORT(ApplyPhase)
QHN_EXPORT(UnapplyPhase)
QHN_EXPORT(CopySigned)
QHN_EXPORT(SplitByMask)
QHN_EXPORT(MergeByMask)
QHN_EXPORT(CopyFlipped)
QHN_EXPORT(AddFlipped)
#undef QHN_EXPORT

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

#define QHN_DISPATCH(T, S)                                                                     \
  template <>                                                                                  \
  int lane_bits<T>(int qubits) {                                                               \
    return HWY_DYNAMIC_DISPATCH(LaneBits##S)(qubits);                                          \
  }                                                                                            \
  template <>                                                                                  \
  void rotate<T>(const RotationPass<T>& t, T* data, const T* c, const T* s, Index begin,       \
                 Index end) {                                                                  \
    HWY_DYNAMIC_DISPATCH(Rotate##S)(t, data, c, s, begin, end);                                \
  }                                                                                            \
  template <>                                                                                  \
  void unrotate<T>(const RotationPass<T>& t, T* phi, T* lambda, const T* c, const T* s,        \
                   Index begin, Index end, double* derivative) {                               \
    HWY_DYNAMIC_DISPATCH(Unrotate##S)(t, phi, lambda, c, s, begin, end, derivative);           \
  }                                                                                            \
  template <>                                                                                  \
  void phase_products<T>(const T* c, const T* s, int count, T* re, T* im) {                    \
    HWY_DYNAMIC_DISPATCH(PhaseProducts##S)(c, s, count, re, im);                               \
  }                                                                                            \
  template <>                                                                                  \
  void apply_phase<T>(const PhaseTable<T>& t, T* data, int branches, Index begin, Index end) { \
    HWY_DYNAMIC_DISPATCH(ApplyPhase##S)(t, data, branches, begin, end);                        \
  }                                                                                            \
  template <>                                                                                  \
  void unapply_phase<T>(const PhaseTable<T>& t, T* phi, T* lambda, int branches, Index begin,  \
                        Index end, T* column, double* row) {                                   \
    HWY_DYNAMIC_DISPATCH(UnapplyPhase##S)(t, phi, lambda, branches, begin, end, column, row);  \
  }                                                                                            \
  template <>                                                                                  \
  void copy_signed<T>(const BitMask<T>& m, const T* from, T* to) {                             \
    HWY_DYNAMIC_DISPATCH(CopySigned##S)(m.qubits(), m.bytes(), from, to);                      \
  }                                                                                            \
  template <>                                                                                  \
  void split_by_mask<T>(const BitMask<T>& m, T* from, T* to) {                                 \
    HWY_DYNAMIC_DISPATCH(SplitByMask##S)(m.qubits(), m.bytes(), from, to);                     \
  }                                                                                            \
  template <>                                                                                  \
  void merge_by_mask<T>(const BitMask<T>& m, T* into, const T* other) {                        \
    HWY_DYNAMIC_DISPATCH(MergeByMask##S)(m.qubits(), m.bytes(), into, other);                  \
  }                                                                                            \
  template <>                                                                                  \
  void copy_flipped<T>(int qubits, Index flip, const T* from, T* to) {                         \
    HWY_DYNAMIC_DISPATCH(CopyFlipped##S)(qubits, flip, from, to);                              \
  }                                                                                            \
  template <>                                                                                  \
  void add_flipped<T>(int qubits, Index flip, const T* from, T* into) {                        \
    HWY_DYNAMIC_DISPATCH(AddFlipped##S)(qubits, flip, from, into);                             \
  }                                                                                            \
  template std::vector<RotationPass<T>> plan_rotation<T>(int, const std::vector<int>&, Index); \
  template class BitMask<T>;
QHN_DISPATCH(double, F64)
QHN_DISPATCH(float, F32)
#undef QHN_DISPATCH

}  // namespace qhn
#endif  // HWY_ONCE
