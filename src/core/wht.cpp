#include "core/wht.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <stdexcept>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "core/wht.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#ifndef QHN_WHT_SHARED
#define QHN_WHT_SHARED
namespace qhn {
inline constexpr std::size_t wht_block = 4096;   // doubles that stay in the L1 cache
inline constexpr std::size_t wht_columns = 64;   // contiguous doubles in each row of a tile
inline constexpr std::size_t wht_smallest = 64;  // smaller sizes use plain()
}  // namespace qhn
#endif

HWY_BEFORE_NAMESPACE();
namespace qhn {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using D = hn::CappedTag<double, 8>;
using V = hn::Vec<D>;

template <class VecT>
HWY_INLINE void butterfly(VecT& a, VecT& b) {
  const VecT sum = hn::Add(a, b);
  b = hn::Sub(a, b);
  a = sum;
}

/// One level (distance `half`) over n doubles, a vector of Tag at a time.
template <class Tag>
HWY_INLINE void one_level(Tag d, double* values, std::size_t n, std::size_t half) {
  for (std::size_t base = 0; base < n; base += 2 * half)
    for (std::size_t i = base; i < base + half; i += hn::Lanes(d)) {
      auto a = hn::LoadU(d, values + i), b = hn::LoadU(d, values + i + half);
      butterfly(a, b);
      hn::StoreU(a, d, values + i);
      hn::StoreU(b, d, values + i + half);
    }
}

/// All levels from distance `half` ≥ 8 up to n/2, three at a time in registers.
HWY_INLINE void levels(double* values, std::size_t n, std::size_t half) {
  const D d;
  for (; 8 * half <= n; half *= 8)
    for (std::size_t base = 0; base < n; base += 8 * half)
      for (std::size_t i = 0; i < half; i += hn::Lanes(d)) {
        double* p = values + base + i;
        V v0 = hn::LoadU(d, p), v1 = hn::LoadU(d, p + half), v2 = hn::LoadU(d, p + 2 * half),
          v3 = hn::LoadU(d, p + 3 * half), v4 = hn::LoadU(d, p + 4 * half),
          v5 = hn::LoadU(d, p + 5 * half), v6 = hn::LoadU(d, p + 6 * half),
          v7 = hn::LoadU(d, p + 7 * half);
        butterfly(v0, v1), butterfly(v2, v3), butterfly(v4, v5), butterfly(v6, v7);
        butterfly(v0, v2), butterfly(v1, v3), butterfly(v4, v6), butterfly(v5, v7);
        butterfly(v0, v4), butterfly(v1, v5), butterfly(v2, v6), butterfly(v3, v7);
        hn::StoreU(v0, d, p), hn::StoreU(v1, d, p + half), hn::StoreU(v2, d, p + 2 * half);
        hn::StoreU(v3, d, p + 3 * half), hn::StoreU(v4, d, p + 4 * half);
        hn::StoreU(v5, d, p + 5 * half), hn::StoreU(v6, d, p + 6 * half);
        hn::StoreU(v7, d, p + 7 * half);
      }
  for (; half < n; half *= 2) one_level(d, values, n, half);
}

/// All levels within n contiguous doubles, wht_smallest ≤ n ≤ wht_block.
void wht_within_block(double* values, std::size_t n) {
  const D d;
  for (std::size_t i = 0; i < n; i += 4 * hn::Lanes(d)) {  // distances 1 and 2
    V v0, v1, v2, v3;
    hn::LoadInterleaved4(d, values + i, v0, v1, v2, v3);
    butterfly(v0, v1), butterfly(v2, v3);
    butterfly(v0, v2), butterfly(v1, v3);
    hn::StoreInterleaved4(v0, v1, v2, v3, d, values + i);
  }
  one_level(hn::CappedTag<double, 4>(), values, n, 4);
  levels(values, n, 8);
}

/// All levels across `rows` rows that lie `stride` apart, for wht_columns columns. The tile is
/// copied: rows a power of two apart would map to the same cache sets.
void wht_across_rows(double* values, std::size_t rows, std::size_t stride) {
  const D d;
  HWY_ALIGN double tile[wht_block];
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t c = 0; c < wht_columns; c += hn::Lanes(d))
      hn::StoreU(hn::LoadU(d, values + r * stride + c), d, tile + r * wht_columns + c);
  levels(tile, rows * wht_columns, wht_columns);
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t c = 0; c < wht_columns; c += hn::Lanes(d))
      hn::StoreU(hn::LoadU(d, tile + r * wht_columns + c), d, values + r * stride + c);
}

}  // namespace HWY_NAMESPACE
}  // namespace qhn
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace qhn {
namespace {

HWY_EXPORT(wht_within_block);
HWY_EXPORT(wht_across_rows);

void plain(std::span<double> values) {
  for (std::size_t half = 1; half < values.size(); half *= 2)
    for (std::size_t i = 0; i < values.size(); ++i)
      if (!(i & half)) {
        const double a = values[i], b = values[i + half];
        values[i] = a + b;
        values[i + half] = a - b;
      }
}

}  // namespace

void walsh_hadamard(std::span<double> values) {
  const std::size_t n = values.size();
  if (!std::has_single_bit(n))
    throw std::invalid_argument("walsh_hadamard: the size is not a power of two");
  if (n < wht_smallest) return plain(values);

  const std::size_t block = std::min(n, wht_block);
#pragma omp parallel for schedule(static)
  for (std::size_t base = 0; base < n; base += block)
    HWY_DYNAMIC_DISPATCH(wht_within_block)(values.data() + base, block);

  for (std::size_t stride = block; stride < n;) {
    const std::size_t rows = std::min(n / stride, wht_block / wht_columns);
    const std::size_t tiles = stride / wht_columns;  // of each group of `rows` rows
#pragma omp parallel for schedule(static)
    for (std::size_t tile = 0; tile < n / (rows * wht_columns); ++tile)
      HWY_DYNAMIC_DISPATCH(wht_across_rows)
    (values.data() + tile / tiles * rows * stride + tile % tiles * wht_columns, rows, stride);
    stride *= rows;
  }
}

}  // namespace qhn
#endif
