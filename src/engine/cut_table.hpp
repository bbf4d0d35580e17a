#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <type_traits>
#include <utility>

#include "core/aligned.hpp"
#include "engine/cut_shape.hpp"
#include "engine/tile_kernels.hpp"

namespace qhn {

/// The table C as the cut engine reads it: the rows of this rank in T, tile by tile.
template <class T>
class CutTable {
 public:
  static constexpr Index tile_rows = 16;
  static constexpr Index tile_columns = 256;

  /// A tile of ψ: rows re, im alternating, packed.
  struct Buffer {
    alignas(64) T data[2 * tile_rows * tile_columns];
  };
  /// The rows of ψ in a Buffer for a tile of C.
  static Tile<T> psi_rows(const Tile<T>& tile) {
    return {2 * tile.first, 2 * tile.count, tile.columns, tile.columns};
  }

  CutTable(const CutShape& shape, std::span<const double> cost) : shape_(shape) {
    if constexpr (std::is_same_v<T, double>) {
      cost_ = cost.data();
    } else {
      own_cost_.assign(cost.begin(), cost.end());
      cost_ = own_cost_.data();
    }
  }

  /// Row h of the whole table; it must be one of this rank's.
  const T* row(Index h) const { return cost_ + (h - shape_.blocks.first_row) * shape_.columns; }

  /// Calls f(tile, first element of C, first column) for the tiles of a block of C.
  template <class F>
  void for_tiles(Index task, F f) const {
    const CutBlocks& b = shape_.blocks;
    const Index first_column = b.columns.begin(b.column(task));
    const Index last_column = b.columns.end(b.column(task));
    const Index last_row = b.end_row(task);
    Tile<T> tile{b.begin_row(task), 0, 0, shape_.columns};
    Index column = first_column;
    while (tile.first < last_row) {
      tile.count = std::min(tile_rows, last_row - tile.first);
      tile.columns = std::min(tile_columns, last_column - column);
      Index next_row = tile.first, next_column = column + tile.columns;
      if (next_column == last_column) {
        next_column = first_column;
        next_row += tile.count;
      }
      tile.ahead = next_row == last_row || shape_.rows * shape_.columns < cached_entries
                       ? 0
                       : static_cast<std::ptrdiff_t>((next_row - tile.first) * shape_.columns +
                                                     next_column) -
                             static_cast<std::ptrdiff_t>(column);
      f(std::as_const(tile), row(tile.first) + column, column);
      tile.first = next_row;
      column = next_column;
    }
  }

  std::size_t bytes() const { return sizeof(T) * own_cost_.size(); }

 private:
  static constexpr Index cached_entries = Index{1} << 22;  // a larger C is prefetched from memory

  const CutShape& shape_;
  const T* cost_;
  AlignedVector<T> own_cost_;  ///< if T is not double
};

}  // namespace qhn
