#pragma once

#include "circuit/block_plan.hpp"
#include "circuit/schedule.hpp"
#include "engine/execution_plan.hpp"

namespace qhn {

/// Counted work of one evaluation. Flops: additions and multiplications of the vector kernels; a
/// fused multiply-add counts as two; trigonometry of angles and the last sums are left out. Bytes:
/// reads and writes of arrays too large for the first-level cache, once per pass over them.
struct Work {
  double flops = 0.0;
  double bytes = 0.0;
  double popcounts = 0.0;  ///< of 64-bit words, for work that counting bits could do
  double exchanged = 0.0;  ///< bytes sent by the ranks that share a state

  Work& operator+=(const Work& other);
  friend Work operator+(Work a, const Work& b) { return a += b; }
  friend Work operator*(double factor, Work w) {
    return {factor * w.flops, factor * w.bytes, factor * w.popcounts, factor * w.exchanged};
  }
};

/// One run of a register's schedule forward, and one backward on φ and λ. Phases must be separable
/// (no Rzz). `groups`: branch_groups(), engine/cut_engine.hpp.
Work forward_work(const Schedule& schedule, int groups = 1);
Work backward_work(const Schedule& schedule, int groups = 1);

/// The same for a part of a state that runs block by block (engine/block_stages.hpp). It starts in
/// memory, or in |0…0⟩, and ends in memory.
Work block_stages_work(const BlockPlan& plan, bool from_zero, bool gradient);

/// Between forward and backward run of an uncut register: E(θ) = Σ C |φ|², and λ = C φ for the
/// gradient.
Work diagonal_work(int qubits, bool gradient);

/// An evaluation by the cut engine, on a rank that holds one of `ranks` equal parts of the rows.
Work cut_work(const CutCircuit& cut, bool gradient, int ranks = 1);

/// E(θ) without and with gradient, of a plan on one rank: by its engine or, if `own_start`, by the
/// statevector engine from a given start state. Double precision.
Work expectation_work(const ExecutionPlan& plan, bool own_start = false);
Work gradient_work(const ExecutionPlan& plan, bool own_start = false);
/// most_probable(θ) after an evaluation at the same angles, as optimizers call it.
Work most_probable_work(const ExecutionPlan& plan);

}  // namespace qhn
