#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "gradient/engine.hpp"

namespace qhn {

/// The sweep engine for states larger than a cache: block by block through the stages of a
/// BlockPlan (circuit/block_plan.hpp) and, for the gradient, φ and λ together back through them.
/// Between the last stage and its way back a block stays in the cache. Threads share the blocks.
/// Memory: two states, and a block of each for every thread. `start` as in make_sweep_engine_from.
std::unique_ptr<Engine> make_block_engine(const Circuit& circuit, int block_qubits,
                                          std::span<const double> cost,
                                          std::span<const Complex> start,
                                          const EngineOptions& options);

/// Of an engine that starts in |0…0⟩.
std::size_t block_engine_bytes(const Circuit& circuit, int block_qubits,
                               const EngineOptions& options);

}  // namespace qhn
