#pragma once

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <span>
#include <vector>

#include "core/aligned.hpp"
#include "core/chunks.hpp"
#include "engine/amplitude_kernels.hpp"
#include "engine/branch_kernels.hpp"
#include "engine/cut_registers.hpp"
#include "engine/cut_shape.hpp"
#include "engine/cut_sums.hpp"
#include "engine/cut_table.hpp"

namespace qhn {

/// The products of the table with the branches of both registers (formulas in cut_engine.hpp).
/// Threads share blocks of the table, then pieces of the sides. With a `share`, every function but
/// prepare() is collective.
template <class T>
class CutContraction {
 public:
  /// `share`: null if this rank has the whole table.
  CutContraction(const CutShape& shape, std::span<const double> cost, CutRegisters<T>& registers,
                 const RowShare* share, int threads)
      : shape_(shape),
        table_(shape, cost),
        low_(registers.low),
        high_(registers.high),
        share_(share),
        threads_(threads),
        row_pieces_(shape.rows, piece_length, shape.rows),
        column_pieces_(shape.columns, piece_length, shape.columns),
        v_(shape.pair_rows()),
        w_(shape.pair_columns()),
        sums_(shape),
        coefficients_(shape.coefficients()),
        partial_(std::max(shape.blocks.count(), row_pieces_.count)),
        best_(shape.blocks.count()) {}

  /// Computes what the other functions need from the states of the registers.
  void prepare() {
    added_ = false;
    if (share_) sums_.clear_x();  // includes the rows of other ranks
    if (shape_.paired) {
      for_pieces(column_pieces_, [&](Index, Index at, Index count) {
        pair_products(low_.phi.data() + at, shape_.branches, count, shape_.columns, w_.data() + at);
      });
      for_pieces(row_pieces_, [&](Index, Index at, Index count) {
        pair_products(high_.phi.data() + at, shape_.branches, count, shape_.rows, v_.data() + at);
      });
    } else {
      for_pieces(row_pieces_, [&](Index, Index at, Index count) {
        interleave(high_.phi.data() + at, shape_.branches, count, shape_.rows,
                   coefficients_.data() + 2 * at, 2 * shape_.rows);
      });
    }
  }

  double expectation() {
    if (shape_.paired) {
      for_tasks([&](Index task) {
        sums_.clear_x(task);
        table_.for_tiles(task, [&](const Tile<T>& tile, const T* m, Index column) {
          reduce_columns(tile, m, shape_.terms, w_.data() + column, shape_.columns, sums_.x(task),
                         shape_.row_stride());
        });
      });
      return over_ranks(finish_rows());
    }
    for_tasks([&](Index task) {
      double sum = 0.0;
      for_amplitudes(task, [&](Index row, Index column, Index columns, T* re, T* im) {
        sum += weighted_norm(table_.row(row) + column, re, im, columns);
      });
      partial_[task] = sum;
    });
    return over_ranks(sum_of_partial(shape_.blocks.count()));
  }

  /// Returns E(θ), and sets λ of both registers.
  double expectation_and_lambda() {
    for_tasks([&](Index task) {
      sums_.clear_x(task);
      sums_.clear_y(task);
      if (shape_.paired)
        contract_pairs(task);
      else
        contract_amplitudes(task);
    });
    if (share_) add_ranks();
    finish_columns();
    return finish_rows();
  }

  MostProbable most_probable() {
    if (shape_.paired) weigh_pairs();
    for_tasks([&](Index task) {
      MostProbable best;
      T most{-1};
      for_probabilities(task, [&](Index start, const T* p, Index columns) {
        const T here = largest(p, columns);
        if (here < most || (here == most && start > best.index)) return;
        most = here;
        best = {start + static_cast<Index>(std::find(p, p + columns, here) - p),
                static_cast<double>(here)};
      });
      best_[task] = best;
    });
    // Tiles and blocks do not come in index order, so a tie is resolved by the lower index.
    const MostProbable best = *std::max_element(best_.begin(), best_.end(), less_probable);
    return share_ ? share_->most_probable(best) : best;
  }

  std::size_t bytes() const {
    return table_.bytes() + sums_.bytes() + partial_.size() * sizeof(double) +
           best_.size() * sizeof(MostProbable) +
           sizeof(T) * (v_.size() + w_.size() + coefficients_.size());
  }

 private:
  /// Elements of a side that a thread takes at a time.
  static constexpr Index piece_length = 1 << 10;

  double over_ranks(double value) const {
    if (share_) share_->sum(std::span<double>(&value, 1));
    return value;
  }

  /// x and y of the first block ← sums over the blocks of all ranks. Sets added_.
  void add_ranks() {
    for_pieces(column_pieces_,
               [&](Index, Index at, Index count) { sums_.add_rows_of_blocks(at, count); });
    for_pieces(row_pieces_,
               [&](Index, Index at, Index count) { sums_.add_columns_of_blocks(at, count); });
    share_->sum(std::span<T>(sums_.y(), shape_.column_sums()));
    share_->sum(std::span<T>(sums_.x(), shape_.row_sums()));
    added_ = true;
  }

  template <class F>
  void for_pieces(const Chunks& pieces, F f) {
    for_chunks(pieces, threads_, [&](Index piece) {
      const Index begin = pieces.begin(piece);
      f(piece, begin, pieces.end(piece) - begin);
    });
  }

  /// x ← the pair products of A times their weights in
  /// |ψ|² = Σ_k |A_k|² |B_k|² + 2 Σ_{k<l} (Re A_k* A_l Re B_k* B_l − Im A_k* A_l Im B_k* B_l).
  void weigh_pairs() {
    const T* from = v_.data();
    T* to = sums_.x();
    for (int k = 0; k < shape_.terms; ++k, from += shape_.rows, to += shape_.rows) {
      const bool diagonal = k < shape_.branches;
      const T weight = diagonal ? T{1} : (k - shape_.branches) % 2 == 0 ? T{2} : T{-2};
      for (Index h = 0; h < shape_.rows; ++h) to[h] = weight * from[h];
    }
  }

  /// λ_B from the sums over rows.
  void finish_columns() {
    for_pieces(column_pieces_, [&](Index, Index at, Index count) {
      if (!added_) sums_.add_rows_of_blocks(at, count);
      if (shape_.paired)
        apply_pairs(sums_.y() + at, low_.phi.data() + at, shape_.branches, count, shape_.columns,
                    low_.lambda() + at);
      else
        for (Index k = 0; k < shape_.planes(); ++k)
          std::copy_n(sums_.y() + k * shape_.columns + at, count,
                      low_.lambda() + k * shape_.columns + at);
    });
  }

  /// λ_A from the sums over columns, and E.
  double finish_rows() {
    for_pieces(row_pieces_, [&](Index piece, Index at, Index count) {
      if (!added_) sums_.add_columns_of_blocks(at, count);
      partial_[piece] = shape_.paired
                            ? apply_pairs(sums_.x() + at, high_.phi.data() + at, shape_.branches,
                                          count, shape_.rows, high_.lambda() + at)
                            : gather(sums_.x() + 2 * at, shape_.row_stride(), high_.phi.data() + at,
                                     shape_.branches, count, shape_.rows, high_.lambda() + at);
    });
    return sum_of_partial(row_pieces_.count);
  }

  double sum_of_partial(Index count) const {
    return std::accumulate(partial_.begin(), partial_.begin() + static_cast<std::ptrdiff_t>(count),
                           0.0);
  }

  template <class F>
  void for_tasks(F f) {
    for_stealing(shape_.blocks.count(), threads_, f);
  }

  void contract_pairs(Index task) {
    table_.for_tiles(task, [&](const Tile<T>& tile, const T* m, Index column) {
      reduce_columns(tile, m, shape_.terms, w_.data() + column, shape_.columns, sums_.x(task),
                     shape_.row_stride());
      reduce_rows(tile, m, shape_.terms, v_.data(), shape_.rows, sums_.y(task) + column,
                  shape_.columns);
    });
  }

  void contract_amplitudes(Index task) {
    typename CutTable<T>::Buffer psi;
    table_.for_tiles(task, [&](const Tile<T>& tile, const T* m, Index column) {
      expand_weighted(tile, m, shape_.branches, coefficients_.data(), 2 * shape_.rows,
                      low_.phi.data() + column, shape_.columns, psi.data);
      const Tile<T> rows = table_.psi_rows(tile);
      reduce_columns(rows, psi.data, shape_.terms, low_.phi.data() + column, shape_.columns,
                     sums_.x(task), shape_.row_stride());
      reduce_rows(rows, psi.data, shape_.terms, coefficients_.data(), 2 * shape_.rows,
                  sums_.y(task) + column, shape_.columns);
    });
  }

  /// Calls f(row, column, columns, re, im) for every piece of a row of ψ in the block.
  template <class F>
  void for_amplitudes(Index task, F f) {
    typename CutTable<T>::Buffer psi;
    table_.for_tiles(task, [&](const Tile<T>& tile, const T*, Index column) {
      expand(table_.psi_rows(tile), static_cast<int>(shape_.planes()), coefficients_.data(),
             2 * shape_.rows, low_.phi.data() + column, shape_.columns, psi.data);
      for (Index r = 0; r < tile.count; ++r)
        f(tile.first + r, column, tile.columns, psi.data + 2 * r * tile.columns,
          psi.data + (2 * r + 1) * tile.columns);
    });
  }

  /// Calls f(index, |ψ|² of `columns` states from index on, columns) for the block, piece by piece.
  template <class F>
  void for_probabilities(Index task, F f) {
    if (!shape_.paired)
      return for_amplitudes(task, [&](Index row, Index column, Index columns, T* re, T* im) {
        norms(re, im, columns);
        f(row * shape_.columns + column, re, columns);
      });
    typename CutTable<T>::Buffer p;
    table_.for_tiles(task, [&](const Tile<T>& tile, const T*, Index column) {
      const Tile<T> packed{tile.first, tile.count, tile.columns, tile.columns};
      expand(packed, shape_.terms, sums_.x(), shape_.rows, w_.data() + column, shape_.columns,
             p.data);
      for (Index r = 0; r < tile.count; ++r)
        f((tile.first + r) * shape_.columns + column, p.data + r * tile.columns, tile.columns);
    });
  }

  const CutShape& shape_;
  CutTable<T> table_;
  CutSide<T>&low_, &high_;
  const RowShare* share_;
  int threads_;
  Chunks row_pieces_, column_pieces_;
  AlignedVector<T> v_, w_;  ///< pair products of A and of B
  CutSums<T> sums_;
  AlignedVector<T> coefficients_;  ///< interleave() of A
  std::vector<double> partial_;
  std::vector<MostProbable> best_;
  bool added_ = false;  ///< the sums of the blocks have been added up
};

}  // namespace qhn
