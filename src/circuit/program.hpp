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
  /// Large ones mod 4π.
  double value(std::span<const double> angles) const { return reduced_angle(as_given(angles)); }
  double as_given(std::span<const double> angles) const {
    return index >= 0 ? angles[static_cast<std::size_t>(index)] : fixed;
  }
};

/// Ry on every qubit of a register, preceded by CX gates that cost nothing here: pairwise disjoint,
/// each control below its target. Entries are indexed by qubit.
struct Rotation {
  std::vector<Angle> angles;    ///< fixed 0 where a qubit is not rotated
  std::vector<int> control_of;  ///< control of the CX that targets this qubit; −1: none
  Index active() const;         ///< the qubits that are rotated or targeted
};

/// One factor of a diagonal: diag(1, e^{iφ}) on `first`, or exp(−iφ Z⊗Z/2) on (first, second).
struct PhaseTerm {
  int first;   ///< −1, and `second` too: e^{iφ}, whatever the qubits
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

/// What happens to one register of `qubits` qubits that starts in |0…0⟩.
struct Program {
  int qubits = 0;
  int branches = 1;  ///< branch states at the end
  std::vector<Step> steps;
};

/// The circuit cut into a low register (qubits 0…n−1) and a high one (n…N−1):
///   ψ[high, low] = Σ_k A_k[high] B_k[low],  k = 0 … branches − 1.
/// Every two-qubit gate across the cut is a sum of two products (its Schmidt rank is 2), so each
/// doubles the number of terms; gates that act trivially on |0…0⟩ are dropped first. With no high
/// qubits this is the plain circuit. (The idea is that of hybrid Schrödinger–Feynman simulation,
/// e.g. arXiv:1807.10749; here the gradient goes through it as well.)
struct CutCircuit {
  Program low;
  Program high;
  int branches() const { return low.branches; }
  int qubits() const { return low.qubits + high.qubits; }
};

/// Which part of the circuit matters.
enum class Purpose {
  state,           ///< every gate, but for those trivial on |0…0⟩
  expectation,     ///< without the diagonal gates that no later gate turns into something visible
  any_state,       ///< every gate, from any start: those trivial on |0…0⟩ too
  any_expectation  ///< expectation, from any start
};
constexpr bool starts_in_zero(Purpose p) {
  return p == Purpose::state || p == Purpose::expectation;
}
constexpr bool ends_in_state(Purpose p) { return p == Purpose::state || p == Purpose::any_state; }

/// The gates that matter, in order. Trivial on |0…0⟩ and left out: CX and CZ whose control and Rz
/// whose qubit nothing has touched (only where all start in |0…0⟩). Left out at the end, but for
/// states: diagonal gates that no later gate makes visible.
std::vector<Gate> visible_gates(const Circuit& circuit, Purpose purpose);

/// All these gates on one register. Gate angles: as in the circuit.
Program register_program(int qubits, std::span<const Gate> gates);

/// Cuts below qubit `low_qubits`, 1 <= low_qubits <= N. Throws InputError when more than
/// `max_branches` branches would be needed.
CutCircuit cut_circuit(const Circuit& circuit, int low_qubits, Purpose purpose,
                       int max_branches = 1 << 10);

/// Fused multiply-adds of one expectation with gradient under this cut: the model that chooses.
double gradient_fmas(const CutCircuit& cut);

/// The cut into two registers with the fewest gradient_fmas. Requires at least two qubits; throws
/// InputError where every cut needs too many branches.
CutCircuit cheapest_proper_cut(const Circuit& circuit, Purpose purpose);

/// The cheaper of that and the uncut circuit.
CutCircuit best_cut(const Circuit& circuit, Purpose purpose);

}  // namespace qhn
