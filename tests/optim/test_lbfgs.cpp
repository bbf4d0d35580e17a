#include <gsl/gsl_multimin.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "core/error.hpp"
#include "functions.hpp"
#include "optim/lbfgs.hpp"

namespace qhn {
namespace {

using test::quadratic;
using test::ripples;
using test::rosenbrock;
using test::softplus_sum;
using Function = double (*)(std::span<const double>, std::span<double>);

LbfgsState minimize(Function f, const std::vector<double>& start,
                    const LbfgsOptions& options = {}) {
  Lbfgs optimizer(f, options, start);
  while (optimizer.iterate() == OptimizerStatus::running) {
  }
  return optimizer.state();
}

TEST(Lbfgs, FindsKnownMinima) {
  const LbfgsState hill = minimize(rosenbrock, std::vector<double>(10, -1.2));
  EXPECT_EQ(hill.status, OptimizerStatus::converged);
  EXPECT_LE(hill.gradient_norm, 1e-6);
  EXPECT_LT(hill.iterations, 150);
  for (double x : hill.x) EXPECT_NEAR(x, 1.0, 1e-6);

  const LbfgsState bowl = minimize(quadratic, std::vector<double>(12, 3.5));
  EXPECT_EQ(bowl.status, OptimizerStatus::converged);
  EXPECT_LT(bowl.iterations, 100);
  for (Eigen::Index i = 0; i < 12; ++i) EXPECT_NEAR(bowl.x[i], static_cast<double>(i), 1e-6);
}

double gsl_value(const gsl_vector* x, void* f) {
  std::vector<double> g(x->size);
  return (*static_cast<Function*>(f))({x->data, x->size}, g);
}
void gsl_gradient(const gsl_vector* x, void* f, gsl_vector* g) {
  (*static_cast<Function*>(f))({x->data, x->size}, {g->data, g->size});
}
void gsl_both(const gsl_vector* x, void* f, double* value, gsl_vector* g) {
  *value = (*static_cast<Function*>(f))({x->data, x->size}, {g->data, g->size});
}

TEST(Lbfgs, AgreesWithAPackagedOptimizer) {
  for (std::size_t n : {1u, 2u, 7u, 30u}) {
    const std::vector<double> start(n, 0.8);
    const LbfgsState ours = minimize(softplus_sum, start);
    ASSERT_EQ(ours.status, OptimizerStatus::converged);

    Function f = softplus_sum;
    gsl_multimin_function_fdf problem{gsl_value, gsl_gradient, gsl_both, n, &f};
    gsl_vector* x = gsl_vector_alloc(n);
    std::copy(start.begin(), start.end(), x->data);
    auto* gsl = gsl_multimin_fdfminimizer_alloc(gsl_multimin_fdfminimizer_vector_bfgs2, n);
    gsl_multimin_fdfminimizer_set(gsl, &problem, x, 0.01, 0.1);
    for (int i = 0; i < 1000; ++i)
      if (gsl_multimin_fdfminimizer_iterate(gsl) != GSL_SUCCESS ||
          gsl_multimin_test_gradient(gsl->gradient, 1e-7) == GSL_SUCCESS)
        break;
    ASSERT_EQ(gsl_multimin_test_gradient(gsl->gradient, 1e-6), GSL_SUCCESS);
    EXPECT_NEAR(ours.value, gsl->f, 1e-10);
    for (std::size_t i = 0; i < n; ++i)
      EXPECT_NEAR(ours.x[static_cast<Eigen::Index>(i)], gsl_vector_get(gsl->x, i), 1e-4);
    gsl_multimin_fdfminimizer_free(gsl);
    gsl_vector_free(x);
  }
}

TEST(Lbfgs, FirstTrialIsAStepOfUnitLengthDownhill) {
  std::vector<std::vector<double>> asked;
  const Objective recorded = [&](std::span<const double> x, std::span<double> g) {
    asked.emplace_back(x.begin(), x.end());
    return quadratic(x, g);
  };
  const std::vector<double> start{4.0, -3.0, 0.5};
  Lbfgs optimizer(recorded, {}, start);
  const Eigen::VectorXd gradient = optimizer.state().gradient;
  optimizer.iterate();
  ASSERT_GE(asked.size(), 2u);
  for (int i = 0; i < 3; ++i)
    EXPECT_NEAR(asked[1][static_cast<std::size_t>(i)],
                start[static_cast<std::size_t>(i)] - gradient[i] / gradient.norm(), 1e-14);
}

// With one pair the inverse Hessian is known in closed form: the BFGS update of γ·1.
TEST(Lbfgs, SecondTrialIsTheQuasiNewtonStep) {
  std::vector<Eigen::VectorXd> asked;
  const Objective recorded = [&](std::span<const double> x, std::span<double> g) {
    asked.emplace_back(Eigen::Map<const Eigen::VectorXd>(x.data(), 3));
    return quadratic(x, g);
  };
  const std::vector<double> start{0.4, 0.7, 2.5};
  Lbfgs optimizer(recorded, {}, start);
  const Eigen::VectorXd x0 = optimizer.state().x, g0 = optimizer.state().gradient;
  optimizer.iterate();
  const Eigen::VectorXd x1 = optimizer.state().x, g1 = optimizer.state().gradient;
  const std::size_t next = asked.size();
  optimizer.iterate();
  ASSERT_GT(asked.size(), next);

  const Eigen::VectorXd s = x1 - x0, y = g1 - g0;
  const double rho = 1.0 / s.dot(y), gamma = s.dot(y) / y.dot(y);
  const Eigen::MatrixXd one = Eigen::MatrixXd::Identity(3, 3);
  const Eigen::MatrixXd v = one - rho * y * s.transpose();
  const Eigen::MatrixXd inverse = gamma * v.transpose() * v + rho * s * s.transpose();
  EXPECT_LT((asked[next] - (x1 - inverse * g1)).norm(), 1e-12);
}

TEST(Lbfgs, EveryAcceptedStepSatisfiesTheWolfeConditions) {
  for (Function f : {Function(rosenbrock), Function(ripples), Function(softplus_sum)})
    for (int seed = 0; seed < 10; ++seed) {
      std::vector<double> start(16);
      for (std::size_t i = 0; i < start.size(); ++i)
        start[i] = 2.0 * std::sin(seed + 3.0 * static_cast<double>(i));
      Lbfgs optimizer(f, {}, start);
      int steps = 0;
      while (optimizer.state().status == OptimizerStatus::running) {
        const LbfgsState before = optimizer.state();
        optimizer.iterate();
        const LbfgsState& after = optimizer.state();
        if (after.iterations == before.iterations) break;
        ++steps;
        const Eigen::VectorXd s = after.x - before.x;
        const double slope0 = before.gradient.dot(s), slope1 = after.gradient.dot(s);
        // s carries the rounding of x.
        const double tiny = 1e-13 * (before.gradient.norm() + after.gradient.norm());
        ASSERT_LT(slope0, 0.0);
        EXPECT_GE(slope1, 0.9 * slope0 - tiny);
        EXPECT_TRUE(after.value <= before.value + 0.1 * slope0 + 1e-13 ||
                    (after.value <= before.value + 1e-6 && slope1 <= -0.8 * slope0 + tiny));
      }
      EXPECT_EQ(optimizer.state().status, OptimizerStatus::converged);
      EXPECT_GT(steps, 3);
    }
}

TEST(Lbfgs, CountsEveryEvaluation) {
  int count = 0;
  const Objective counted = [&](std::span<const double> x, std::span<double> g) {
    ++count;
    return ripples(x, g);
  };
  Lbfgs optimizer(counted, {}, std::vector<double>(9, 0.3));
  EXPECT_EQ(optimizer.state().evaluations, 1);
  while (optimizer.iterate() == OptimizerStatus::running)
    EXPECT_EQ(optimizer.state().evaluations, count);
  EXPECT_EQ(optimizer.state().evaluations, count);
}

TEST(Lbfgs, StopsWhenItConverges) {
  const LbfgsState at_once = minimize(quadratic, {0.0, 1.0, 2.0});
  EXPECT_EQ(at_once.status, OptimizerStatus::converged);
  EXPECT_EQ(at_once.iterations, 0);
  EXPECT_EQ(at_once.evaluations, 1);
}

TEST(Lbfgs, StopsAtTheIterationLimit) {
  LbfgsOptions few;
  few.max_iterations = 5;
  const LbfgsState state = minimize(rosenbrock, std::vector<double>(6, -1.0), few);
  EXPECT_EQ(state.status, OptimizerStatus::iteration_limit);
  EXPECT_EQ(state.iterations, 5);
}

TEST(Lbfgs, StopsWhereTheLineSearchStalls) {
  // The gradient points uphill: no step downhill exists.
  const Function liar = [](std::span<const double> x, std::span<double> g) {
    g[0] = -1.0;
    return x[0] * x[0];
  };
  const LbfgsState state = minimize(liar, {0.0});
  EXPECT_EQ(state.status, OptimizerStatus::stalled_line_search);
  EXPECT_EQ(state.iterations, 0);
  EXPECT_EQ(state.x[0], 0.0);
  EXPECT_GT(state.evaluations, 1);
}

TEST(Lbfgs, SaysThatItDiverged) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const Function hole = [](std::span<const double> x, std::span<double> g) {
    g[0] = 2.0 * x[0];
    return x[0] < 3.5 ? std::numeric_limits<double>::quiet_NaN() : x[0] * x[0];
  };
  const LbfgsState fallen = minimize(hole, {4.0});
  EXPECT_EQ(fallen.status, OptimizerStatus::diverged);
  EXPECT_EQ(fallen.x[0], 4.0);
  EXPECT_EQ(fallen.value, 16.0);

  EXPECT_EQ(minimize(quadratic, {0.0, nan}).status, OptimizerStatus::diverged);

  // An infinite component that the slope along the step does not see.
  const Function spike = [](std::span<const double> x, std::span<double> g) {
    g[0] = 2.0 * x[0];
    g[1] = x[0] < 4.0 ? std::numeric_limits<double>::infinity() : 0.0;
    return x[0] * x[0];
  };
  EXPECT_EQ(minimize(spike, {4.0, 0.0}).status, OptimizerStatus::diverged);
}

TEST(Lbfgs, ARestoredRunContinuesBitForBit) {
  const std::vector<double> start(20, -0.9);
  Lbfgs whole(rosenbrock, {}, start);
  std::vector<std::vector<double>> history{whole.state().flatten()};
  while (whole.iterate() == OptimizerStatus::running) history.push_back(whole.state().flatten());
  const std::vector<double> end = whole.state().flatten();
  ASSERT_GT(history.size(), 30u);  // the ring has turned several times

  for (std::size_t k = 0; k < history.size(); k += 3) {
    Lbfgs rest(rosenbrock, {}, LbfgsState::unflatten(history[k]));
    EXPECT_EQ(rest.state().flatten(), history[k]);
    while (rest.iterate() == OptimizerStatus::running) {
    }
    EXPECT_EQ(rest.state().flatten(), end) << "restored after iteration " << k;
  }
}

TEST(Lbfgs, RefusesADamagedState) {
  std::vector<double> numbers =
      Lbfgs(quadratic, {}, std::vector<double>{1.0, 2.0}).state().flatten();
  numbers.pop_back();
  EXPECT_THROW(LbfgsState::unflatten(numbers), RunError);
  EXPECT_THROW(LbfgsState::unflatten(std::vector<double>{}), RunError);
  LbfgsOptions other;
  other.memory = 3;
  const LbfgsState state = minimize(quadratic, {1.0, 2.0});
  EXPECT_THROW(Lbfgs(quadratic, other, state), RunError);
}

TEST(Lbfgs, RefusesOptionsThatMakeNoSense) {
  const std::vector<double> start{1.0};
  LbfgsOptions o;
  o.memory = 0;
  EXPECT_THROW(Lbfgs(quadratic, o, start), InputError);
  o = {};
  o.c1 = 0.95;
  EXPECT_THROW(Lbfgs(quadratic, o, start), InputError);
}

}  // namespace
}  // namespace qhn
