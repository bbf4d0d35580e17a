#pragma once

#include <deque>
#include <optional>
#include <span>
#include <vector>

#include "circuit/exchange_plan.hpp"
#include "core/aligned.hpp"
#include "gradient/adjoint.hpp"
#include "gradient/block_stages.hpp"
#include "state/register.hpp"

namespace qhn {

/// Elements of a part that a thread takes at a time.
inline constexpr Index thread_piece = Index{1} << 14;

/// How a stage takes the part through a cache.
struct StageBlocks {
  /// Slots of the blocks that run while the exchange before the stage goes on, as block_slots()
  /// says; 0: the part runs when it is complete,
  Index slots = 0;
  /// in blocks of so many qubits (BlockStages); 0: whole.
  int qubits = 0;
};

/// One stage of a rank's part of the state, ready to run both ways: as a whole, or block by block.
///
/// After an exchange few qubits are rotated: those that came and, in the light cone of the border,
/// some of the lowest slots. Then the stage is one small register for each value of the other
/// slots. Each is copied out into the innermost cache, run and copied back while the exchange still
/// moves others, so that exchange and stage take the part through the memory once. Other stages of
/// a large part run like a large state on one rank, through the blocks of a plan of their own.
template <class T>
class RunningStage {
 public:
  RunningStage(RankStage&& stage, const StageBlocks& blocks, int threads, bool gradient);

  /// Not 0: only run_blocks() and undo_blocks(); else only the others.
  Index block() const { return block_; }
  const std::vector<DerivedAngle>& angles() const { return angles_; }
  const std::vector<DerivedAngle>& phase() const { return phase_; }

  /// Also begins the derivatives from 0.
  void set_angles(std::span<const double> all);

  /// The whole part, real and imaginary planes behind one another: from what lies there, or (the
  /// first stage) from |0…0⟩ times an amplitude.
  void run(T* phi);
  void run_from_zero(Complex amplitude, T* phi);
  void undo(T* phi, T* lambda);
  /// λ_0, after undo() of the first stage, which may leave the part as it comes.
  Complex start_lambda(const T* lambda) const;

  /// The blocks whose index is `base` but for the slots in `varying`; planes 2^slots apart.
  void run_blocks(T* phi, Index base, Index varying);
  void undo_blocks(T* phi, T* lambda, Index base, Index varying);
  /// The last stage's: run, weighed, λ = C φ, and undone in one visit.
  void run_and_undo_blocks(T* phi, T* lambda, const T* cost, Index base, Index varying);

  /// derivatives[k] += what undo() found for angle k since set_angles(), in a fixed order.
  void add_derivatives(std::span<double> derivatives) const;
  /// Σ C |φ|² of run_and_undo_blocks() since then.
  double expectation() const;

  std::size_t bytes() const;
  static std::size_t planned_bytes(const RankStage& stage, const StageBlocks& blocks, int threads,
                                   bool gradient);

 private:
  /// A register with its steps; one a thread where it is a block.
  struct Runner {
    RegisterProgram<T> program;
    Adjoint<T> adjoint;
    AlignedVector<T> phi, lambda, cost;

    Runner(const Program& p, bool block, bool gradient);
  };
  template <class Work>
  void for_blocks(Index base, Index varying, Work work);
  /// Σ over the shares of their number k.
  double sum_of(std::size_t k) const;
  T* copy_plane_in(const T* plane, T* to) const;
  void copy_in(const T* part, Index base, AlignedVector<T>& block) const;
  void copy_out(const AlignedVector<T>& block, Index base, T* part) const;

  int threads_;
  Index size_;   ///< amplitudes of the part
  Index block_;  ///< mask
  std::vector<DerivedAngle> angles_, phase_;
  std::vector<double> values_;           ///< of angles_
  std::vector<double> sums_;             ///< [share of the blocks][angle, then Σ C |φ|²]
  std::deque<Runner> runners_;           // an Adjoint holds on to its program
  std::optional<BlockStages<T>> large_;  ///< in place of runners
};

/// The slots of a block for `stage`, which follows an exchange of `swapped` slots whose chunks have
/// `chunk_bits` others that can be chosen: the swapped ones, those that gates act on, and some of
/// the lowest, so that a block consists of long runs. 0 where that would be too many.
Index block_slots(const Stage& stage, const std::vector<int>& swapped, int chunk_bits);

}  // namespace qhn
