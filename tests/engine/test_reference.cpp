#include <gtest/gtest.h>

#include <Eigen/Dense>
#include <unsupported/Eigen/KroneckerProduct>

#include "core/random.hpp"
#include "engine/reference.hpp"

namespace qhn {
namespace {

using Matrix = Eigen::MatrixXcd;

Matrix one_qubit(const Gate& gate, double t) {
  const Complex i(0, 1);
  Matrix m(2, 2);
  switch (gate.kind) {
    case GateKind::rx:
      m << std::cos(t / 2), -i * std::sin(t / 2), -i * std::sin(t / 2), std::cos(t / 2);
      break;
    case GateKind::ry:
      m << std::cos(t / 2), -std::sin(t / 2), std::sin(t / 2), std::cos(t / 2);
      break;
    default:
      m << 1, 0, 0, std::exp(i * t);
  }
  return m;
}

/// ⊗ of one matrix per qubit, qubit 0 the last factor.
Matrix product(const std::vector<Matrix>& factors) {
  Matrix all = Matrix::Identity(1, 1);
  for (auto f = factors.rbegin(); f != factors.rend(); ++f) {
    const Matrix next = Eigen::kroneckerProduct(all, *f);
    all = next;
  }
  return all;
}

/// The 2^n × 2^n unitary of a gate from projectors and Pauli matrices.
Matrix dense(const Gate& gate, double t, int n) {
  const Complex i(0, 1);
  const Matrix one = Matrix::Identity(2, 2);
  Matrix p0 = Matrix::Zero(2, 2), p1 = Matrix::Zero(2, 2), x(2, 2), z(2, 2);
  p0(0, 0) = 1;
  p1(1, 1) = 1;
  x << 0, 1, 1, 0;
  z << 1, 0, 0, -1;
  std::vector<Matrix> a(static_cast<std::size_t>(n), one), b = a;
  const auto first = static_cast<std::size_t>(gate.first);
  const auto second = static_cast<std::size_t>(std::max(gate.second, 0));
  switch (gate.kind) {
    case GateKind::cx:
    case GateKind::cz:
      a[first] = p0;
      b[first] = p1;
      b[second] = gate.kind == GateKind::cx ? x : z;
      return product(a) + product(b);
    case GateKind::rzz:
      b[first] = z;
      b[second] = z;
      return std::cos(t / 2) * product(a) - i * std::sin(t / 2) * product(b);
    default:
      a[first] = one_qubit(gate, t);
      return product(a);
  }
}

TEST(Reference, EveryGateIsItsMatrix) {
  constexpr int n = 3;
  CounterRng rng(7, Stream::shots, 0);
  for (GateKind kind :
       {GateKind::cx, GateKind::cz, GateKind::rx, GateKind::ry, GateKind::rz, GateKind::rzz})
    for (int first = 0; first < n; ++first)
      for (int second = 0; second < n; ++second) {
        if (first == second) continue;
        const Gate gate{kind, first, is_two_qubit(kind) ? second : -1};
        const double t = 6.0 * rng.uniform();
        const Matrix u = dense(gate, t, n);
        EXPECT_LT((u.adjoint() * u - Matrix::Identity(8, 8)).norm(), 1e-14);
        std::vector<Complex> state(8);
        Eigen::VectorXcd expected(8);
        for (int k = 0; k < 8; ++k)
          expected[k] = state[static_cast<std::size_t>(k)] = {rng.uniform(), rng.uniform()};
        apply_gate_reference(gate, t, state);
        expected = u * expected;
        for (int k = 0; k < 8; ++k)
          EXPECT_LT(std::abs(expected[k] - state[static_cast<std::size_t>(k)]), 1e-14)
              << to_string(kind);
      }
}

}  // namespace
}  // namespace qhn
