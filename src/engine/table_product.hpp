#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include "core/chunks.hpp"
#include "engine/amplitude_kernels.hpp"
#include "engine/cut_shape.hpp"
#include "engine/cut_sums.hpp"
#include "engine/cut_table.hpp"
#include "engine/engine.hpp"
#include "engine/tile_kernels.hpp"

namespace qhn {

/// A cost table C[row][column] and its products with vectors of both sides, V_k[row] and
/// W_k[column], for `terms` values of k. Threads share the blocks of the table, then pieces of the
/// sides.
template <class T>
class TableProduct {
 public:
  TableProduct(const CutShape& shape, std::span<const double> cost, int threads)
      : shape_(shape),
        threads_(threads),
        row_pieces_(shape.rows, piece_length, shape.rows),
        column_pieces_(shape.columns, piece_length, shape.columns),
        table_(shape, cost),
        sums_(shape),
        best_(shape.blocks.count()) {}

  const CutTable<T>& table() const { return table_; }
  CutSums<T>& sums() { return sums_; }
  const Chunks& row_pieces() const { return row_pieces_; }
  const Chunks& column_pieces() const { return column_pieces_; }

  /// sums().x() ← C W_k of each block; sums().add_columns_of_blocks() remains.
  void with_columns(const T* w) {
    for_tasks([&](Index task) {
      sums_.clear_x(task);
      table_.for_tiles(task, [&](const Tile<T>& tile, const T* m, Index column) {
        times_columns(task, tile, m, w + column);
      });
    });
  }

  /// sums().x() ← C W_k and sums().y() ← V_k C of each block; the sums over blocks remain.
  void with_both(const T* v, const T* w) {
    for_tasks([&](Index task) {
      sums_.clear_x(task);
      sums_.clear_y(task);
      table_.for_tiles(task, [&](const Tile<T>& tile, const T* m, Index column) {
        times_columns(task, tile, m, w + column);
        reduce_rows(tile, m, shape_.terms, v, shape_.rows, sums_.y(task) + column, shape_.columns);
      });
    });
  }

  /// Calls f(index, Σ_k V_k W_k of `count` strings from index on, count) for block `task`, piece by
  /// piece.
  template <class F>
  void pieces_of_product(Index task, const T* v, const T* w, F f) {
    typename CutTable<T>::Buffer p;
    table_.for_tiles(task, [&](const Tile<T>& tile, const T*, Index column) {
      const Tile<T> packed{tile.first, tile.count, tile.columns, tile.columns};
      expand(packed, shape_.terms, v, shape_.rows, w + column, shape_.columns, p.data);
      for (Index r = 0; r < tile.count; ++r)
        f((tile.first + r) * shape_.columns + column, p.data + r * tile.columns, tile.columns);
    });
  }

  /// The string of the largest value, of equal ones the lowest index. `pieces(task, f)` is to call
  /// f(index, values of `count` strings from index on, count) for all strings of a block.
  template <class Pieces>
  MostProbable most_probable(Pieces pieces) {
    for_tasks([&](Index task) {
      MostProbable best;
      T most{-1};
      pieces(task, [&](Index start, const T* p, Index count) {
        const T here = largest(p, count);
        if (!(here > most || (here == most && start < best.index))) return;
        most = here;
        best = {start + static_cast<Index>(std::find(p, p + count, here) - p),
                static_cast<double>(here)};
      });
      best_[task] = best;
    });
    // Tiles and blocks do not come in index order, so a tie is resolved by the lower index.
    return *std::max_element(best_.begin(), best_.end(), less_probable);
  }

  /// Calls f(task) for every block.
  template <class F>
  void for_tasks(F f) {
    for_stealing(shape_.blocks.count(), threads_, f);
  }
  /// Calls f(piece, begin, length) for every piece of a side.
  template <class F>
  void for_pieces(const Chunks& pieces, F f) {
    for_chunks(pieces, threads_, [&](Index piece) {
      const Index begin = pieces.begin(piece);
      f(piece, begin, pieces.end(piece) - begin);
    });
  }

  std::size_t bytes() const {
    return table_.bytes() + sums_.bytes() + best_.size() * sizeof(MostProbable);
  }

 private:
  /// Elements of a side that a thread takes at a time.
  static constexpr Index piece_length = 1 << 10;

  void times_columns(Index task, const Tile<T>& tile, const T* m, const T* w) {
    reduce_columns(tile, m, shape_.terms, w, shape_.columns, sums_.x(task), shape_.row_stride());
  }

  const CutShape& shape_;
  int threads_;
  Chunks row_pieces_, column_pieces_;
  CutTable<T> table_;
  CutSums<T> sums_;
  std::vector<MostProbable> best_;
};

}  // namespace qhn
