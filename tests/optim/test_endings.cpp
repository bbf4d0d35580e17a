// Why and where an optimization ends, and every step on the way against a second writing of it.
#include <gtest/gtest.h>

#include <cmath>
#include <deque>
#include <functional>
#include <limits>
#include <vector>

#include "functions.hpp"
#include "optim/adam.hpp"
#include "optim/lbfgs.hpp"
#include "optim/line_search.hpp"
#include "optim/spsa.hpp"

namespace qhn {
namespace {

using test::quadratic;
using test::ripples;
using test::rosenbrock;

LbfgsState minimize(const Objective& f, const std::vector<double>& start,
                    const LbfgsOptions& options) {
  Lbfgs optimizer(f, options, start);
  while (optimizer.iterate() == OptimizerStatus::running) {
  }
  return optimizer.state();
}

/// f(x) = ½ Σ x²: the gradient is x itself.
double bowl(std::span<const double> x, std::span<double> g) {
  double sum = 0.0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    g[i] = x[i];
    sum += x[i] * x[i];
  }
  return sum / 2;
}

TEST(Endings, TheToleranceItselfIsConverged) {
  LbfgsOptions options;
  options.gradient_tolerance = 0.625;  // ‖(0.375, 0.5)‖₂, exactly
  EXPECT_EQ(minimize(bowl, {0.375, 0.5}, options).iterations, 0);
  EXPECT_EQ(minimize(bowl, {0.375, 0.5}, options).status, OptimizerStatus::converged);
  options.gradient_tolerance = std::nextafter(0.625, 0.0);
  EXPECT_GT(minimize(bowl, {0.375, 0.5}, options).iterations, 0);
  options.gradient_tolerance = 0.0;  // reached by one step of length 1, exactly
  const LbfgsState state = minimize(bowl, {1.0, 0.0}, options);
  EXPECT_EQ(state.status, OptimizerStatus::converged);
  EXPECT_EQ(state.iterations, 1);
  EXPECT_EQ(state.gradient_norm, 0.0);
}

TEST(Endings, TheNormIsEuclidean) {
  LbfgsOptions options;
  options.gradient_tolerance = 0.625;
  // All components are far below the tolerance, but there are many.
  const std::vector<double> start(64, 0.25);  // ‖·‖₂ = 2, then 1, then 0
  Lbfgs optimizer(bowl, options, start);
  EXPECT_EQ(optimizer.state().gradient_norm, 2.0);
  EXPECT_EQ(optimizer.iterate(), OptimizerStatus::running);
  EXPECT_NEAR(optimizer.state().gradient_norm, 1.0, 1e-14);
  EXPECT_EQ(optimizer.iterate(), OptimizerStatus::converged);
}

TEST(Endings, TheLimitOfIterationsIsExact) {
  LbfgsOptions options;
  for (const int limit : {0, 1, 2, 7}) {
    options.max_iterations = limit;
    Lbfgs optimizer(rosenbrock, options, std::vector<double>(6, -1.0));
    int accepted = 0;
    while (optimizer.state().status == OptimizerStatus::running) {
      optimizer.iterate();
      ++accepted;
    }
    EXPECT_EQ(accepted, limit);
    EXPECT_EQ(optimizer.state().iterations, limit);
    EXPECT_EQ(optimizer.state().status, OptimizerStatus::iteration_limit);
    EXPECT_EQ(optimizer.iterate(), OptimizerStatus::iteration_limit);  // over is over
    EXPECT_EQ(optimizer.state().iterations, limit);
  }
  // Converged in the last iteration that was allowed, or before the first.
  options.max_iterations = 1;
  EXPECT_EQ(minimize(bowl, {1.0, 0.0}, options).status, OptimizerStatus::converged);
  options.max_iterations = 0;
  EXPECT_EQ(minimize(bowl, {0.0, 0.0}, options).status, OptimizerStatus::converged);
}

TEST(Endings, EvaluationsOfAFailedSearchCount) {
  int asked = 0;
  const Objective liar = [&](std::span<const double> x, std::span<double> g) {
    ++asked;
    g[0] = -1.0;
    return x[0];
  };
  LbfgsOptions options;
  options.max_line_search_evaluations = 9;
  const LbfgsState state = minimize(liar, {0.0}, options);
  EXPECT_EQ(state.status, OptimizerStatus::stalled_line_search);
  EXPECT_EQ(state.evaluations, asked);
  EXPECT_EQ(asked, 1 + 9);
  asked = 0;
  const Objective hole = [&](std::span<const double> x, std::span<double> g) {
    g[0] = 2.0 * x[0];
    return ++asked > 1 ? std::numeric_limits<double>::infinity() : x[0] * x[0];
  };
  const LbfgsState fallen = minimize(hole, {4.0}, {});
  EXPECT_EQ(fallen.status, OptimizerStatus::diverged);
  EXPECT_EQ(fallen.evaluations, 2);
  EXPECT_EQ(fallen.value, 16.0);
}

/// H g by the two loops of Nocedal & Wright, algorithm 7.4, from a list of the pairs, newest last.
struct Pair {
  Eigen::VectorXd s, y;
};
Eigen::VectorXd two_loops(const std::deque<Pair>& pairs, Eigen::VectorXd q) {
  std::vector<double> alpha(pairs.size());
  for (std::size_t i = pairs.size(); i-- > 0;) {
    alpha[i] = pairs[i].s.dot(q) / pairs[i].s.dot(pairs[i].y);
    q -= alpha[i] * pairs[i].y;
  }
  const Pair& newest = pairs.back();
  q *= newest.s.dot(newest.y) / newest.y.squaredNorm();
  for (std::size_t i = 0; i < pairs.size(); ++i)
    q += pairs[i].s * (alpha[i] - pairs[i].y.dot(q) / pairs[i].s.dot(pairs[i].y));
  return q;
}

// The ring of pairs turns several times; the first trial of each iteration is the whole
// quasi-Newton step of the last `memory` pairs.
TEST(Endings, EveryStepIsThatOfTheTextbook) {
  for (const int memory : {1, 2, 3, 8}) {
    LbfgsOptions options;
    options.memory = memory;
    std::vector<Eigen::VectorXd> asked;
    const Objective f = [&](std::span<const double> x, std::span<double> g) {
      asked.emplace_back(
          Eigen::Map<const Eigen::VectorXd>(x.data(), static_cast<Eigen::Index>(x.size())));
      return rosenbrock(x, g);
    };
    Lbfgs optimizer(f, options, std::vector<double>(12, -0.9));
    std::deque<Pair> pairs;
    for (int iteration = 0; iteration < 30; ++iteration) {
      const LbfgsState before = optimizer.state();
      const std::size_t first_trial = asked.size();
      if (optimizer.iterate() != OptimizerStatus::running) break;
      if (!pairs.empty()) {
        const Eigen::VectorXd step = asked.at(first_trial) - before.x;
        const Eigen::VectorXd expected = -two_loops(pairs, before.gradient);
        ASSERT_LT((step - expected).norm(), 1e-6 * expected.norm())
            << "memory " << memory << " iteration " << iteration;
      }
      const LbfgsState& after = optimizer.state();
      const Pair pair{after.x - before.x, after.gradient - before.gradient};
      ASSERT_GT(pair.s.dot(pair.y), 0.0);
      if (pair.s.dot(pair.y) <= 1e-4 * after.gradient.norm() * pair.s.squaredNorm()) continue;
      pairs.push_back(pair);
      if (pairs.size() > static_cast<std::size_t>(memory)) pairs.pop_front();
    }
    EXPECT_EQ(optimizer.state().pairs, memory);
    EXPECT_GT(optimizer.state().iterations, 20);
  }
}

// ⟨s,y⟩/⟨s,s⟩ at or below 1e-4·‖∇f‖: here the slope changes by 1e-5 of itself over a step.
TEST(Endings, AFlatPairIsNotKept) {
  const auto nearly_linear = [](double bend) {
    return [bend](std::span<const double> x, std::span<double> g) {
      // Quadratic with slope −1 at 0 along the first axis, and a hill to end the search on.
      g[0] = -1.0 + bend * x[0];
      return -x[0] + bend * x[0] * x[0] / 2;
    };
  };
  LbfgsOptions options;
  options.c2 = 0.999999999;  // any decrease of the slope is enough
  Lbfgs flat(nearly_linear(0.5e-4), options, std::vector<double>{0.0});
  flat.iterate();
  EXPECT_EQ(flat.state().iterations, 1);
  EXPECT_EQ(flat.state().pairs, 0);
  Lbfgs bent(nearly_linear(2e-4), options, std::vector<double>{0.0});
  bent.iterate();
  EXPECT_EQ(bent.state().iterations, 1);
  EXPECT_EQ(bent.state().pairs, 1);
}

TEST(Endings, TheOptionsReachTheLineSearch) {
  // One step of length 1 from slope −1 lands where value and slope are as told.
  const auto lands = [](double value, double slope) {
    return [=](std::span<const double> x, std::span<double> g) {
      if (x[0] == 0.0) {
        g[0] = -1.0;
        return 0.0;
      }
      g[0] = slope;
      return value;
    };
  };
  const auto evaluations = [](const Objective& f, const LbfgsOptions& options) {
    Lbfgs optimizer(f, options, std::vector<double>{0.0});
    optimizer.iterate();
    return optimizer.state().evaluations;
  };
  LbfgsOptions options;
  options.max_iterations = 1;
  options.approximate_slack = 0.0;
  // c1: a decrease of 0.15 where 0.1 and where 0.2 is asked for.
  EXPECT_EQ(evaluations(lands(-0.15, 0.7), options), 2);
  options.c1 = 0.2;
  EXPECT_GT(evaluations(lands(-0.15, 0.7), options), 2);
  // c2: a slope of −0.5.
  options.c1 = 0.1;
  EXPECT_EQ(evaluations(lands(-0.15, -0.5), options), 2);
  options.c2 = 0.4;
  EXPECT_GT(evaluations(lands(-0.15, -0.5), options), 2);
  // The slack: a rise of 1e-3 with a slope of nearly 0.
  options.c2 = 0.9;
  EXPECT_GT(evaluations(lands(1e-3, 1e-4), options), 2);
  options.approximate_slack = 2e-3;
  EXPECT_EQ(evaluations(lands(1e-3, 1e-4), options), 2);
  // Evaluations of one search.
  options.approximate_slack = 0.0;
  for (const int most : {1, 3, 12}) {
    options.max_line_search_evaluations = most;
    EXPECT_EQ(evaluations(lands(-1e-9, -1.0), options), 1 + most);
  }
}

TEST(Endings, WolfeConditionsAtTheirBorders) {
  const LineSearchOptions options{.c1 = 0.25, .c2 = 0.5, .approximate_slack = 0.125};
  const LinePoint start{0.0, 1.0, -2.0};
  const auto ok = [&](double step, double value, double slope) {
    return satisfies_wolfe(options, start, {step, value, slope});
  };
  // Exact: φ ≤ 1 − 0.25·2·step and φ' ≥ −1, borders included.
  EXPECT_TRUE(ok(0.5, 0.75, -1.0));
  EXPECT_FALSE(ok(0.5, 0.75, std::nextafter(-1.0, -2.0)));
  EXPECT_FALSE(ok(0.5, std::nextafter(0.75, 1.0), 1.5));
  EXPECT_TRUE(ok(0.5, 0.75, 1.5));
  EXPECT_FALSE(ok(1.0, 0.75, 1.5));  // twice the step: twice the decrease
  EXPECT_TRUE(ok(1.0, 0.5, 1.5));
  // Approximate: φ ≤ 1 + 0.125 and −1 ≤ φ' ≤ (2·0.25 − 1)·(−2) = 1.
  EXPECT_TRUE(ok(1.0, 1.125, 1.0));
  EXPECT_FALSE(ok(1.0, 1.125, std::nextafter(1.0, 2.0)));
  EXPECT_FALSE(ok(1.0, std::nextafter(1.125, 2.0), 1.0));
  EXPECT_TRUE(ok(1.0, 1.125, -1.0));
}

// Every step that is tried, as a number: where a bracket is cut, when it is bisected.
TEST(Endings, LineSearchesTakeTheStepsTheyAlwaysTook) {
  const auto steps_of = [](double (*value)(double), double (*slope)(double), double first,
                           double c2 = 0.9) {
    std::vector<double> steps;
    LineSearchOptions options;
    options.c2 = c2;
    options.approximate_slack = 0.0;
    hager_zhang_search(
        [&](double t) {
          steps.push_back(t);
          return LinePoint{t, value(t), slope(t)};
        },
        {0.0, value(0.0), slope(0.0)}, first, options);
    return steps;
  };
  const auto expect_steps = [](const std::vector<double>& steps,
                               const std::vector<double>& expected) {
    ASSERT_EQ(steps.size(), expected.size()) << testing::PrintToString(steps);
    for (std::size_t k = 0; k < steps.size(); ++k)
      EXPECT_NEAR(steps[k], expected[k], 2e-5 * std::abs(expected[k])) << k;
  };
  const auto wall = [](double t) { return std::exp(8.0 * t) - 20.0 * t; };
  const auto wall_slope = [](double t) { return 8.0 * std::exp(8.0 * t) - 20.0; };
  expect_steps(steps_of(wall, wall_slope, 2.0, 0.11), {2, 3.37606e-07, 0.1875});
  expect_steps(steps_of(wall, wall_slope, 1e-4), {0.0001, 0.0005, 0.0025, 0.0125, 0.0625});
  const auto ripple = [](double t) { return std::cos(3.0 * t + 0.1) + 0.2 * t; };
  const auto ripple_slope = [](double t) { return -3.0 * std::sin(3.0 * t + 0.1) + 0.2; };
  expect_steps(steps_of(ripple, ripple_slope, 10.0, 0.11), {10, 0.310687, 5.15534, 5.48202});
  // Hardly a slope and then a wall: secants come to nothing, bisections help.
  const auto late = [](double t) { return -t + std::pow(t, 21) / 21; };
  const auto late_slope = [](double t) { return -1.0 + std::pow(t, 20); };
  expect_steps(steps_of(late, late_slope, 3.0, 0.11),
               {3, 8.60392e-10, 1.5, 0.000451094, 0.750226, 0.75045, 1.12523});
}

TEST(Endings, CoursesAreWhatTheyAlwaysWere) {
  struct Expected {
    double (*f)(std::span<const double>, std::span<double>);
    double start;
    int iterations, evaluations;
    double value;
  };
  for (const Expected& e : {Expected{rosenbrock, -1.2, 79, 100, 0.0},
                            {quadratic, 3.5, 37, 41, 0.0},
                            {ripples, 0.3, 24, 38, -13.714981488151746}}) {
    const LbfgsState state = minimize(e.f, std::vector<double>(10, e.start), {});
    EXPECT_EQ(state.status, OptimizerStatus::converged);
    EXPECT_EQ(state.iterations, e.iterations);
    EXPECT_EQ(state.evaluations, e.evaluations);
    EXPECT_NEAR(state.value, e.value, 1e-9);
  }
}

TEST(Endings, AdamAndSpsaGoTheWayTheyAlwaysWent) {
  // Gradients near Adam's ε, where it matters how ε enters: by the formulas of the paper.
  Adam adam({.learning_rate = 0.1}, 2);
  std::vector<double> x{1.0, -2.0};
  double m[2] = {}, v[2] = {}, expected[2] = {1.0, -2.0};
  for (int t = 1; t <= 5; ++t) {
    const std::vector<double> g{1e-8 * t, -3e-9};
    adam.step(g, x);
    for (int k = 0; k < 2; ++k) {
      m[k] = 0.9 * m[k] + 0.1 * g[static_cast<std::size_t>(k)];
      v[k] = 0.999 * v[k] + 0.001 * g[static_cast<std::size_t>(k)] * g[static_cast<std::size_t>(k)];
      expected[k] -= 0.1 * (m[k] / (1.0 - std::pow(0.9, t))) /
                     (std::sqrt(v[k] / (1.0 - std::pow(0.999, t))) + 1e-8);
      EXPECT_NEAR(x[static_cast<std::size_t>(k)], expected[k], 1e-13) << t;
    }
  }
  EXPECT_EQ(adam.flatten()[0], 5.0);  // steps, means, squares
  EXPECT_NEAR(adam.flatten()[1], m[0], 1e-20);
  EXPECT_NEAR(adam.flatten()[4], v[1], 1e-30);

  // Perturbations: the upper bit of each number of the stream, x + cΔ first.
  CounterRng rng(1, Stream::training_shots, 0), again(1, Stream::training_shots, 0);
  std::vector<std::vector<double>> asked;
  std::vector<double> gradient(5);
  const std::vector<double> at{0.5, -1.0, 2.0, 0.0, 3.0};
  spsa_gradient(
      [&](std::span<const double> y) {
        asked.emplace_back(y.begin(), y.end());
        return asked.size() == 1 ? 3.0 : 1.0;
      },
      at, 0.25, rng, gradient);
  ASSERT_EQ(asked.size(), 2u);
  for (std::size_t k = 0; k < 5; ++k) {
    const double delta = again() >> 63 ? 1.0 : -1.0;
    EXPECT_EQ(asked[0][k], at[k] + 0.25 * delta);
    EXPECT_EQ(asked[1][k], at[k] - 0.25 * delta);
    EXPECT_EQ(gradient[k], (3.0 - 1.0) / 0.5 / delta);
  }
}

}  // namespace
}  // namespace qhn
