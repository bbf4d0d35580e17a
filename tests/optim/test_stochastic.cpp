#include <gtest/gtest.h>

#include <cmath>

#include "core/error.hpp"
#include "optim/adam.hpp"
#include "optim/spsa.hpp"

namespace qhn {
namespace {

// By hand from algorithm 1: in the first step the moments are g and g² after their correction, in
// the second those of (0.1·g1·0.9 + 0.1·g2)/0.19 and (0.001·0.999·g1² + 0.001·g2²)/0.001999.
TEST(Adam, TakesTheStepsOfItsPaper) {
  Adam adam({.learning_rate = 0.1}, 2);
  std::vector<double> x{1.0, -2.0};
  adam.step(std::vector<double>{4.0, -0.5}, x);
  EXPECT_NEAR(x[0], 1.0 - 0.1, 1e-8);
  EXPECT_NEAR(x[1], -2.0 + 0.1, 1e-8);
  adam.step(std::vector<double>{-1.0, -0.5}, x);
  const double mean = (0.09 * 4.0 - 0.1) / 0.19, square = (0.000999 * 16 + 0.001) / 0.001999;
  EXPECT_NEAR(x[0], 0.9 - 0.1 * mean / std::sqrt(square), 1e-8);
  EXPECT_NEAR(x[1], -1.9 + 0.1, 1e-8);
}

TEST(Adam, GoesOnFromASavedState) {
  std::vector<double> x{0.3, 0.7, -1.0};
  const auto go = [&x](Adam& adam) {
    for (int k = 0; k < 5; ++k) adam.step(std::vector{std::sin(x[0]), x[1] * x[1], x[2]}, x);
  };
  Adam adam({}, 3), rest({}, 3);
  go(adam);
  const std::vector<double> saved = adam.flatten(), there = x;
  go(adam);
  const std::vector<double> end = x;
  x = there;
  rest.restore(saved);
  go(rest);
  EXPECT_EQ(x, end);
  EXPECT_EQ(rest.flatten(), adam.flatten());
  EXPECT_THROW(rest.restore(std::vector<double>(6)), RunError);
}

TEST(Spsa, GainsFollowSpall) {
  const SpsaOptions options{.gain = 3.0, .width = 0.5, .stability = 9.0};
  EXPECT_DOUBLE_EQ(options.step(0), 3.0 / std::pow(10.0, 0.602));
  EXPECT_DOUBLE_EQ(options.step(90), 3.0 / std::pow(100.0, 0.602));
  EXPECT_DOUBLE_EQ(options.perturbation(0), 0.5);
  EXPECT_DOUBLE_EQ(options.perturbation(31), 0.5 / std::pow(32.0, 0.101));
}

// f(x) = ⟨g, x⟩ is estimated with mean g: Δ_j/Δ_k averages out for j ≠ k.
TEST(Spsa, EstimatesAGradientWithoutBiasFromTwoEvaluations) {
  const std::vector<double> slope{1.0, -2.0, 0.5}, x{0.1, 0.2, 0.3};
  int evaluations = 0;
  const NoisyFunction f = [&](std::span<const double> at) {
    ++evaluations;
    return slope[0] * at[0] + slope[1] * at[1] + slope[2] * at[2];
  };
  std::vector<double> gradient(3), mean(3);
  constexpr int trials = 20000;
  for (std::uint64_t k = 0; k < trials; ++k) {
    CounterRng rng(1, Stream::training_shots, k);
    spsa_gradient(f, x, 0.2, rng, gradient);
    for (std::size_t i = 0; i < 3; ++i) mean[i] += gradient[i] / trials;
  }
  EXPECT_EQ(evaluations, 2 * trials);
  // Standard error at most √(1 + 4)/√20000 = 0.016.
  for (std::size_t i = 0; i < 3; ++i) EXPECT_NEAR(mean[i], slope[i], 0.08);
}

TEST(Spsa, DescendsANoisyBowl) {
  const SpsaOptions options{.gain = 0.5, .width = 0.1, .stability = 20.0};
  std::vector<double> x{2.0, -1.5, 1.0, 0.5}, gradient(4);
  for (int k = 0; k < 2000; ++k) {
    CounterRng rng(1, Stream::training_shots, static_cast<std::uint64_t>(k));
    const NoisyFunction bowl = [&](std::span<const double> at) {
      double sum = 0.01 * (rng.uniform() - 0.5);
      for (const double y : at) sum += y * y;
      return sum;
    };
    spsa_gradient(bowl, x, options.perturbation(k), rng, gradient);
    for (std::size_t i = 0; i < 4; ++i) x[i] -= options.step(k) * gradient[i];
  }
  for (const double y : x) EXPECT_NEAR(y, 0.0, 0.05);
}

}  // namespace
}  // namespace qhn
