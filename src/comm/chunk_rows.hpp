#pragma once

#include <algorithm>
#include <bit>

#include "core/chunks.hpp"
#include "core/masked_index.hpp"

namespace qhn {

/// The elements of a chunk in ascending order: all indices that differ in the bits of a mask. They
/// form rows of equally spaced contiguous runs.
struct ChunkRows {
  Index run, in_row, stride;  ///< elements of a run, runs of a row, distance of runs
  Index count, mask;          ///< number of rows; bits in which they differ

  explicit ChunkRows(Index elements) {
    constexpr int most_bits = 13;  // of a row: several threads share a chunk
    const int run_bits = std::min(std::countr_one(elements), most_bits);
    const Index above = elements >> run_bits;
    const int gap = above == 0 ? 0 : std::countr_zero(above);
    const int row_bits = std::min(std::countr_one(above >> gap), most_bits - run_bits);
    run = dimension(run_bits);
    in_row = dimension(row_bits);
    stride = dimension(run_bits + gap);
    mask = elements & ~(run - 1) & ~((in_row - 1) << (run_bits + gap));
    count = dimension(std::popcount(mask));
  }

  /// Calls work(first index of a row, offset of its elements in the chunk) for each row.
  template <class Work>
  void for_each(int threads, Work work) const {
    const Chunks shares(count, std::max<Index>(1, (1 << 13) / (run * in_row)));
    for_chunks(shares, threads, [&](Index c) {
      Index x = nth_in(mask, shares.begin(c));
      for (Index r = shares.begin(c); r < shares.end(c); ++r, x = next_in(mask, x))
        work(x, r * run * in_row);
    });
  }
};

/// Copies runs of `Run` elements (0: of `run`), from_stride and to_stride apart.
template <Index Run, class T>
void copy_runs(const T* from, Index from_stride, T* to, Index to_stride, Index count,
               Index run = Run) {
  for (Index i = 0; i < count; ++i, from += from_stride, to += to_stride) {
    if constexpr (Run == 0)
      std::copy_n(from, run, to);
    else
      for (Index k = 0; k < Run; ++k) to[k] = from[k];
  }
}

/// Copies a row. Short runs have compile-time lengths: a library call for each would be slow.
template <class T>
void copy_row(const ChunkRows& rows, const T* from, Index from_stride, T* to, Index to_stride) {
  switch (rows.run) {
    case 1:
      return copy_runs<1>(from, from_stride, to, to_stride, rows.in_row);
    case 2:
      return copy_runs<2>(from, from_stride, to, to_stride, rows.in_row);
    case 4:
      return copy_runs<4>(from, from_stride, to, to_stride, rows.in_row);
    case 8:
      return copy_runs<8>(from, from_stride, to, to_stride, rows.in_row);
    default:
      return copy_runs<0>(from, from_stride, to, to_stride, rows.in_row, rows.run);
  }
}

}  // namespace qhn
