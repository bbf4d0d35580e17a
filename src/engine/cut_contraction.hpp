#pragma once

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

#include "core/aligned.hpp"
#include "engine/amplitude_kernels.hpp"
#include "engine/branch_kernels.hpp"
#include "engine/cut_registers.hpp"
#include "engine/cut_shape.hpp"
#include "engine/table_product.hpp"

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
        product_(shape, cost, threads),
        sums_(product_.sums()),
        low_(registers.low),
        high_(registers.high),
        share_(share),
        v_(shape.pair_rows()),
        w_(shape.pair_columns()),
        coefficients_(shape.coefficients()),
        partial_(std::max(shape.blocks.count(), product_.row_pieces().count)) {}

  /// Computes what the other functions need from the states of the registers.
  void prepare() {
    added_ = false;
    if (share_) sums_.clear_x();  // includes the rows of other ranks
    if (shape_.paired) {
      product_.for_pieces(product_.column_pieces(), [&](Index, Index at, Index count) {
        pair_products(low_.phi.data() + at, shape_.branches, count, shape_.columns, w_.data() + at);
      });
      product_.for_pieces(product_.row_pieces(), [&](Index, Index at, Index count) {
        pair_products(high_.phi.data() + at, shape_.branches, count, shape_.rows, v_.data() + at);
      });
    } else {
      product_.for_pieces(product_.row_pieces(), [&](Index, Index at, Index count) {
        interleave(high_.phi.data() + at, shape_.branches, count, shape_.rows,
                   coefficients_.data() + 2 * at, 2 * shape_.rows);
      });
    }
  }

  double expectation() {
    if (shape_.paired) {
      product_.with_columns(w_.data());
      return over_ranks(finish_rows());
    }
    product_.for_tasks([&](Index task) {
      double sum = 0.0;
      for_amplitudes(task, [&](Index row, Index column, Index columns, T* re, T* im) {
        sum += weighted_norm(product_.table().row(row) + column, re, im, columns);
      });
      partial_[task] = sum;
    });
    return over_ranks(sum_of_partial(shape_.blocks.count()));
  }

  /// Returns E(θ), and sets λ of both registers.
  double expectation_and_lambda() {
    if (shape_.paired)
      product_.with_both(v_.data(), w_.data());
    else
      product_.for_tasks([&](Index task) { contract_amplitudes(task); });
    if (share_) add_ranks();
    finish_columns();
    return finish_rows();
  }

  MostProbable most_probable() {
    if (shape_.paired) weigh_pairs();
    const MostProbable best =
        product_.most_probable([&](Index task, auto f) { for_probabilities(task, std::move(f)); });
    return share_ ? share_->most_probable(best) : best;
  }

  std::size_t bytes() const {
    return product_.bytes() + partial_.size() * sizeof(double) +
           sizeof(T) * (v_.size() + w_.size() + coefficients_.size());
  }

 private:
  double over_ranks(double value) const {
    if (share_) share_->sum(std::span<double>(&value, 1));
    return value;
  }

  /// x and y of the first block ← sums over the blocks of all ranks. Sets added_.
  void add_ranks() {
    product_.for_pieces(product_.column_pieces(),
                        [&](Index, Index at, Index count) { sums_.add_rows_of_blocks(at, count); });
    product_.for_pieces(product_.row_pieces(), [&](Index, Index at, Index count) {
      sums_.add_columns_of_blocks(at, count);
    });
    share_->sum(std::span<T>(sums_.y(), shape_.column_sums()));
    share_->sum(std::span<T>(sums_.x(), shape_.row_sums()));
    added_ = true;
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
    product_.for_pieces(product_.column_pieces(), [&](Index, Index at, Index count) {
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
    product_.for_pieces(product_.row_pieces(), [&](Index piece, Index at, Index count) {
      if (!added_) sums_.add_columns_of_blocks(at, count);
      partial_[piece] = shape_.paired
                            ? apply_pairs(sums_.x() + at, high_.phi.data() + at, shape_.branches,
                                          count, shape_.rows, high_.lambda() + at)
                            : gather(sums_.x() + 2 * at, shape_.row_stride(), high_.phi.data() + at,
                                     shape_.branches, count, shape_.rows, high_.lambda() + at);
    });
    return sum_of_partial(product_.row_pieces().count);
  }

  double sum_of_partial(Index count) const {
    return std::accumulate(partial_.begin(), partial_.begin() + static_cast<std::ptrdiff_t>(count),
                           0.0);
  }

  void contract_amplitudes(Index task) {
    sums_.clear_x(task);
    sums_.clear_y(task);
    typename CutTable<T>::Buffer psi;
    product_.table().for_tiles(task, [&](const Tile<T>& tile, const T* m, Index column) {
      expand_weighted(tile, m, shape_.branches, coefficients_.data(), 2 * shape_.rows,
                      low_.phi.data() + column, shape_.columns, psi.data);
      const Tile<T> rows = CutTable<T>::psi_rows(tile);
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
    product_.table().for_tiles(task, [&](const Tile<T>& tile, const T*, Index column) {
      expand(CutTable<T>::psi_rows(tile), static_cast<int>(shape_.planes()), coefficients_.data(),
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
    product_.pieces_of_product(task, sums_.x(), w_.data(), f);
  }

  const CutShape& shape_;
  TableProduct<T> product_;
  CutSums<T>& sums_;
  CutSide<T>&low_, &high_;
  const RowShare* share_;
  AlignedVector<T> v_, w_;         ///< pair products of A and of B
  AlignedVector<T> coefficients_;  ///< interleave() of A
  std::vector<double> partial_;
  bool added_ = false;  ///< the sums of the blocks have been added up
};

}  // namespace qhn
