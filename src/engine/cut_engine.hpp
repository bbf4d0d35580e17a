#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "circuit/schedule.hpp"
#include "engine/engine.hpp"

namespace qhn {

/// The share of the table's rows that one rank holds, and the sums over ranks. sum() and
/// most_probable() are collective and give every rank the same bits.
class RowShare {
 public:
  RowShare(Index part, Index parts) : part_(part), parts_(parts) {}
  virtual ~RowShare() = default;
  Index part() const { return part_; }  ///< of parts() equal ones, in the order of the rows
  Index parts() const { return parts_; }
  /// values[i] ← its sum over the ranks.
  virtual void sum(std::span<double> values) const = 0;
  virtual void sum(std::span<float> values) const = 0;
  /// The best of the ranks' candidates.
  virtual MostProbable most_probable(const MostProbable& mine) const = 0;

 private:
  Index part_, parts_;
};

/// The Schmidt-cut engine for a cut circuit (circuit/schedule.hpp), uncut ones included. With
/// ψ = Σ_k A_k ⊗ B_k,
///   E = Σ_{h,l} C[h,l] |ψ[h,l]|²,  λ_A,k[h] = Σ_l C ψ B_k*,  λ_B,k[l] = Σ_h C ψ A_k*.
/// One evaluation runs both registers forward, multiplies C with their branches (dense products),
/// and runs both registers backward from λ_A and λ_B. The state itself is never stored. Up to four
/// branches the products use the real pair products A_k* A_l, B_k* B_l (2 χ² multiply-adds per
/// entry of C); with more branches, tiles of ψ are formed and used at once (12 χ). C is read from
/// memory once. Threads share blocks of C and, in the registers, groups of branches, which are
/// independent between two branchings.
///
/// With a `share` the table is distributed: `cost` holds only this rank's rows, the registers run
/// on every rank, and the sums over rows and columns are added over the ranks, once per evaluation.
/// Then all calls that evaluate are collective.
std::unique_ptr<Engine> make_cut_engine(const Circuit& circuit, const CutCircuit& cut,
                                        std::span<const double> cost, const EngineOptions& options,
                                        std::unique_ptr<const RowShare> share = nullptr);

/// Groups of branches that may run at the same time in each register. Depends on the sizes, not on
/// the number of threads. Phase factors are computed once for each group.
int branch_groups(const CutCircuit& cut);

/// Most ranks that the rows of the table suffice for: each takes at least one tile of rows.
Index most_cut_ranks(const CutCircuit& cut);

/// Numbers summed over the ranks in one evaluation with gradient.
Index cut_sum_length(const CutCircuit& cut);

/// Bytes that the engine holds on each rank if the table is distributed over `ranks` ranks.
std::size_t cut_engine_bytes(const CutCircuit& cut, const EngineOptions& options, Index ranks = 1);

}  // namespace qhn
