#pragma once

#include <span>
#include <vector>

#include "circuit/circuit.hpp"
#include "core/aligned.hpp"
#include "core/random.hpp"

namespace qhn {

/// Uniform in [0, 2π).
void fill_angles(std::span<double> angles, CounterRng& rng);
/// Uniform in [0, 1), filled by `threads` threads; the same for any number of them.
void fill_random(std::span<double> values, std::uint64_t seed, int threads);
/// A unit vector of random amplitudes.
void fill_random_state(std::span<Complex> amplitudes, std::uint64_t seed, int threads);
/// C(w) = Σ_q weights[q]·(bit q of w).
void fill_one_body(std::span<double> costs, std::span<const double> weights, int threads);

struct Derivatives {
  double value = 0.0;
  std::vector<double> gradient;
};

/// E and ∇E from |0…0⟩ for the one-body cost above: each term needs only the qubits in its light
/// cone, which the gate-by-gate reference engine simulates. A truth for circuits of any width.
Derivatives one_body_truth(const Circuit& circuit, std::span<const double> weights,
                           std::span<const double> angles);

/// U(θ)|start⟩, gate by gate.
AlignedVector<Complex> naive_state(const Circuit& circuit, std::span<const Complex> start,
                                   std::span<const double> angles);

/// ∂E/∂θ_k = (E(θ_k + π/2) − E(θ_k − π/2))/2 from naive states: exact for Ry and Rz.
double naive_derivative(const Circuit& circuit, std::span<const double> cost,
                        std::span<const Complex> start, std::vector<double> angles, std::size_t k);

}  // namespace qhn
