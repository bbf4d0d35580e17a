#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "circuit/program.hpp"
#include "gradient/engine.hpp"

namespace qhn {

/// The rows of the table that one rank of several holds, and how the ranks add up. All calls are
/// collective and give every rank the same bits.
class RowShare {
 public:
  RowShare(Index part, Index parts) : part_(part), parts_(parts) {}
  virtual ~RowShare() = default;
  Index part() const { return part_; }  ///< of `parts` equal ones, in the order of the rows
  Index parts() const { return parts_; }
  /// values[i] ← its sum over the ranks.
  virtual void sum(std::span<double> values) const = 0;
  virtual void sum(std::span<float> values) const = 0;
  /// The best of the ranks' candidates.
  virtual MostProbable most_probable(const MostProbable& mine) const = 0;

 private:
  Index part_, parts_;
};

/// The engine for a cut circuit (circuit/program.hpp), uncut ones included. With ψ = Σ_k A_k ⊗ B_k,
///   E = Σ_{h,l} C[h,l] |ψ[h,l]|²,  λ_A,k[h] = Σ_l C ψ B_k*,  λ_B,k[l] = Σ_h C ψ A_k*,
/// so one evaluation is: both registers forward, dense products of C with their branches, both
/// registers backward from λ_A and λ_B. The state itself is never stored. Up to four branches the
/// products are taken with the real pair products A_k* A_l, B_k* B_l (2 χ² multiply-adds per entry
/// of C); beyond that tiles of ψ are formed and used at once (12 χ). C is read from memory once.
/// Threads share blocks of C; in the registers, where branches do not see each other between two
/// branchings, groups of branches.
///
/// With a `share` the table is spread: `cost` holds this rank's rows only, the registers run on
/// every rank, and the sums over rows and columns are added up over the ranks, once per evaluation.
std::unique_ptr<Engine> make_cut_engine(const Circuit& circuit, const CutCircuit& cut,
                                        std::span<const double> cost, const EngineOptions& options,
                                        std::unique_ptr<const RowShare> share = nullptr);

/// Groups of branches that may run at once in each register: a matter of size, not of threads. The
/// phase factors are computed once for each group.
int branch_groups(const CutCircuit& cut);

/// Numbers that are added up over the ranks in one evaluation with gradient.
Index cut_sum_length(const CutCircuit& cut);

/// Bytes such an engine holds where the table is spread over `ranks` (1: it is whole).
std::size_t cut_engine_bytes(const CutCircuit& cut, const EngineOptions& options, Index ranks = 1);

}  // namespace qhn
