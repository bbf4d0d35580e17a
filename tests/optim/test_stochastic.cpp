#include <gtest/gtest.h>

#include <cmath>

#include "core/error.hpp"
#include "optim/adam.hpp"
#include "optim/qnspsa.hpp"
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

// Of one qubit in Ry(x0) then Rz(x1): |⟨ψ(x)|ψ(y)⟩|² in closed form. Its metric is 1/4 for x0 and
// sin²(x0)/4 for x1, 0 between them.
std::vector<double> fidelities_of_qubit(std::span<const double> x,
                                        const std::vector<std::vector<double>>& ys) {
  std::vector<double> found;
  for (const auto& y : ys) {
    const double zeros = std::cos(x[0] / 2) * std::cos(y[0] / 2);
    const double ones = std::sin(x[0] / 2) * std::sin(y[0] / 2);
    found.push_back(zeros * zeros + ones * ones + 2 * zeros * ones * std::cos(x[1] - y[1]));
  }
  return found;
}

TEST(QnSpsa, EstimatesTheMetricWithoutBiasFromFourFidelities) {
  const std::vector<double> x{0.7, -0.4};
  Eigen::MatrixXd mean = Eigen::MatrixXd::Zero(2, 2);
  constexpr int trials = 20000;
  for (std::uint64_t k = 0; k < trials; ++k) {
    CounterRng rng(1, Stream::training_shots, k);
    add_spsa_metric(fidelities_of_qubit, x, 0.01, rng, 1.0 / trials, mean);
  }
  // Each sample is off by at most about 1/2, so the mean by 0.004.
  const double turned = std::pow(std::sin(x[0]), 2) / 4;
  EXPECT_NEAR(mean(0, 0), 0.25, 0.015);
  EXPECT_NEAR(mean(1, 1), turned, 0.015);
  EXPECT_NEAR(mean(0, 1), 0.0, 0.015);
  EXPECT_EQ(mean(0, 1), mean(1, 0));
}

// A sample, from its definition with the same signs.
TEST(QnSpsa, SamplesTheMetricAtFourPoints) {
  const std::vector<double> x{0.7, -0.4};
  for (std::uint64_t k = 0; k < 8; ++k) {
    CounterRng rng(1, Stream::training_shots, k), same = rng;
    Eigen::MatrixXd metric = Eigen::MatrixXd::Zero(2, 2);
    add_spsa_metric(fidelities_of_qubit, x, 0.2, rng, 3.0, metric);
    std::vector<double> a(2), b(2);
    for (auto* signs : {&a, &b})
      for (double& sign : *signs) sign = same() >> 63 ? 1.0 : -1.0;
    const auto f = [&](double s, double t) {
      return fidelities_of_qubit(
          x, {{x[0] + 0.2 * (s * a[0] + t * b[0]), x[1] + 0.2 * (s * a[1] + t * b[1])}})[0];
    };
    const double change = f(1, 1) - f(1, 0) - f(-1, 1) + f(-1, 0);
    for (int i = 0; i < 2; ++i)
      for (int j = 0; j < 2; ++j) {
        const auto p = static_cast<std::size_t>(i), q = static_cast<std::size_t>(j);
        EXPECT_NEAR(metric(i, j), -3.0 * change / (8 * 0.04) * (a[p] * b[q] + b[p] * a[q]), 1e-13);
      }
  }
}

// By hand: the first metric is (1 + Ĝ)/2 with Ĝ = [[1, 2], [2, 1]], so [[1, 1], [1, 1]] with
// eigenvalues 2, 0 along (1, 1), (1, −1); the second (2 Ḡ + Ĝ)/3 with Ĝ = −2·1: eigenvalues
// (4 − 2)/3 and −2/3, whose absolute values are equal.
TEST(QnSpsa, TakesTheStepsOfItsPaper) {
  QnSpsa rule({.learning_rate = 0.1, .regularization = 0.5}, 2);
  std::vector<double> x{1.0, -2.0};
  EXPECT_EQ(rule.own_weight(), 0.5);
  Eigen::MatrixXd metric = rule.metric_so_far(), sample(2, 2);
  sample << 1, 2, 2, 1;
  rule.step(metric + 0.5 * sample, std::vector<double>{3.0, 1.0}, x);
  // g = 2 (1, 1) + 1 (1, −1): divided by 2.5 and by 0.5.
  EXPECT_NEAR(x[0], 1.0 - 0.1 * (2 / 2.5 + 1 / 0.5), 1e-14);
  EXPECT_NEAR(x[1], -2.0 - 0.1 * (2 / 2.5 - 1 / 0.5), 1e-14);
  EXPECT_NEAR(rule.own_weight(), 1.0 / 3, 1e-16);
  metric = rule.metric_so_far() - 2.0 / 3 * Eigen::MatrixXd::Identity(2, 2);
  const std::vector<double> before = x, saved = rule.flatten();
  rule.step(metric, std::vector<double>{3.0, 1.0}, x);
  EXPECT_NEAR(x[0], before[0] - 0.1 * 3 / (2.0 / 3 + 0.5), 1e-14);
  EXPECT_NEAR(x[1], before[1] - 0.1 * 1 / (2.0 / 3 + 0.5), 1e-14);
  QnSpsa other({.learning_rate = 0.1, .regularization = 0.5}, 2);
  other.restore(saved);
  std::vector<double> again = before;
  other.step(metric, std::vector<double>{3.0, 1.0}, again);
  EXPECT_EQ(again, x);
  EXPECT_EQ(other.flatten(), rule.flatten());
  EXPECT_THROW(other.restore(std::vector<double>(5)), RunError);
}

}  // namespace
}  // namespace qhn
