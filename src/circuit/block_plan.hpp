#pragma once

#include <vector>

#include "circuit/program.hpp"
#include "circuit/spread_stage.hpp"

namespace qhn {

/// The plan of exchange_plan.hpp one level down: how a circuit runs on a state larger than a cache.
/// In a stage the state falls into blocks of 2^L amplitudes that do not see each other, those whose
/// index agrees in all bits but L; each is gathered into the cache, taken through all gates of the
/// stage, and put back where it was. So the state passes through memory once a stage, and there
/// are fewer stages than sublayers: a window of qubits runs ahead along its light cone. The lowest
/// qubits are local in every stage, so that what is gathered comes in runs.
struct BlockStage {
  Index local = 0;  ///< the L bits of the index that differ within a block
  /// Slots are the local bits in ascending order, part r is the block whose other bits are r. The
  /// phase of the whole block is a term of one of the program's phases, {−1, −1, …}, and its angle,
  /// the sum over `phase`, the one after the last of `angles`. The last stage does without.
  SpreadStage spread;
};

struct BlockPlan {
  int qubits = 0;
  int block_qubits = 0;
  /// From |0…0⟩: Ry angles of the bits that are spread in the first stage, bit i of the block's
  /// number first. Block r starts as |0…0⟩ times cos θ/2 for every bit that is 0, sin θ/2 for every
  /// other.
  std::vector<Angle> start;
  std::vector<BlockStage> stages;  ///< at least one
  Index blocks() const { return dimension(qubits - block_qubits); }
};

/// The plan with the fewest stages that a beam search finds. Requires 1 <= block_qubits < N. For
/// Purpose::any_expectation from a start of one's own, else from |0…0⟩.
BlockPlan plan_blocks(const Circuit& circuit, int block_qubits, Purpose purpose);

}  // namespace qhn
