#pragma once

#include <Eigen/Dense>
#include <array>
#include <cmath>
#include <complex>
#include <span>
#include <vector>

#include "circuit/circuit.hpp"
#include "engine/reference.hpp"

namespace qhn {

/// The density matrix of a circuit with noise by its definition: every gate on rows and columns,
/// then every channel as a sum over its Kraus operators. 4^N complex numbers.
class DenseDensity {
 public:
  /// `gate_angles`: one for each gate of the circuit.
  DenseDensity(const Circuit& circuit, std::span<const double> gate_angles)
      : rho_(Eigen::MatrixXcd::Zero(Eigen::Index{1} << circuit.qubits,
                                    Eigen::Index{1} << circuit.qubits)) {
    rho_(0, 0) = 1.0;
    for (std::size_t g = 0; g < circuit.gates.size(); ++g) {
      const Gate& gate = circuit.gates[g];
      on_columns(gate, gate_angles[g]);
      rho_.adjointInPlace();
      on_columns(gate, gate_angles[g]);
      rho_.adjointInPlace();
      add_noise(gate, circuit.noise);
    }
    read_out(circuit);
  }

  /// To read the string w.
  double probability(Index w) const { return read_[w]; }
  double expectation(std::span<const double> cost) const {
    double sum = 0.0;
    for (Index w = 0; w < cost.size(); ++w) sum += probability(w) * cost[w];
    return sum;
  }

 private:
  /// Every string that is there, times the probability to read every other one for it.
  void read_out(const Circuit& circuit) {
    read_.assign(static_cast<std::size_t>(rho_.rows()), 0.0);
    for (Index there = 0; there < read_.size(); ++there)
      for (Index read = 0; read < read_.size(); ++read) {
        double chance =
            rho_(static_cast<Eigen::Index>(there), static_cast<Eigen::Index>(there)).real();
        for (int q = 0; q < circuit.qubits && chance != 0.0; ++q) {
          const auto& all = circuit.noise.readout;
          const ReadoutError error = all.empty()       ? ReadoutError{}
                                     : all.size() == 1 ? all[0]
                                                       : all[static_cast<std::size_t>(q)];
          const double wrong = there >> q & 1 ? error.zero_for_one : error.one_for_zero;
          chance *= (there ^ read) >> q & 1 ? wrong : 1.0 - wrong;
        }
        read_[read] += chance;
      }
  }

  using One = Eigen::Matrix2cd;
  using Two = Eigen::Matrix4cd;  ///< index: first + 2·second

  void on_columns(const Gate& gate, double angle) {
    for (Eigen::Index c = 0; c < rho_.cols(); ++c)
      apply_gate_reference(gate, angle,
                           {rho_.col(c).data(), static_cast<std::size_t>(rho_.rows())});
  }

  static One pauli(int p) {
    const std::complex<double> i(0.0, 1.0);
    One m;
    if (p == 0) m << 1, 0, 0, 1;
    if (p == 1) m << 0, 1, 1, 0;
    if (p == 2) m << 0, -i, i, 0;
    if (p == 3) m << 1, 0, 0, -1;
    return m;
  }

  static Two on_both(const One& first, const One& second) {
    Two m;
    for (int a = 0; a < 4; ++a)
      for (int b = 0; b < 4; ++b) m(a, b) = first(a % 2, b % 2) * second(a / 2, b / 2);
    return m;
  }

  void add_noise(const Gate& gate, const Noise& noise) {
    const bool pair = gate.second >= 0;
    const double p = pair ? noise.two_qubit : noise.one_qubit;
    if (noise.kind != NoiseKind::depolarizing) {
      for (const int q : {gate.first, gate.second})
        if (q >= 0) through(std::array{q}, kraus(noise.kind, p));
      return;
    }
    if (pair) {
      std::vector<Two> operators;
      for (int k = 0; k < 16; ++k)
        operators.push_back(std::sqrt(k == 0 ? 1.0 - p : p / 15) *
                            on_both(pauli(k % 4), pauli(k / 4)));
      return through(std::array{gate.first, gate.second}, operators);
    }
    std::vector<One> operators;
    for (int k = 0; k < 4; ++k) operators.push_back(std::sqrt(k == 0 ? 1.0 - p : p / 3) * pauli(k));
    through(std::array{gate.first}, operators);
  }

  static std::vector<One> kraus(NoiseKind kind, double p) {
    if (kind == NoiseKind::amplitude_damping) {
      One stays, falls;
      stays << 1, 0, 0, std::sqrt(1.0 - p);
      falls << 0, std::sqrt(p), 0, 0;
      return {stays, falls};
    }
    return {std::sqrt(1.0 - p) * pauli(0),
            std::sqrt(p) * pauli(kind == NoiseKind::bit_flip ? 1 : 3)};
  }

  /// ρ ↦ Σ K ρ K†, K on these qubits: block by block of the strings that differ there.
  template <std::size_t Qubits, class Matrix>
  void through(const std::array<int, Qubits>& qubits, const std::vector<Matrix>& operators) {
    constexpr Eigen::Index count = 1 << Qubits;
    std::array<Eigen::Index, count> offset{};
    for (Eigen::Index x = 0; x < count; ++x)
      for (std::size_t q = 0; q < Qubits; ++q)
        if (x >> q & 1) offset[static_cast<std::size_t>(x)] |= Eigen::Index{1} << qubits[q];
    const Eigen::Index all = offset.back();
    for (Eigen::Index c = 0; c < rho_.cols(); ++c)
      for (Eigen::Index r = 0; r < rho_.rows(); ++r) {
        if (r & all || c & all) continue;
        Matrix block, sum = Matrix::Zero();
        for (Eigen::Index j = 0; j < count; ++j)
          for (Eigen::Index i = 0; i < count; ++i) block(i, j) = entry(offset, r, c, i, j);
        for (const Matrix& k : operators) sum += k * block * k.adjoint();
        for (Eigen::Index j = 0; j < count; ++j)
          for (Eigen::Index i = 0; i < count; ++i) entry(offset, r, c, i, j) = sum(i, j);
      }
  }

  template <class Offsets>
  std::complex<double>& entry(const Offsets& offset, Eigen::Index r, Eigen::Index c, Eigen::Index i,
                              Eigen::Index j) {
    return rho_(r | offset[static_cast<std::size_t>(i)], c | offset[static_cast<std::size_t>(j)]);
  }

  Eigen::MatrixXcd rho_;
  std::vector<double> read_;
};

}  // namespace qhn
