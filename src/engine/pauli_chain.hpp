#pragma once

#include <memory>
#include <span>
#include <vector>

#include "circuit/circuit.hpp"
#include "circuit/schedule.hpp"
#include "core/aligned.hpp"
#include "engine/pauli_maps.hpp"

namespace qhn {

/// One step of a qubit's tensor T[p][left][right], p the component I, X, Y or Z. Every two-qubit
/// gate is a sum of m products; the index of that sum becomes a bond between the two qubits.
struct ChainStep {
  enum class Kind {
    turn,     ///< rotates two components by an angle, then applies maps[0]
    right,    ///< T'[p][l][k·R + r] = w_k Σ_q maps[k][p][q] T[q][l][r]
    left,     ///< T'[p][k·L + l][r] = w_k Σ_q maps[k][p][q] T[q][l][r]
    through,  ///< T'[p][k·L + l][k·R + r] = T[p][l][r], 0 elsewhere: a bond that passes this qubit
  };
  Kind kind;
  std::vector<PauliMap> maps;  ///< through: as many as the sum has terms
  Angle angle;
  GateKind gate = GateKind::ry;                      ///< turn: Rx, Ry or Rz
  std::vector<double> constant{}, cosine{}, sine{};  ///< w_k of a turned Rzz; empty: 1
  Index left_size = 1, right_size = 1;               ///< of T'
};

/// A circuit with noise as a chain of tensors, one for each qubit. The density operator is
///   ρ = Σ_{p_0 … p_{N−1}} (T_0[p_0] T_1[p_1] … T_{N−1}[p_{N−1}]) P_{p_{N−1}} ⊗ … ⊗ P_{p_0},
/// so T_q's left bond leads to qubit q − 1. Nothing is truncated: each entry of the tensors is a
/// polynomial in sines and cosines of the angles.
struct ChainPlan {
  int qubits = 0;
  int angles = 0;                             ///< of the circuit
  std::vector<std::vector<ChainStep>> steps;  ///< of each qubit, in the order of time
  std::vector<Index> bonds;           ///< bonds[q]: between qubits q − 1 and q; 1 at both ends
  std::vector<ReadoutError> readout;  ///< of each qubit
  /// The bond at which the table is divided, of all the one with the fewest fmas(): qubits below it
  /// choose the column, the others the row.
  int middle = 0;

  /// Numbers in all tensors of the chain, those between the steps included.
  double elements() const;
  double bond(int q) const { return static_cast<double>(bonds[static_cast<std::size_t>(q)]); }
  /// χ: of the middle bond.
  double middle_bond() const { return bond(middle); }
  /// Multiply-adds of one expectation, without or with gradient: 2^N·χ or 2·2^N·χ for the table,
  /// and the half chains. Of the tensors at most; zeros in the maps of gates are skipped.
  double fmas(bool gradient) const;
};

/// Plans any circuit of one- and two-qubit gates. Each two-qubit gate multiplies the bonds between
/// its qubits: CX and CZ by 1 to 5, Rzz by 4 or 5. Throws InputError if one exceeds 4096.
ChainPlan plan_chain(const Circuit& circuit);

/// The tensors of a chain at given angles, and derivatives. Allocates nothing after construction.
/// Between two qubits chunk_poll is called (core/chunks.hpp).
class PauliChain {
 public:
  explicit PauliChain(std::shared_ptr<const ChainPlan> plan);

  /// Computes all tensors at `angles`.
  void forward(std::span<const double> angles);

  /// Component p (0 … 3) of the tensor of qubit q, [left][right].
  std::span<const double> tensor(int q, int p) const;

  /// Where the derivative with respect to that component is to be put before backward().
  std::span<double> adjoint(int q, int p);

  /// gradient[k] += Σ (∂/∂T) ∂T/∂θ_k, with the derivatives in adjoint() and the tensors of the last
  /// forward(angles). Overwrites adjoint().
  void backward(std::span<const double> angles, std::span<double> gradient);

  std::size_t bytes() const;

 private:
  struct Site {
    std::vector<AlignedVector<double>> tensors;  ///< after each step; [0]: |0⟩⟨0|
    AlignedVector<double> adjoint, other;        ///< of the current tensor, and of the one before
  };
  std::shared_ptr<const ChainPlan> plan_;
  std::vector<Site> sites_;
};

}  // namespace qhn
