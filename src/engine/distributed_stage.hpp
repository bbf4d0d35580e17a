#pragma once

#include <deque>
#include <optional>
#include <span>
#include <vector>

#include "circuit/exchange_plan.hpp"
#include "core/aligned.hpp"
#include "engine/adjoint.hpp"
#include "engine/block_stages.hpp"
#include "engine/engine.hpp"
#include "engine/register.hpp"

namespace qhn {

/// Elements of a part that a thread processes at a time.
inline constexpr Index thread_piece = Index{1} << 14;

/// The cache blocks of a stage.
struct StageBlocks {
  /// Mask of the slots of a block (block_slots()). Blocks run while the exchange before the stage
  /// is in progress. 0: the part runs after the exchange.
  Index slots = 0;
  /// For slots = 0: qubits of the blocks of the part (BlockStages); 0: it runs whole.
  int qubits = 0;
};

/// One stage of a rank's part of the state, run forward and backward, whole or block by block.
///
/// After an exchange few qubits are rotated: those that became local and, in the light cone of the
/// border, some of the lowest slots. Then the stage is one small register for each value of the
/// other slots. Each is copied into the innermost cache, run and copied back while the exchange of
/// others is in progress, so that exchange and stage are one pass over memory. Other stages of a
/// large part run like a large state on one rank, block by block with their own plan.
template <class T>
class RunningStage {
 public:
  RunningStage(RankStage&& stage, const StageBlocks& blocks, int threads, bool gradient);

  /// Mask of the slots of a block. If not 0, call only the functions for blocks; else only those
  /// for the whole part.
  Index block() const { return block_; }
  const std::vector<DerivedAngle>& angles() const { return angles_; }
  const std::vector<DerivedAngle>& phase() const { return phase_; }

  /// Sets the angles, and the sums of the derivatives to 0.
  void set_angles(std::span<const double> all);

  /// The whole part, its real plane followed by its imaginary plane: from its contents, or (first
  /// stage) from |0…0⟩ times an amplitude.
  void run(T* phi);
  void run_from_zero(Complex amplitude, T* phi);
  void undo(T* phi, T* lambda);
  /// λ_0 after undo() of the first stage. The rest of the part may be undefined then.
  Complex start_lambda(const T* lambda) const;

  /// The blocks whose index equals `base` except in the slots of `varying`.
  void run_blocks(T* phi, Index base, Index varying);
  void undo_blocks(T* phi, T* lambda, Index base, Index varying);
  /// For the last stage: runs the blocks, adds Σ C |φ|², sets λ = C φ and undoes the stage, all
  /// while a block is in the cache.
  void run_and_undo_blocks(T* phi, T* lambda, const T* cost, Index base, Index varying);

  /// derivatives[k] += derivative by angle k from the undo functions since set_angles(), in a fixed
  /// order.
  void add_derivatives(std::span<double> derivatives) const;
  /// Σ C |φ|² from run_and_undo_blocks() since set_angles().
  double expectation() const;

  std::size_t bytes() const;
  static std::size_t planned_bytes(const RankStage& stage, const StageBlocks& blocks, int threads,
                                   bool gradient);

 private:
  /// A register with its steps: one per thread for blocks, else one for the part.
  struct Runner {
    RegisterSchedule<T> schedule;
    Adjoint<T> adjoint;
    AlignedVector<T> phi, lambda, cost;

    Runner(const Schedule& p, bool block, bool gradient);
  };
  template <class Work>
  void for_blocks(Index base, Index varying, Work work);
  /// Sum k, added over the shares.
  double sum_of(std::size_t k) const;
  T* copy_plane_in(const T* plane, T* to) const;
  void copy_in(const T* part, Index base, AlignedVector<T>& block) const;
  void copy_out(const AlignedVector<T>& block, Index base, T* part) const;

  int threads_;
  Index size_;   ///< amplitudes of the part
  Index block_;  ///< mask of the slots of a block
  std::vector<DerivedAngle> angles_, phase_;
  std::vector<double> values_;           ///< of angles_
  std::vector<double> sums_;             ///< [share of the blocks][angle, then Σ C |φ|²]
  std::deque<Runner> runners_;           // a deque, since an Adjoint points to its schedule
  std::optional<BlockStages<T>> large_;  ///< replaces the runners in a large part
};

/// Mask of the slots of a block for `stage`, which follows an exchange of the slots `swapped`: the
/// swapped slots, those that gates act on, and some of the lowest, so that a block consists of long
/// runs. 0 if these are too many: at most `chunk_bits` unswapped slots fit a chunk of the exchange.
Index block_slots(const Stage& stage, const std::vector<int>& swapped, int chunk_bits);

/// The blocks of every stage of `plan`, the same on all ranks.
template <class T>
std::vector<StageBlocks> stage_blocks(const ExchangePlan& plan, const EngineOptions& options);

/// Whether a gradient runs the blocks of the last stage forward, applies the table and undoes the
/// stage while each block is in the cache (run_and_undo_blocks).
bool turns_back_in_cache(const ExchangePlan& plan, Precision precision);

/// Bytes that the distributed statevector engine holds on each rank, the table excluded.
std::size_t distributed_sweep_bytes(const ExchangePlan& plan, const EngineOptions& options);

}  // namespace qhn
