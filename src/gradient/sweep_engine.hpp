#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "circuit/program.hpp"
#include "gradient/engine.hpp"

namespace qhn {

/// The engine for one uncut register: sweeps the whole state forward, multiplies by C, sweeps φ and
/// λ back; one that outgrows the caches in blocks. Memory: two states. It serves circuits too
/// entangled across every cut, and any start state.
std::unique_ptr<Engine> make_sweep_engine(const Circuit& circuit, std::span<const double> cost,
                                          const EngineOptions& options);

/// The same for U(θ)|start⟩ instead of U(θ)|0…0⟩; `start` has 2^N amplitudes and must outlive the
/// engine. state() still gives U(θ)|0…0⟩.
std::unique_ptr<Engine> make_sweep_engine_from(const Circuit& circuit, std::span<const double> cost,
                                               std::span<const Complex> start,
                                               const EngineOptions& options);

/// Qubits of the blocks by which the sweep engine takes a state of so many qubits through the cache
/// (gradient/block_engine.hpp); 0: it sweeps it whole, since it is small. `asked`:
/// EngineOptions::block_qubits. The choice makes a difference to the last bits, so it does not
/// depend on the machine.
int sweep_block_qubits(int qubits, int asked = 0);

std::size_t sweep_engine_bytes(const Circuit& circuit, const EngineOptions& options);

/// All amplitudes of U(θ)|0…0⟩, phases that no measurement sees included. Allocates one state.
template <class T>
void whole_state(const Circuit& circuit, std::span<const double> angles,
                 std::span<Complex> amplitudes, int threads);

}  // namespace qhn
