#include "engine/pauli_maps.hpp"

#include <Eigen/Dense>
#include <cmath>
#include <complex>

#include "core/types.hpp"

namespace qhn {
namespace {

using Matrix2 = Eigen::Matrix2cd;
using Matrix4 = Eigen::Matrix4cd;
using Map2 = Eigen::Matrix<double, 16, 16>;

Matrix2 pauli(int p) {
  const Complex i(0.0, 1.0);
  Matrix2 m;
  switch (p) {
    case 0:
      m << 1, 0, 0, 1;
      break;
    case 1:
      m << 0, 1, 1, 0;
      break;
    case 2:
      m << 0, -i, i, 0;
      break;
    default:
      m << 1, 0, 0, -1;
  }
  return m;
}

/// first ⊗ second.
Matrix4 kronecker(const Matrix2& first, const Matrix2& second) {
  Matrix4 m;
  for (int a = 0; a < 2; ++a)
    for (int b = 0; b < 2; ++b) m.block<2, 2>(2 * a, 2 * b) = first(a, b) * second;
  return m;
}

Matrix4 gate_matrix(GateKind kind, double angle) {
  Matrix4 m = Matrix4::Identity();
  if (kind == GateKind::cx) {
    m << 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0;
  } else if (kind == GateKind::cz) {
    m(3, 3) = -1;
  } else {
    for (int x = 0; x < 4; ++x) m(x, x) = std::polar(1.0, (x == 0 || x == 3 ? -0.5 : 0.5) * angle);
  }
  return m;
}

/// The map ρ ↦ U ρ U†, indexed by 4·first + second.
Map2 conjugation(const Matrix4& u) {
  Map2 map;
  for (int in = 0; in < 16; ++in) {
    const Matrix4 image = u * kronecker(pauli(in / 4), pauli(in % 4)) * u.adjoint();
    for (int out = 0; out < 16; ++out)
      map(out, in) = (kronecker(pauli(out / 4), pauli(out % 4)) * image).trace().real() / 4.0;
  }
  return map;
}

/// What remains of the non-identity Paulis of two qubits.
double two_qubit_rest(double p) { return 1.0 - 16.0 / 15.0 * p; }

PauliMap times(const PauliMap& a, const PauliMap& b) {
  PauliMap c{};
  for (std::size_t i = 0; i < 4; ++i)
    for (std::size_t j = 0; j < 4; ++j)
      for (std::size_t k = 0; k < 4; ++k) c[4 * i + j] += a[4 * i + k] * b[4 * k + j];
  return c;
}

Map2 noise_map(const Noise& noise) {
  Map2 map = Map2::Identity();
  if (noise.kind == NoiseKind::depolarizing) {
    map *= two_qubit_rest(noise.two_qubit);
    map(0, 0) = 1.0;
    return map;
  }
  const PauliMap one = channel_map(noise.kind, noise.two_qubit);
  for (int out = 0; out < 16; ++out)
    for (int in = 0; in < 16; ++in)
      map(out, in) = one[static_cast<std::size_t>(4 * (out / 4) + in / 4)] *
                     one[static_cast<std::size_t>(4 * (out % 4) + in % 4)];
  return map;
}

/// Only the component of I is read, which a known operator has: its other components follow.
void read_identity_only(Map2& map, const PauliVector* known, bool first) {
  if (!known) return;
  Map2 read = Map2::Zero();
  for (int out = 0; out < 16; ++out)
    for (int other = 0; other < 4; ++other) {
      double sum = 0.0;
      for (int p = 0; p < 4; ++p)
        sum += map(out, first ? 4 * p + other : 4 * other + p) *
               (*known)[static_cast<std::size_t>(p)] / (*known)[0];
      read(out, first ? other : 4 * other) = sum;
    }
  map = read;
}

}  // namespace

PauliVector image_of(const PauliMap& map, const PauliVector& v) {
  PauliVector result{};
  for (std::size_t i = 0; i < 4; ++i)
    for (std::size_t k = 0; k < 4; ++k) result[i] += map[4 * i + k] * v[k];
  return result;
}

PauliMap channel_map(NoiseKind kind, double p) {
  PauliMap map = pauli_identity;
  const auto scale = [&map](double x, double y, double z) {
    map[5] = x;
    map[10] = y;
    map[15] = z;
  };
  switch (kind) {
    case NoiseKind::depolarizing: {
      const double rest = 1.0 - 4.0 / 3.0 * p;
      scale(rest, rest, rest);
      break;
    }
    case NoiseKind::bit_flip:
      scale(1.0, 1.0 - 2.0 * p, 1.0 - 2.0 * p);
      break;
    case NoiseKind::phase_flip:
      scale(1.0 - 2.0 * p, 1.0 - 2.0 * p, 1.0);
      break;
    case NoiseKind::amplitude_damping:
      scale(std::sqrt(1.0 - p), std::sqrt(1.0 - p), 1.0 - p);
      map[12] = p;  // I ↦ I + γ Z
      break;
  }
  return map;
}

TurnedPlane turned_plane(GateKind kind) {
  if (kind == GateKind::rx) return {2, 3};
  if (kind == GateKind::ry) return {3, 1};
  return {1, 2};
}

std::vector<PauliTerm> gate_terms(GateKind kind, double angle, const Noise& noise,
                                  const PauliVector* first, const PauliVector* second) {
  Map2 map = noise_map(noise) * conjugation(gate_matrix(kind, angle));
  read_identity_only(map, first, true);
  read_identity_only(map, second, false);
  // Operator Schmidt decomposition: singular values of [first out, first in] × [second out, in].
  Map2 shuffled;
  for (int out = 0; out < 16; ++out)
    for (int in = 0; in < 16; ++in)
      shuffled(4 * (out / 4) + in / 4, 4 * (out % 4) + in % 4) = map(out, in);
  const Eigen::JacobiSVD<Map2> svd(shuffled, Eigen::ComputeFullU | Eigen::ComputeFullV);
  std::vector<PauliTerm> terms;
  for (int k = 0; k < 16 && svd.singularValues()(k) > 1e-14 * svd.singularValues()(0); ++k) {
    const double root = std::sqrt(svd.singularValues()(k));
    PauliTerm& term = terms.emplace_back();
    for (int e = 0; e < 16; ++e) {
      // Rounding noise of entries that are 0 would only cost time.
      const double u = root * svd.matrixU()(e, k), v = root * svd.matrixV()(e, k);
      term.first[static_cast<std::size_t>(e)] = std::abs(u) < 1e-15 ? 0.0 : u;
      term.second[static_cast<std::size_t>(e)] = std::abs(v) < 1e-15 ? 0.0 : v;
    }
  }
  return terms;
}

std::vector<TurnedTerm> rzz_terms(const Noise& noise) {
  // ρ ↦ c² ρ + s² ZZρZZ + 2cs (−i/2)(ZZρ − ρZZ), c = cos t/2, s = sin t/2. With A = (Zρ + ρZ)/2 and
  // B = −i(Zρ − ρZ)/2 on one qubit, the last bracket is A ⊗ B + B ⊗ A.
  constexpr PauliMap conjugated{1, 0, 0, 0, 0, -1, 0, 0, 0, 0, -1, 0, 0, 0, 0, 1};
  constexpr PauliMap even{0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0};
  constexpr PauliMap odd{0, 0, 0, 0, 0, 0, -1, 0, 0, 1, 0, 0, 0, 0, 0, 0};
  std::vector<TurnedTerm> terms{{{pauli_identity, pauli_identity}, 0.5, 0.5, 0.0},
                                {{conjugated, conjugated}, 0.5, -0.5, 0.0},
                                {{even, odd}, 0.0, 0.0, 1.0},
                                {{odd, even}, 0.0, 0.0, 1.0}};
  if (noise.kind == NoiseKind::depolarizing) {
    const double rest = two_qubit_rest(noise.two_qubit);
    for (TurnedTerm& t : terms) {
      t.constant *= rest;
      t.cosine *= rest;
      t.sine *= rest;
    }
    constexpr PauliMap identity_alone{1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    if (rest < 1.0) terms.push_back({{identity_alone, identity_alone}, 1.0 - rest, 0.0, 0.0});
    return terms;
  }
  const PauliMap channel = channel_map(noise.kind, noise.two_qubit);
  for (TurnedTerm& t : terms)
    t.term = {times(channel, t.term.first), times(channel, t.term.second)};
  return terms;
}

}  // namespace qhn
