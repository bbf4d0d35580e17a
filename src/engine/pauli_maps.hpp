#pragma once

#include <array>
#include <vector>

#include "circuit/circuit.hpp"

namespace qhn {

/// Linear maps of one-qubit operators in the basis I, X, Y, Z, as [out][in]: an operator is
/// Σ_P c_P P, and the map takes c to M c. Real for every channel.
using PauliMap = std::array<double, 16>;
/// The coefficients (I, X, Y, Z) of an operator.
using PauliVector = std::array<double, 4>;

constexpr PauliMap pauli_identity{1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1};
/// |0⟩⟨0| = (I + Z)/2.
constexpr PauliVector zero_state{0.5, 0.0, 0.0, 0.5};

PauliVector image_of(const PauliMap& map, const PauliVector& v);

/// The channel on one qubit with strength `p` (Noise). Depolarizing: that of a one-qubit gate.
PauliMap channel_map(NoiseKind kind, double p);

/// The two components that Rx, Ry or Rz by t rotates: (a, b) ↦ (cos t a − sin t b, sin t a + cos t
/// b).
struct TurnedPlane {
  int a, b;
};
TurnedPlane turned_plane(GateKind kind);

/// A map of two-qubit operators as a sum of products: Σ_k first_k ⊗ second_k.
struct PauliTerm {
  PauliMap first, second;
};

/// The gate CX (control first), CZ, or Rzz by `angle`, then `noise`, as few terms as possible. A
/// qubit whose operator is known beforehand, the same up to a factor in the component of I, gives
/// fewer: `first`, `second` are these operators, or null. Their terms read the component of I
/// alone.
std::vector<PauliTerm> gate_terms(GateKind kind, double angle, const Noise& noise,
                                  const PauliVector* first, const PauliVector* second);

/// A term of Rzz with an angle that changes: its factor is constant + cosine·cos t + sine·sin t.
struct TurnedTerm {
  PauliTerm term;
  double constant, cosine, sine;
};
/// Rzz by any angle t, then `noise`.
std::vector<TurnedTerm> rzz_terms(const Noise& noise);

}  // namespace qhn
