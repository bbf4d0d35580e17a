#pragma once

#include <vector>

namespace qhn {

enum class NoiseKind { depolarizing, bit_flip, phase_flip, amplitude_damping };
/// "depolarizing", "bit-flip", "phase-flip", "amplitude-damping".
const char* to_string(NoiseKind kind);
std::vector<NoiseKind> noise_kinds();

/// A channel after every gate, on the qubits of that gate. `one_qubit` and `two_qubit` are its
/// probability p (amplitude damping: the rate γ) after gates of one and of two qubits.
///
/// - depolarizing: ρ ↦ (1−p) ρ + p/(4^n−1) Σ P ρ P, over the other Paulis of the gate's n qubits
/// - bit-flip: ρ ↦ (1−p) ρ + p X ρ X, on each qubit of the gate
/// - phase-flip: ρ ↦ (1−p) ρ + p Z ρ Z, on each qubit of the gate
/// - amplitude-damping: Kraus operators diag(1, √(1−γ)), √γ |0⟩⟨1|, on each qubit of the gate
struct Noise {
  NoiseKind kind = NoiseKind::depolarizing;
  double one_qubit = 0.0;
  double two_qubit = 0.0;
  bool none() const { return one_qubit == 0.0 && two_qubit == 0.0; }
};

}  // namespace qhn
