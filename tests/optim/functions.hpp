#pragma once

#include <cmath>
#include <span>
#include <vector>

namespace qhn::test {

/// Σ 100 (x_{i+1} − x_i²)² + (1 − x_i)²: minimum 0 at (1, …, 1).
inline double rosenbrock(std::span<const double> x, std::span<double> g) {
  double f = 0.0;
  for (double& gi : g) gi = 0.0;
  for (std::size_t i = 0; i + 1 < x.size(); ++i) {
    const double t = x[i + 1] - x[i] * x[i];
    const double u = 1.0 - x[i];
    f += 100.0 * t * t + u * u;
    g[i] -= 400.0 * x[i] * t + 2.0 * u;
    g[i + 1] += 200.0 * t;
  }
  return f;
}

/// ½ Σ (i+1)² (x_i − i)²: minimum 0 at x_i = i, condition number n².
inline double quadratic(std::span<const double> x, std::span<double> g) {
  double f = 0.0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double k = static_cast<double>((i + 1) * (i + 1));
    const double t = x[i] - static_cast<double>(i);
    f += 0.5 * k * t * t;
    g[i] = k * t;
  }
  return f;
}

/// ½ Σ x_i²/(i+1) + Σ log(1 + exp(a_i · x)) with fixed a_ij = sin(i + 2j): strictly convex, its
/// minimum known to no formula.
inline double softplus_sum(std::span<const double> x, std::span<double> g) {
  double f = 0.0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    f += 0.5 * x[i] * x[i] / static_cast<double>(i + 1);
    g[i] = x[i] / static_cast<double>(i + 1);
  }
  for (int i = 0; i < 20; ++i) {
    double z = 0.0;
    for (std::size_t j = 0; j < x.size(); ++j)
      z += std::sin(i + 2.0 * static_cast<double>(j)) * x[j];
    f += std::log1p(std::exp(z));
    const double p = 1.0 / (1.0 + std::exp(-z));
    for (std::size_t j = 0; j < x.size(); ++j)
      g[j] += p * std::sin(i + 2.0 * static_cast<double>(j));
  }
  return f;
}

/// A sum of products of cosines, periodic with many minima, as an expectation is in its angles.
inline double ripples(std::span<const double> x, std::span<double> g) {
  double f = 0.0;
  for (double& gi : g) gi = 0.0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const std::size_t j = (i + 1) % x.size();
    const double w = 1.0 + 0.3 * static_cast<double>(i);
    f += w * std::cos(x[i] - 0.7) * std::cos(2.0 * x[j]) + 0.5 * std::sin(x[i]);
    g[i] += -w * std::sin(x[i] - 0.7) * std::cos(2.0 * x[j]) + 0.5 * std::cos(x[i]);
    g[j] += -2.0 * w * std::cos(x[i] - 0.7) * std::sin(2.0 * x[j]);
  }
  return f;
}

}  // namespace qhn::test
