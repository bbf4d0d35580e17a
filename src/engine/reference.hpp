#pragma once

#include <span>
#include <vector>

#include "circuit/circuit.hpp"
#include "core/angle.hpp"
#include "core/types.hpp"

namespace qhn {

/// The angle of a gate: its entry of the angle vector, or its fixed value; mod 4π if large.
inline double gate_angle(const Gate& gate, std::span<const double> angles) {
  return reduced_angle(gate.angle >= 0 ? angles[static_cast<std::size_t>(gate.angle)] : gate.fixed);
}

/// Applies a gate by its definition in circuit.hpp, without optimization: the reference that every
/// fast engine is tested against. `state` has 2^N amplitudes.
void apply_gate_reference(const Gate& gate, double angle, std::span<Complex> state);

/// U(θ)|0…0⟩.
std::vector<Complex> reference_state(const Circuit& circuit, std::span<const double> angles);

/// Σ_w |ψ_w|² C(w).
double reference_expectation(std::span<const Complex> state, std::span<const double> cost);

}  // namespace qhn
