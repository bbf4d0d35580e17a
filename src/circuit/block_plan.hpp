#pragma once

#include <vector>

#include "circuit/part_stage.hpp"
#include "circuit/schedule.hpp"

namespace qhn {

/// How a circuit runs block by block on a state larger than a cache: like exchange_plan.hpp, with
/// cache blocks in place of ranks. In a stage the state consists of independent blocks of 2^L
/// amplitudes, those whose indices agree in all bits except L. Each block is gathered into the
/// cache, runs through all gates of the stage, and is written back. So a stage is one pass over
/// memory. There are fewer stages than sublayers: a window of qubits runs ahead along its light
/// cone. The lowest qubits are local in every stage, so that a block consists of contiguous runs.
struct BlockStage {
  Index local = 0;  ///< the L bits of the index that differ within a block
  /// Slots are the local bits in ascending order; part r is the block whose other bits are r. The
  /// phase of the whole block is the term {−1, −1, …} of one of the schedule's phases. Its angle is
  /// the sum over `phase` and follows the last of `angles`. The last stage of an expectation has
  /// none.
  PartStage part;
};

struct BlockPlan {
  int qubits = 0;
  int block_qubits = 0;
  /// From |0…0⟩: start[i] is the Ry angle of the qubit that is bit i of the block number in the
  /// first stage. Block r starts as |0…0⟩ times cos θ/2 for every bit of r that is 0 and sin θ/2
  /// for every bit that is 1.
  std::vector<Angle> start;
  std::vector<BlockStage> stages;  ///< at least one
  Index blocks() const { return dimension(qubits - block_qubits); }
};

/// The plan with the fewest stages that a beam search finds. Requires 1 <= block_qubits < N. With a
/// purpose any_… the caller provides the start state; otherwise it is |0…0⟩.
BlockPlan plan_blocks(const Circuit& circuit, int block_qubits, Purpose purpose);

}  // namespace qhn
