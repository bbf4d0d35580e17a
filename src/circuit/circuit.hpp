#pragma once

#include <string>
#include <vector>

#include "circuit/noise.hpp"
#include "core/types.hpp"

namespace qhn {

enum class Family { product, linear, all_to_all, custom };
const char* to_string(Family family);
/// Parses "product", "linear", "all-to-all" or "custom"; throws InputError for other names.
Family parse_family(const std::string& name);
/// All of them, custom last.
std::vector<Family> circuit_families();

enum class GateKind { cx, cz, rx, ry, rz, rzz };
const char* to_string(GateKind kind);

/// One gate (docs/theory.md, Circuits). Rx(t) = exp(-i t X/2), Ry(t) = exp(-i t Y/2), Rz(t) =
/// diag(1, e^{it}), Rzz(t) = exp(-i t Z⊗Z/2), CX(control, target), CZ(first, second).
struct Gate {
  GateKind kind;
  int first;        ///< qubit of a one-qubit gate; control of a CX
  int second = -1;  ///< second qubit; target of a CX; -1 for one-qubit gates
  int angle = -1;   ///< index into the angle vector; -1: the fixed angle below, or no angle
  double fixed = 0.0;
};

constexpr bool has_angle(GateKind k) { return k != GateKind::cx && k != GateKind::cz; }
constexpr bool is_diagonal(GateKind k) {
  return k == GateKind::rz || k == GateKind::rzz || k == GateKind::cz;
}
constexpr bool is_two_qubit(GateKind k) {
  return k == GateKind::cx || k == GateKind::cz || k == GateKind::rzz;
}

/// A circuit as plain data, in the order in which the gates act on |0…0⟩.
struct Circuit {
  int qubits = 0;
  int angles = 0;  ///< length of the angle vector
  Family family = Family::custom;
  int sublayers = 0;  ///< D of the families; 0 for custom
  std::vector<Gate> gates;
  Noise noise;  ///< after every gate and of the readout; only the tensor engine simulates it
  std::vector<std::string> angle_names;  ///< custom circuits only: name of each angle
};

/// Flat index of Ry(d, q) and Rz(d, q), sublayers counted from 1 (docs/theory.md, Circuits).
constexpr int ry_angle(int qubits, int d, int q) { return (d - 1) * qubits + q; }
constexpr int rz_angle(int qubits, int sublayers, int d, int q) {
  return qubits * sublayers + (d - 1) * qubits + q;
}

/// Sublayers in one published layer of the family: 2 for linear, 1 for product and all-to-all.
int sublayers_per_layer(Family family);

/// A circuit of a family (docs/theory.md, Circuits). Throws InputError unless 1 <= qubits <= 62 and
/// sublayers >= 1, and for custom.
Circuit make_circuit(Family family, int qubits, int sublayers);

/// One entry of a custom circuit as the user wrote it. `angle` names a parameter (equal names share
/// one angle, numbered by first appearance); with an empty name, `value` is the fixed angle.
struct CustomGate {
  std::string gate;         ///< "CX", "CZ", "Rx", "Ry", "Rz", "Rzz" (any case)
  std::vector<int> qubits;  ///< bit numbers; CX: control, target
  std::string angle;
  double value = 0.0;
};

/// Throws InputError, which names the entry (counted from 1), for an unknown gate, a wrong number
/// of qubits, a qubit out of range or used twice, or a missing or surplus angle.
Circuit make_custom_circuit(int qubits, const std::vector<CustomGate>& gates);

}  // namespace qhn
