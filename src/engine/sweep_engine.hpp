#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "circuit/schedule.hpp"
#include "engine/engine.hpp"

namespace qhn {

/// The statevector engine (experiment key "sweep"), for one uncut register: runs the state forward,
/// multiplies by C, runs φ and λ backward. A state larger than the caches runs block by block.
/// Memory: two states. It also serves circuits too entangled for any cut, and any start state.
std::unique_ptr<Engine> make_sweep_engine(const Circuit& circuit, std::span<const double> cost,
                                          const EngineOptions& options);

/// The same for U(θ)|start⟩ instead of U(θ)|0…0⟩. `start` has 2^N amplitudes and must outlive the
/// engine. state() still gives U(θ)|0…0⟩.
std::unique_ptr<Engine> make_sweep_engine_from(const Circuit& circuit, std::span<const double> cost,
                                               std::span<const Complex> start,
                                               const EngineOptions& options);

/// Qubits of the statevector engine's cache blocks (engine/block_engine.hpp) for a state of
/// `qubits` qubits; 0: a small state, no blocks. `asked`: EngineOptions::block_qubits. The choice
/// affects the last bits of results, so it does not depend on the machine.
int sweep_block_qubits(int qubits, int asked = 0);

std::size_t sweep_engine_bytes(const Circuit& circuit, const EngineOptions& options);

/// All amplitudes of U(θ)|0…0⟩, with phases that no measurement depends on. Allocates one state.
template <class T>
void whole_state(const Circuit& circuit, std::span<const double> angles,
                 std::span<Complex> amplitudes, int threads);

}  // namespace qhn
