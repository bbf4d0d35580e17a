#include "engine/contract.hpp"

#include <algorithm>
#include <type_traits>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/contract.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "core/unroll.hpp"

HWY_BEFORE_NAMESPACE();
namespace qhn {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// Rows (or vectors) × four terms are accumulated in registers: 16 of 32, or 8 of 16.
#if HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_NEON
constexpr int kWide = 4;
#else
constexpr int kWide = 2;
#endif
constexpr int kTerms = 4;

template <class T>
using Full = hn::ScalableTag<T>;
template <class T>
using Single = hn::CappedTag<T, 1>;

template <class D, class V>
HWY_INLINE hn::TFromD<D> Sum(D d, V v) {
  return hn::GetLane(hn::SumOfLanes(d, v));
}

/// Prefetches into the second-level cache: the first holds the current tile.
template <class T>
HWY_INLINE void FetchAhead(const T* p) {
  __builtin_prefetch(p, 0, 2);
}

template <int R, int K, bool Ahead, class D, class T>
HWY_INLINE void ReduceColumnsBlock(D d, const Tile<T>& t, Index row, const T* HWY_RESTRICT m,
                                   const T* HWY_RESTRICT w, Index w_stride, T* HWY_RESTRICT x,
                                   Index x_stride) {
  using V = hn::Vec<D>;
  V sum[R * K];
  QHN_UNROLL
  for (int i = 0; i < R * K; ++i) sum[i] = hn::Zero(d);
  const T* at = m + row * t.stride;
  for (Index c = 0; c < t.columns; c += hn::Lanes(d)) {
    V a[R];
    QHN_UNROLL
    for (int r = 0; r < R; ++r) a[r] = hn::LoadU(d, at + static_cast<Index>(r) * t.stride + c);
    if (Ahead) QHN_UNROLL
    for (int r = 0; r < R; ++r) FetchAhead(at + static_cast<Index>(r) * t.stride + c + t.ahead);
    QHN_UNROLL
    for (int k = 0; k < K; ++k) {
      const V b = hn::Load(d, w + static_cast<Index>(k) * w_stride + c);
      QHN_UNROLL
      for (int r = 0; r < R; ++r) sum[r * K + k] = hn::MulAdd(a[r], b, sum[r * K + k]);
    }
  }
  QHN_UNROLL
  for (int r = 0; r < R; ++r) QHN_UNROLL
  for (int k = 0; k < K; ++k)
    x[static_cast<Index>(k) * x_stride + t.first + row + static_cast<Index>(r)] +=
        Sum(d, sum[r * K + k]);
}

template <int R, int K, bool Ahead, class D, class T>
HWY_INLINE void ReduceColumnsRows(D d, const Tile<T>& t, const T* m, const T* w, Index w_stride,
                                  T* x, Index x_stride) {
  Index row = 0;
  for (; row + R <= t.count; row += R)
    ReduceColumnsBlock<R, K, Ahead>(d, t, row, m, w, w_stride, x, x_stride);
  for (; row < t.count; ++row)
    ReduceColumnsBlock<1, K, Ahead>(d, t, row, m, w, w_stride, x, x_stride);
}

template <class D, class T>
void ReduceColumnsFor(D d, const Tile<T>& t, const T* m, int terms, const T* w, Index w_stride,
                      T* x, Index x_stride) {
  int k = 0;
  for (; k + kTerms <= terms; k += kTerms) {
    const T* from = w + static_cast<Index>(k) * w_stride;
    T* to = x + static_cast<Index>(k) * x_stride;
    if (k == 0 && t.ahead != 0)
      ReduceColumnsRows<kWide, kTerms, true>(d, t, m, from, w_stride, to, x_stride);
    else
      ReduceColumnsRows<kWide, kTerms, false>(d, t, m, from, w_stride, to, x_stride);
  }
  for (; k < terms; ++k)
    ReduceColumnsRows<2 * kWide, 1, false>(d, t, m, w + static_cast<Index>(k) * w_stride, w_stride,
                                           x + static_cast<Index>(k) * x_stride, x_stride);
}

template <class T>
void ReduceColumns(const Tile<T>& t, const T* m, int terms, const T* w, Index w_stride, T* x,
                   Index x_stride) {
  if (t.columns < hn::Lanes(Full<T>()))
    ReduceColumnsFor(Single<T>(), t, m, terms, w, w_stride, x, x_stride);
  else
    ReduceColumnsFor(Full<T>(), t, m, terms, w, w_stride, x, x_stride);
}

template <int N, int K, class D, class T>
HWY_INLINE void ReduceRowsBlock(D d, const Tile<T>& t, Index c, const T* HWY_RESTRICT m,
                                const T* HWY_RESTRICT v, Index v_stride, T* HWY_RESTRICT y,
                                Index y_stride) {
  using V = hn::Vec<D>;
  const Index lanes = hn::Lanes(d);
  V sum[N * K];
  QHN_UNROLL
  for (int k = 0; k < K; ++k) QHN_UNROLL
  for (int n = 0; n < N; ++n)
    sum[k * N + n] =
        hn::Load(d, y + static_cast<Index>(k) * y_stride + c + static_cast<Index>(n) * lanes);
  const T* at = m + c;
  const T* coefficient = v + t.first;
  for (Index r = 0; r < t.count; ++r, at += t.stride, ++coefficient) {
    V a[N];
    QHN_UNROLL
    for (int n = 0; n < N; ++n) a[n] = hn::LoadU(d, at + static_cast<Index>(n) * lanes);
    QHN_UNROLL
    for (int k = 0; k < K; ++k) {
      const V b = hn::Set(d, coefficient[static_cast<Index>(k) * v_stride]);
      QHN_UNROLL
      for (int n = 0; n < N; ++n) sum[k * N + n] = hn::MulAdd(a[n], b, sum[k * N + n]);
    }
  }
  QHN_UNROLL
  for (int k = 0; k < K; ++k) QHN_UNROLL
  for (int n = 0; n < N; ++n)
    hn::Store(sum[k * N + n], d,
              y + static_cast<Index>(k) * y_stride + c + static_cast<Index>(n) * lanes);
}

template <int N, int K, class D, class T>
HWY_INLINE void ReduceRowsColumns(D d, const Tile<T>& t, const T* m, const T* v, Index v_stride,
                                  T* y, Index y_stride) {
  const Index lanes = hn::Lanes(d);
  Index c = 0;
  for (; c + N * lanes <= t.columns; c += N * lanes)
    ReduceRowsBlock<N, K>(d, t, c, m, v, v_stride, y, y_stride);
  for (; c < t.columns; c += lanes) ReduceRowsBlock<1, K>(d, t, c, m, v, v_stride, y, y_stride);
}

template <class D, class T>
void ReduceRowsFor(D d, const Tile<T>& t, const T* m, int terms, const T* v, Index v_stride, T* y,
                   Index y_stride) {
  int k = 0;
  for (; k + kTerms <= terms; k += kTerms)
    ReduceRowsColumns<kWide, kTerms>(d, t, m, v + static_cast<Index>(k) * v_stride, v_stride,
                                     y + static_cast<Index>(k) * y_stride, y_stride);
  for (; k < terms; ++k)
    ReduceRowsColumns<2 * kWide, 1>(d, t, m, v + static_cast<Index>(k) * v_stride, v_stride,
                                    y + static_cast<Index>(k) * y_stride, y_stride);
}

template <class T>
void ReduceRows(const Tile<T>& t, const T* m, int terms, const T* v, Index v_stride, T* y,
                Index y_stride) {
  if (t.columns < hn::Lanes(Full<T>()))
    ReduceRowsFor(Single<T>(), t, m, terms, v, v_stride, y, y_stride);
  else
    ReduceRowsFor(Full<T>(), t, m, terms, v, v_stride, y, y_stride);
}

/// Expand without weights.
struct Unweighted {
  template <class D>
  HWY_INLINE void Ahead(D, Index, Index) const {}
  template <class D, class V>
  HWY_INLINE V Apply(D, Index, Index, V sum) const {
    return sum;
  }
};

/// Weights for Expand: row r of C weighs rows 2r and 2r + 1.
template <class T>
struct Costs {
  const T* cost;
  Index stride;
  std::ptrdiff_t ahead;
  template <class D>
  HWY_INLINE void Ahead(D, Index row, Index c) const {
    // With ahead = 0 this fetches the entries that Apply reads.
    if (row % 2 == 0) FetchAhead(cost + row / 2 * stride + c + ahead);
  }
  template <class D, class V>
  HWY_INLINE V Apply(D d, Index row, Index c, V sum) const {
    return hn::Mul(hn::LoadU(d, cost + row / 2 * stride + c), sum);
  }
};

template <int R, int N, class D, class T, class W>
HWY_INLINE void ExpandBlock(D d, const Tile<T>& t, Index row, Index c, int terms,
                            const T* HWY_RESTRICT v, Index v_stride, const T* HWY_RESTRICT w,
                            Index w_stride, W weights, T* HWY_RESTRICT m) {
  using V = hn::Vec<D>;
  const Index lanes = hn::Lanes(d);
  V sum[R * N];
  QHN_UNROLL
  for (int i = 0; i < R * N; ++i) sum[i] = hn::Zero(d);
  QHN_UNROLL
  for (int r = 0; r < R; ++r) QHN_UNROLL
  for (int n = 0; n < N; ++n)
    weights.Ahead(d, row + static_cast<Index>(r), c + static_cast<Index>(n) * lanes);
  v += t.first + row;
  w += c;
  for (int k = 0; k < terms; ++k, v += v_stride, w += w_stride) {
    V b[N];
    QHN_UNROLL
    for (int n = 0; n < N; ++n) b[n] = hn::Load(d, w + static_cast<Index>(n) * lanes);
    QHN_UNROLL
    for (int r = 0; r < R; ++r) {
      const V a = hn::Set(d, v[r]);
      QHN_UNROLL
      for (int n = 0; n < N; ++n) sum[r * N + n] = hn::MulAdd(a, b[n], sum[r * N + n]);
    }
  }
  QHN_UNROLL
  for (int r = 0; r < R; ++r) QHN_UNROLL
  for (int n = 0; n < N; ++n) {
    const Index at = c + static_cast<Index>(n) * lanes, here = row + static_cast<Index>(r);
    hn::Store(weights.Apply(d, here, at, sum[r * N + n]), d, m + here * t.stride + at);
  }
}

template <class D, class T, class W>
void ExpandFor(D d, const Tile<T>& t, int terms, const T* v, Index v_stride, const T* w,
               Index w_stride, W weights, T* m) {
  const Index lanes = hn::Lanes(d);
  for (Index c = 0; c < t.columns;) {
    const bool wide = c + 4 * lanes <= t.columns;
    Index row = 0;
    for (; row + kWide <= t.count; row += kWide)
      if (wide)
        ExpandBlock<kWide, 4>(d, t, row, c, terms, v, v_stride, w, w_stride, weights, m);
      else
        ExpandBlock<kWide, 1>(d, t, row, c, terms, v, v_stride, w, w_stride, weights, m);
    for (; row < t.count; ++row)
      if (wide)
        ExpandBlock<1, 4>(d, t, row, c, terms, v, v_stride, w, w_stride, weights, m);
      else
        ExpandBlock<1, 1>(d, t, row, c, terms, v, v_stride, w, w_stride, weights, m);
    c += wide ? 4 * lanes : lanes;
  }
}

template <class T>
void Expand(const Tile<T>& t, int terms, const T* v, Index v_stride, const T* w, Index w_stride,
            T* m) {
  if (t.columns < hn::Lanes(Full<T>()))
    ExpandFor(Single<T>(), t, terms, v, v_stride, w, w_stride, Unweighted{}, m);
  else
    ExpandFor(Full<T>(), t, terms, v, v_stride, w, w_stride, Unweighted{}, m);
}

template <class T>
void ExpandWeighted(const Tile<T>& t, const T* cost, int branches, const T* v, Index v_stride,
                    const T* w, Index w_stride, T* psi) {
  const Tile<T> rows{2 * t.first, 2 * t.count, t.columns, t.columns};
  const Costs<T> weights{cost, t.stride, t.ahead};
  if (t.columns < hn::Lanes(Full<T>()))
    ExpandFor(Single<T>(), rows, 2 * branches, v, v_stride, w, w_stride, weights, psi);
  else
    ExpandFor(Full<T>(), rows, 2 * branches, v, v_stride, w, w_stride, weights, psi);
}

/// Calls body(d, x) for x = 0, lanes, 2 lanes … below length.
template <class T, class Body>
HWY_INLINE void Over(Index length, Body body) {
  const Full<T> d;
  if (length < hn::Lanes(d)) {
    for (Index x = 0; x < length; ++x) body(Single<T>(), x);
  } else {
    for (Index x = 0; x < length; x += hn::Lanes(d)) body(d, x);
  }
}

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

template <class T>
void ScalePair(const T* cost, Index columns, T* re, T* im) {
  Over<T>(columns, [&](auto d, Index x) HWY_ATTR {
    const auto c = hn::LoadU(d, cost + x);
    hn::Store(hn::Mul(c, hn::Load(d, re + x)), d, re + x);
    hn::Store(hn::Mul(c, hn::Load(d, im + x)), d, im + x);
  });
}

template <class T>
void Norms(T* re, const T* im, Index columns) {
  Over<T>(columns, [&](auto d, Index x) HWY_ATTR {
    const auto a = hn::Load(d, re + x), b = hn::Load(d, im + x);
    hn::Store(hn::MulAdd(b, b, hn::Mul(a, a)), d, re + x);
  });
}

template <class T>
T Largest(const T* values, Index columns) {
  const Full<T> wide;
  if (columns < hn::Lanes(wide)) return *std::max_element(values, values + columns);
  auto best = hn::Load(wide, values);
  for (Index x = 0; x < columns; x += hn::Lanes(wide))
    best = hn::Max(best, hn::Load(wide, values + x));
  return hn::GetLane(hn::MaxOfLanes(wide, best));
}

template <class T>
double WeightedNorm(const T* cost, const T* re, const T* im, Index columns) {
  const Full<T> wide;
  if (columns < hn::Lanes(wide)) {
    double sum = 0.0;
    for (Index x = 0; x < columns; ++x)
      sum += static_cast<double>(cost[x]) * static_cast<double>(re[x] * re[x] + im[x] * im[x]);
    return sum;
  }
  auto sum = hn::Zero(wide);
  for (Index x = 0; x < columns; x += hn::Lanes(wide)) {
    const auto a = hn::Load(wide, re + x), b = hn::Load(wide, im + x);
    sum = hn::MulAdd(hn::LoadU(wide, cost + x), hn::MulAdd(b, b, hn::Mul(a, a)), sum);
  }
  return static_cast<double>(Sum(wide, sum));
}

#define QHN_INSTANCES(T, S)                                                                       \
  void ReduceColumns##S(const Tile<T>& t, const T* m, int k, const T* w, Index ws, T* x,          \
                        Index xs) {                                                               \
    ReduceColumns<T>(t, m, k, w, ws, x, xs);                                                      \
  }                                                                                               \
  void ReduceRows##S(const Tile<T>& t, const T* m, int k, const T* v, Index vs, T* y, Index ys) { \
    ReduceRows<T>(t, m, k, v, vs, y, ys);                                                         \
  }                                                                                               \
  void Expand##S(const Tile<T>& t, int k, const T* v, Index vs, const T* w, Index ws, T* m) {     \
    Expand<T>(t, k, v, vs, w, ws, m);                                                             \
  }                                                                                               \
  void PairProducts##S(const T* p, int b, Index n, Index l, T* out) {                             \
    PairProducts<T>(p, b, n, l, out);                                                             \
  }                                                                                               \
  void ExpandWeighted##S(const Tile<T>& t, const T* c, int k, const T* v, Index vs, const T* w,   \
                         Index ws, T* psi) {                                                      \
    ExpandWeighted<T>(t, c, k, v, vs, w, ws, psi);                                                \
  }                                                                                               \
  void Interleave##S(const T* p, int b, Index n, Index ps, T* out, Index os) {                    \
    Interleave<T>(p, b, n, ps, out, os);                                                          \
  }                                                                                               \
  double Gather##S(const T* s, Index ss, const T* p, int b, Index n, Index ps, T* out) {          \
    return Gather<T>(s, ss, p, b, n, ps, out);                                                    \
  }                                                                                               \
  void AddParts##S(T* s, Index parts, Index ps, Index n) { AddParts<T>(s, parts, ps, n); }        \
  double ApplyPairs##S(const T* s, const T* p, int b, Index n, Index l, T* out) {                 \
    return ApplyPairs<T>(s, p, b, n, l, out);                                                     \
  }                                                                                               \
  void ScalePair##S(const T* c, Index n, T* re, T* im) { ScalePair<T>(c, n, re, im); }            \
  void Norms##S(T* re, const T* im, Index n) { Norms<T>(re, im, n); }                             \
  T Largest##S(const T* v, Index n) { return Largest<T>(v, n); }                                  \
  double WeightedNorm##S(const T* c, const T* re, const T* im, Index n) {                         \
    return WeightedNorm<T>(c, re, im, n);                                                         \
  }
QHN_INSTANCES(double, F64)
QHN_INSTANCES(float, F32)
#undef QHN_INSTANCES

}  // namespace HWY_NAMESPACE
}  // namespace qhn
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace qhn {

#define QHN_EXPORT(NAME) \
  HWY_EXPORT(NAME##F64); \
  HWY_EXPORT(NAME##F32);
QHN_EXPORT(ReduceColumns)
QHN_EXPORT(ReduceRows)
QHN_EXPORT(Expand)
QHN_EXPORT(ExpandWeighted)
QHN_EXPORT(Interleave)
QHN_EXPORT(Gather)
QHN_EXPORT(AddParts)
QHN_EXPORT(PairProducts)
QHN_EXPORT(ApplyPairs)
QHN_EXPORT(ScalePair)
QHN_EXPORT(Norms)
QHN_EXPORT(Largest)
QHN_EXPORT(WeightedNorm)
#undef QHN_EXPORT

#define QHN_DISPATCH(T, S)                                                                        \
  template <>                                                                                     \
  void reduce_columns<T>(const Tile<T>& t, const T* m, int terms, const T* w, Index ws, T* x,     \
                         Index xs) {                                                              \
    HWY_DYNAMIC_DISPATCH(ReduceColumns##S)(t, m, terms, w, ws, x, xs);                            \
  }                                                                                               \
  template <>                                                                                     \
  void reduce_rows<T>(const Tile<T>& t, const T* m, int terms, const T* v, Index vs, T* y,        \
                      Index ys) {                                                                 \
    HWY_DYNAMIC_DISPATCH(ReduceRows##S)(t, m, terms, v, vs, y, ys);                               \
  }                                                                                               \
  template <>                                                                                     \
  void expand<T>(const Tile<T>& t, int terms, const T* v, Index vs, const T* w, Index ws, T* m) { \
    HWY_DYNAMIC_DISPATCH(Expand##S)(t, terms, v, vs, w, ws, m);                                   \
  }                                                                                               \
  template <>                                                                                     \
  void expand_weighted<T>(const Tile<T>& tile, const T* cost, int branches, const T* v,           \
                          Index v_stride, const T* w, Index w_stride, T* psi) {                   \
    HWY_DYNAMIC_DISPATCH(ExpandWeighted##S)                                                       \
    (tile, cost, branches, v, v_stride, w, w_stride, psi);                                        \
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
  }                                                                                               \
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
  void scale_pair<T>(const T* cost, Index columns, T* re, T* im) {                                \
    HWY_DYNAMIC_DISPATCH(ScalePair##S)(cost, columns, re, im);                                    \
  }                                                                                               \
  template <>                                                                                     \
  void norms<T>(T * re, const T* im, Index columns) {                                             \
    HWY_DYNAMIC_DISPATCH(Norms##S)(re, im, columns);                                              \
  }                                                                                               \
  template <>                                                                                     \
  T largest<T>(const T* values, Index columns) {                                                  \
    return HWY_DYNAMIC_DISPATCH(Largest##S)(values, columns);                                     \
  }                                                                                               \
  template <>                                                                                     \
  double weighted_norm<T>(const T* cost, const T* re, const T* im, Index columns) {               \
    return HWY_DYNAMIC_DISPATCH(WeightedNorm##S)(cost, re, im, columns);                          \
  }
QHN_DISPATCH(double, F64)
QHN_DISPATCH(float, F32)
#undef QHN_DISPATCH

}  // namespace qhn
#endif  // HWY_ONCE
