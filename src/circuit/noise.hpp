#pragma once

#include <vector>

namespace qhn {

enum class NoiseKind { depolarizing, bit_flip, phase_flip, amplitude_damping };
/// "depolarizing", "bit-flip", "phase-flip", "amplitude-damping".
const char* to_string(NoiseKind kind);
std::vector<NoiseKind> noise_kinds();

/// Readout of a qubit: the probability to read 1 where it is 0, and 0 where it is 1.
struct ReadoutError {
  double one_for_zero = 0.0;
  double zero_for_one = 0.0;
};

/// A channel after every gate, on the qubits of that gate, and errors of the readout. `one_qubit`
/// and `two_qubit` are its probability p (amplitude damping: the rate γ) after gates of one and of
/// two qubits.
///
/// - depolarizing: ρ ↦ (1−p) ρ + p/(4^n−1) Σ P ρ P, over the other Paulis of the gate's n qubits
/// - bit-flip: ρ ↦ (1−p) ρ + p X ρ X, on each qubit of the gate
/// - phase-flip: ρ ↦ (1−p) ρ + p Z ρ Z, on each qubit of the gate
/// - amplitude-damping: Kraus operators diag(1, √(1−γ)), √γ |0⟩⟨1|, on each qubit of the gate
///
/// The readout changes the probabilities of strings: p ↦ (⊗_q M_q) p, M_q = [[1−a, b], [a, 1−b]]
/// with a = one_for_zero and b = zero_for_one of qubit q.
struct Noise {
  NoiseKind kind = NoiseKind::depolarizing;
  double one_qubit = 0.0;
  double two_qubit = 0.0;
  std::vector<ReadoutError> readout{};  ///< of each qubit; one entry: of all; empty: none

  bool none() const;
  ReadoutError readout_of(int qubit) const;
  double largest() const;  ///< of all probabilities
};

/// All probabilities times `factor`.
Noise scaled(const Noise& noise, double factor);

}  // namespace qhn
