#pragma once

#include <span>
#include <utility>
#include <variant>
#include <vector>

#include "circuit/circuit.hpp"
#include "core/angle.hpp"

namespace qhn {

/// A gate's angle: entry `index` of the angle vector, or `fixed` where index is −1.
struct Angle {
  int index = -1;
  double fixed = 0.0;
  /// In radians; a large angle is reduced mod 4π.
  double value(std::span<const double> angles) const { return reduced_angle(as_given(angles)); }
  double as_given(std::span<const double> angles) const {
    return index >= 0 ? angles[static_cast<std::size_t>(index)] : fixed;
  }
};

/// Ry on every qubit of a register, preceded by CX gates that are fused with it at no cost:
/// pairwise disjoint, each control below its target. Entries are indexed by qubit.
struct Rotation {
  std::vector<Angle> angles;    ///< fixed 0 where a qubit is not rotated
  std::vector<int> control_of;  ///< control of the CX that targets this qubit; −1: none
  Index active() const;         ///< the qubits that are rotated or targeted
};

/// One factor of a diagonal: diag(1, e^{iφ}) on `first`, or exp(−iφ Z⊗Z/2) on (first, second).
struct PhaseTerm {
  int first;   ///< −1, and `second` too: global phase e^{iφ}
  int second;  ///< −1: a one-qubit phase
  Angle angle;
  bool global() const { return first < 0; }
  bool pair() const { return second >= 0; }
};
struct Phase {
  std::vector<PhaseTerm> terms;
};

/// CX gates in order, as (control, target).
struct Permutation {
  std::vector<std::pair<int, int>> cx;
};

/// CZ gates as pairs of qubits, each pair at most once.
struct Sign {
  std::vector<std::pair<int, int>> cz;
};

/// One half of a two-qubit gate that crosses the cut. Every branch state a becomes two: the copies
/// with path bit 0 keep their places, those with bit 1 are appended.
///   project:  a ↦ (P_even a, P_odd a), P by the parity of `mask & x`
///   flip:     a ↦ (a, a′), a′[x] = a[x ⊕ mask]
///   sign:     a ↦ (a, a′), a′[x] = (−1)^{parity(mask & x)} a[x]
///   weighted: a ↦ (cos(φ/2) a, −i sin(φ/2) a′) with a′ as for sign
/// A crossing CX is (project, flip), a crossing block of CZ (project, sign), Rzz (weighted, sign).
struct Branch {
  enum class Kind { project, flip, sign, weighted };
  Kind kind;
  Index mask;
  Angle angle;  ///< weighted only
};

using Step = std::variant<Rotation, Phase, Permutation, Sign, Branch>;

/// Circuit schedule of one register of `qubits` qubits. It starts with one branch state, |0…0⟩
/// unless the purpose is any_….
struct Schedule {
  int qubits = 0;
  int branches = 1;  ///< branch states at the end
  std::vector<Step> steps;
};

/// The circuit cut into a low register (qubits 0…n−1) and a high one (n…N−1):
///   ψ[high, low] = Σ_k A_k[high] B_k[low],  k = 0 … branches − 1.
/// Every two-qubit gate across the cut is a sum of two products (its Schmidt rank is 2), so each
/// doubles the number of terms; gates that act trivially on |0…0⟩ are dropped first. Without high
/// qubits the circuit is uncut. (The idea is that of hybrid Schrödinger–Feynman simulation, e.g.
/// arXiv:1807.10749; here gradients pass through it as well.)
struct CutCircuit {
  Schedule low;
  Schedule high;
  int branches() const { return low.branches; }
  int qubits() const { return low.qubits + high.qubits; }
};

/// What a circuit is run for. It decides which gates are needed (visible_gates).
enum class Purpose {
  state,           ///< all gates except those trivial on |0…0⟩
  expectation,     ///< as state, without diagonal gates that no later gate makes visible
  any_state,       ///< from any start state: all gates
  any_expectation  ///< from any start state: without diagonal gates as in expectation
};
constexpr bool starts_in_zero(Purpose p) {
  return p == Purpose::state || p == Purpose::expectation;
}
constexpr bool ends_in_state(Purpose p) { return p == Purpose::state || p == Purpose::any_state; }

/// The gates that `purpose` needs, in order. Left out when the start is |0…0⟩: CX whose control, CZ
/// one of whose qubits, and Rz whose qubit no earlier gate has changed. Left out at the end, except
/// for states: diagonal gates that no later gate makes visible.
std::vector<Gate> visible_gates(const Circuit& circuit, Purpose purpose);

/// Schedule of all these gates on one register. Angle indices are those of the gates.
Schedule register_schedule(int qubits, std::span<const Gate> gates);

/// Cuts below qubit `low_qubits`, 1 <= low_qubits <= N. Throws InputError if this needs more than
/// `max_branches` branches.
CutCircuit cut_circuit(const Circuit& circuit, int low_qubits, Purpose purpose,
                       int max_branches = 1 << 10);

/// Predicted fused multiply-adds of one expectation with gradient. Cuts are chosen by this number.
double gradient_fmas(const CutCircuit& cut);

/// The cut into two registers with the fewest gradient_fmas. Requires at least two qubits; throws
/// InputError if every cut near the middle needs more than 256 branches.
CutCircuit cheapest_proper_cut(const Circuit& circuit, Purpose purpose);

/// The cheaper of cheapest_proper_cut() and the uncut circuit.
CutCircuit best_cut(const Circuit& circuit, Purpose purpose);

}  // namespace qhn
