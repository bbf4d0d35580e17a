#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "engine/engine.hpp"

namespace qhn {

/// The cache-blocked statevector engine, for states larger than a cache. It runs block by block
/// through the stages of a BlockPlan (circuit/block_plan.hpp) and, for the gradient, φ and λ
/// together back through them. A block stays in the cache between its last stage forward and the
/// first backward. Threads share the blocks. Memory: two states, and a block of each for every
/// thread. `start` as in make_sweep_engine_from.
std::unique_ptr<Engine> make_block_engine(const Circuit& circuit, int block_qubits,
                                          std::span<const double> cost,
                                          std::span<const Complex> start,
                                          const EngineOptions& options);

/// Bytes that such an engine holds if it starts in |0…0⟩, the cost table excluded.
std::size_t block_engine_bytes(const Circuit& circuit, int block_qubits,
                               const EngineOptions& options);

}  // namespace qhn
