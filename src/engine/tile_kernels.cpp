#include "engine/tile_kernels.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/tile_kernels.cpp"
#include <hwy/foreach_target.h>

#include "engine/vectors.hpp"

HWY_BEFORE_NAMESPACE();
namespace qhn {
namespace HWY_NAMESPACE {

// Rows (or vectors) × four terms are accumulated in registers: 16 of 32, or 8 of 16.
constexpr int kWide = kManyRegisters ? 4 : 2;
constexpr int kTerms = 4;

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
  if (t.columns < hn::Lanes(Wide<T>()))
    ReduceColumnsFor(Single<T>(), t, m, terms, w, w_stride, x, x_stride);
  else
    ReduceColumnsFor(Wide<T>(), t, m, terms, w, w_stride, x, x_stride);
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
  if (t.columns < hn::Lanes(Wide<T>()))
    ReduceRowsFor(Single<T>(), t, m, terms, v, v_stride, y, y_stride);
  else
    ReduceRowsFor(Wide<T>(), t, m, terms, v, v_stride, y, y_stride);
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
  if (t.columns < hn::Lanes(Wide<T>()))
    ExpandFor(Single<T>(), t, terms, v, v_stride, w, w_stride, Unweighted{}, m);
  else
    ExpandFor(Wide<T>(), t, terms, v, v_stride, w, w_stride, Unweighted{}, m);
}

template <class T>
void ExpandWeighted(const Tile<T>& t, const T* cost, int branches, const T* v, Index v_stride,
                    const T* w, Index w_stride, T* psi) {
  const Tile<T> rows{2 * t.first, 2 * t.count, t.columns, t.columns};
  const Costs<T> weights{cost, t.stride, t.ahead};
  if (t.columns < hn::Lanes(Wide<T>()))
    ExpandFor(Single<T>(), rows, 2 * branches, v, v_stride, w, w_stride, weights, psi);
  else
    ExpandFor(Wide<T>(), rows, 2 * branches, v, v_stride, w, w_stride, weights, psi);
}

QHN_INSTANCES(ReduceColumns)
QHN_INSTANCES(ReduceRows)
QHN_INSTANCES(Expand)
QHN_INSTANCES(ExpandWeighted)

}  // namespace HWY_NAMESPACE
}  // namespace qhn
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace qhn {

QHN_EXPORT(ReduceColumns)
QHN_EXPORT(ReduceRows)
QHN_EXPORT(Expand)
QHN_EXPORT(ExpandWeighted)

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
  }
QHN_DISPATCH(double, F64)
QHN_DISPATCH(float, F32)
#undef QHN_DISPATCH

}  // namespace qhn
#endif  // HWY_ONCE
