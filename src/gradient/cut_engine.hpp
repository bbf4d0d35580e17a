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
  RowShare(Index first, Index count) : first_(first), count_(count) {}
  virtual ~RowShare() = default;
  Index first() const { return first_; }  ///< first row
  Index count() const { return count_; }  ///< rows
  /// values[i] ← its sum over the ranks.
  virtual void sum(std::span<double> values) const = 0;
  virtual void sum(std::span<float> values) const = 0;
  /// The best of the ranks' candidates.
  virtual MostProbable most_probable(const MostProbable& mine) const = 0;

 private:
  Index first_, count_;
};

/// The engine for a cut circuit (circuit/program.hpp), uncut ones included. With ψ = Σ_k A_k ⊗ B_k,
///   E = Σ_{h,l} C[h,l] |ψ[h,l]|²,  λ_A,k[h] = Σ_l C ψ B_k*,  λ_B,k[l] = Σ_h C ψ A_k*,
/// so one evaluation is: both registers forward, dense products of C with their branches, both
/// registers backward from λ_A and λ_B. The state itself is never stored. Up to four branches the
/// products are taken with the real pair products A_k* A_l, B_k* B_l (2 χ² multiply-adds per entry
/// of C); beyond that tiles of ψ are formed and used at once (12 χ). C is read from memory once.
///
/// With a `share` the table is spread: `cost` holds this rank's rows only, the registers run on every
/// rank, and the sums over rows and columns are added up over the ranks, once per evaluation.
std::unique_ptr<Engine> make_cut_engine(const Circuit& circuit, const CutCircuit& cut,
                                        std::span<const double> cost, const EngineOptions& options,
                                        std::unique_ptr<const RowShare> share = nullptr);

/// Numbers that are added up over the ranks in one evaluation with gradient.
Index cut_sum_length(const CutCircuit& cut);

/// Bytes such an engine holds where the table is spread over `ranks` (1: it is whole).
std::size_t cut_engine_bytes(const CutCircuit& cut, const EngineOptions& options, Index ranks = 1);

}  // namespace qhn
