#pragma once

#include <Eigen/Core>
#include <functional>
#include <span>
#include <vector>

#include "core/random.hpp"

namespace qhn {

/// Gain sequences of SPSA in iteration k = 0, 1, …: a_k = gain/(k + 1 + stability)^alpha and
/// c_k = width/(k + 1)^gamma, with the exponents of J. C. Spall, "Implementation of the
/// simultaneous perturbation algorithm for stochastic optimization", IEEE Trans. Aerospace and
/// Electronic Systems 34 (1998) 817. That paper also recommends a stability of at most a tenth of
/// the iterations.
struct SpsaOptions {
  double gain = 2.0;
  double width = 0.2;
  double stability = 50.0;
  double alpha = 0.602;
  double gamma = 0.101;

  double step(int iteration) const;          ///< a_k
  double perturbation(int iteration) const;  ///< c_k
};

/// A noisy estimate of f(x).
using NoisyFunction = std::function<double(std::span<const double> x)>;

/// The simultaneous-perturbation estimate (f(x + cΔ) − f(x − cΔ))/(2cΔ_k) of ∇f(x) into `gradient`,
/// Δ_k = ±1 drawn from `rng`: two evaluations, that at x + cΔ first.
void spsa_gradient(const NoisyFunction& f, std::span<const double> x, double c, CounterRng& rng,
                   std::span<double> gradient);

/// |⟨ψ(x)|ψ(y)⟩|² of the state at x and those at several y, or estimates.
using Fidelities = std::function<std::vector<double>(std::span<const double> x,
                                                     const std::vector<std::vector<double>>& ys)>;

constexpr int fidelities_of_metric = 4;

/// metric += weight · Ĝ, the estimate of the Fubini–Study metric at x from four fidelities F(x, ·):
///   Ĝ = −δF/(8c²) (Δ Δ'ᵀ + Δ' Δᵀ),
///   δF = F(x + cΔ + cΔ') − F(x + cΔ) − F(x − cΔ + cΔ') + F(x − cΔ),
/// Δ_k, Δ'_k = ±1 drawn from `rng` (J. Gacon, C. Zoufal, G. Carleo, S. Woerner, Quantum 5 (2021)
/// 567).
void add_spsa_metric(const Fidelities& fidelities, std::span<const double> x, double c,
                     CounterRng& rng, double weight, Eigen::MatrixXd& metric);

}  // namespace qhn
