#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numbers>

#include "campaign.hpp"
#include "campaign/restart.hpp"
#include "core/error.hpp"

namespace qhn {
namespace {

using test::Campaign;

TEST(StartAngles, AreUniformAndNamedBySeedAndId) {
  const auto angles = start_angles(3, 9, 10000);
  double mean = 0.0;
  for (double a : angles) {
    ASSERT_GE(a, 0.0);
    ASSERT_LT(a, 2.0 * std::numbers::pi);
    mean += a / 10000.0;
  }
  EXPECT_NEAR(mean, std::numbers::pi, 5.0 * 2.0 * std::numbers::pi / std::sqrt(12.0 * 10000.0));
  EXPECT_EQ(start_angles(3, 9, 10000), angles);
  EXPECT_NE(start_angles(3, 10, 1)[0], angles[0]);
  EXPECT_NE(start_angles(4, 9, 1)[0], angles[0]);
  CounterRng rng(3, Stream::restart_angles, 9);
  EXPECT_EQ(angles[0], 2.0 * std::numbers::pi * rng.uniform());
  EXPECT_EQ(angles[1], 2.0 * std::numbers::pi * rng.uniform());
}

// The optimization done by hand, keeping everything, and the record worked out from it afterwards.
TEST(Restart, RecordAgreesWithTheWholeHistory) {
  const Campaign campaign;
  const auto engine = campaign.engine();
  int crossed = 0, never = 0;
  for (std::uint64_t id = 0; id < 20; ++id) {
    const RestartResult r = *run_restart(campaign.simulation(*engine), campaign.options, id);

    Lbfgs optimizer([&](auto x, auto g) { return engine->expectation_and_gradient(x, g); }, {},
                    start_angles(11, id, campaign.circuit.angles));
    std::vector<LbfgsState> history{optimizer.state()};
    while (optimizer.iterate() == OptimizerStatus::running) history.push_back(optimizer.state());
    if (optimizer.state().iterations > history.back().iterations)
      history.push_back(optimizer.state());
    const LbfgsState& end = optimizer.state();

    EXPECT_EQ(r.id, id);
    EXPECT_EQ(r.seed, 11u);
    EXPECT_EQ(static_cast<int>(r.status), static_cast<int>(end.status) - 1);
    EXPECT_EQ(r.expectation, end.value);
    EXPECT_EQ(r.gap, end.value - campaign.minimum);
    EXPECT_EQ(r.gradient_norm, end.gradient_norm);
    EXPECT_EQ(r.iterations, end.iterations);
    EXPECT_EQ(r.evaluations, end.evaluations);
    EXPECT_EQ(r.angles, std::vector<double>(end.x.begin(), end.x.end()));
    ASSERT_EQ(r.history.size(), history.size());
    for (std::size_t k = 0; k < history.size(); ++k) {
      const double step = k == 0 ? 0.0 : (history[k].x - history[k - 1].x).norm();
      EXPECT_EQ(r.history.expectation[k], history[k].value);
      EXPECT_EQ(r.history.gradient_norm[k], static_cast<float>(history[k].gradient_norm));
      EXPECT_NEAR(r.history.step[k], step, 1e-6 * step);
      EXPECT_EQ(r.history.evaluations[k], history[k].evaluations);
    }

    for (std::size_t i = 0; i < campaign.options.epsilons.size(); ++i) {
      Crossing of_expectation, of_string;
      for (const LbfgsState& s : history) {
        const std::span<const double> x(s.x.data(), static_cast<std::size_t>(s.x.size()));
        std::vector<Complex> psi(16);
        engine->amplitudes()->state(x, psi);
        Index best = 0;
        for (Index w = 0; w < 16; ++w)
          if (std::norm(psi[w]) > std::norm(psi[best])) best = w;
        const double epsilon = campaign.options.epsilons[i];
        if (of_expectation.iteration < 0 && s.value - campaign.minimum < epsilon)
          of_expectation = {s.iterations, s.evaluations};
        if (of_string.iteration < 0 && campaign.costs[best] - campaign.minimum < epsilon)
          of_string = {s.iterations, s.evaluations};
        if (&s == &history.back() && i == 0) {
          EXPECT_EQ(r.best_string.index(), best);
          EXPECT_NEAR(r.best_probability, std::norm(psi[best]), 1e-15);
          EXPECT_EQ(r.best_cost, campaign.costs[best]);
        }
      }
      EXPECT_EQ(r.expectation_crossings[i], of_expectation);
      EXPECT_EQ(r.string_crossings[i], of_string);
      of_expectation.iteration < 0 ? ++never : ++crossed;
    }
  }
  EXPECT_GT(crossed, 0);
  EXPECT_GT(never, 0);  // both branches were seen
}

TEST(Restart, ACrossingAtTheStartIsIterationZero) {
  Campaign campaign;
  campaign.options.epsilons = {100.0};
  const auto r = campaign.serial(1)[0];
  EXPECT_EQ(r.expectation_crossings[0], (Crossing{0, 1}));
  EXPECT_EQ(r.string_crossings[0], (Crossing{0, 1}));
}

TEST(Restart, GivesUpWhenTold) {
  const Campaign campaign;
  const auto engine = campaign.engine();
  int asked = 0;
  RestartHooks hooks;
  hooks.next = [&] {
    return ++asked < 3 ? RestartHooks::Order::go_on : RestartHooks::Order::give_up;
  };
  const auto result = run_restart(campaign.simulation(*engine), campaign.options, 0, hooks);
  EXPECT_FALSE(result.has_value());
  EXPECT_EQ(asked, 3);
}

/// An engine that may be abandoned in any evaluation.
struct Breaking : test::Disturbed, StringSearch {
  Breaking(std::unique_ptr<Engine> engine, const std::function<void()>& before)
      : Disturbed(std::move(engine), before), before_(before) {}
  double expectation(std::span<const double> angles) override {
    before_();
    return Disturbed::expectation(angles);
  }
  StringSearch* strings() override { return this; }
  MostProbable most_probable(std::span<const double> angles) override {
    before_();
    return Disturbed::strings()->most_probable(angles);
  }

 private:
  std::function<void()> before_;
};

// The network of a restart, and its angles, as scores.
RestartScores score(std::span<const double> angles, const BitString& best) {
  return {angles.front(), angles.back(), static_cast<double>(best.index()), 1.0};
}

// Given up at every iteration, and abandoned in the middle of evaluations: of one that converges
// and of one that ends in a line search without a step.
class Interrupted : public testing::TestWithParam<bool> {};

TEST_P(Interrupted, RestartEndsTheSame) {
  Campaign campaign;
  if (GetParam()) {
    campaign.options.optimizer.lbfgs.gradient_tolerance = 1e-300;
    campaign.options.optimizer.lbfgs.approximate_slack = 0.0;
  }
  const auto engine = campaign.engine();
  Simulation simulation = campaign.simulation(*engine);
  simulation.score = score;
  const RestartResult whole = *run_restart(simulation, campaign.options, 0);
  EXPECT_EQ(whole.status, GetParam() ? Status::stalled_line_search : Status::converged);
  EXPECT_EQ(whole.scores, score(whole.angles, whole.best_string));
  for (const bool abandon : {false, true}) {
    CounterRng rng(9, Stream::synthetic, 0);
    std::optional<RestartCheckpoint> checkpoint;
    std::optional<RestartResult> result;
    int interrupts = 0;
    for (; !result; ++interrupts) {
      ASSERT_LT(interrupts, 10000);
      const auto abandoned = [&] {
        if (abandon && rng.uniform() < 0.1) throw Abandoned{};
      };
      Breaking breaking(campaign.engine(), abandoned);
      Simulation broken = campaign.simulation(breaking);
      broken.score = [&](std::span<const double> angles, const BitString& best) {
        abandoned();
        abandoned();
        return score(angles, best);
      };
      RestartHooks hooks;
      int asked = 0;
      hooks.next = [&] {
        return abandon || ++asked < 2 ? RestartHooks::Order::go_on : RestartHooks::Order::give_up;
      };
      const std::optional<RestartCheckpoint> before = checkpoint;
      hooks.resume = before ? &*before : nullptr;
      hooks.save = [&](RestartCheckpoint&& c) { checkpoint = std::move(c); };
      result = run_restart(broken, campaign.options, 0, hooks);
    }
    EXPECT_EQ(*result, whole);
    EXPECT_GT(interrupts, 3);
  }
}
INSTANTIATE_TEST_SUITE_P(Restart, Interrupted, testing::Bool(), [](const auto& info) {
  return info.param ? "ThatStalls" : "ThatConverges";
});

// A saved state that no restart left is refused, not read past its end.
TEST(Restart, RefusesASavedStateThatIsNotComplete) {
  const Campaign campaign;
  const auto engine = campaign.engine();
  std::optional<RestartCheckpoint> saved;
  RestartHooks hooks;
  int asked = 0;
  hooks.next = [&] {
    return ++asked < 3 ? RestartHooks::Order::go_on : RestartHooks::Order::give_up;
  };
  hooks.save = [&](RestartCheckpoint&& c) { saved = std::move(c); };
  EXPECT_FALSE(run_restart(campaign.simulation(*engine), campaign.options, 0, hooks));
  ASSERT_TRUE(saved);
  const auto refused = [&](RestartCheckpoint c) {
    RestartHooks resuming;
    resuming.resume = &c;
    EXPECT_THROW(run_restart(campaign.simulation(*engine), campaign.options, 0, resuming),
                 RunError);
  };
  RestartCheckpoint c = *saved;
  c.history = {};
  refused(c);
  c = *saved;
  c.iterations = -1;
  refused(c);
  c = *saved;
  c.optimizer.resize(5);
  refused(c);
}

TEST(Restart, ADivergedOneIsARecord) {
  Campaign campaign;
  campaign.costs[3] = std::numeric_limits<double>::infinity();
  const auto r = campaign.serial(1)[0];
  EXPECT_EQ(r.status, Status::diverged);
  EXPECT_EQ(r.expectation_crossings[2], Crossing{});
}

// Every ending by a run that comes to it, and the record says which.
TEST(Restart, EndsAsItsOptimizerDoes) {
  const auto ending = [](const auto& change) {
    Campaign campaign;
    change(campaign);
    return campaign.serial(1)[0];
  };
  const RestartResult converged = ending([](Campaign&) {});
  EXPECT_EQ(converged.status, Status::converged);
  EXPECT_LE(converged.gradient_norm, 1e-6);
  EXPECT_LT(converged.iterations, 500);
  const RestartResult cut =
      ending([](Campaign& c) { c.options.optimizer.lbfgs.max_iterations = 3; });
  EXPECT_EQ(cut.status, Status::iteration_limit);
  EXPECT_EQ(cut.iterations, 3);
  EXPECT_GT(cut.gradient_norm, 1e-6);
  // Nothing is small enough, and without a slack rounding hides every further step.
  const RestartResult stalled = ending([](Campaign& c) {
    c.options.optimizer.lbfgs.gradient_tolerance = 1e-300;
    c.options.optimizer.lbfgs.approximate_slack = 0.0;
  });
  EXPECT_EQ(stalled.status, Status::stalled_line_search);
  EXPECT_LT(stalled.gradient_norm, 1e-6);
  EXPECT_LT(stalled.iterations, 500);
  // Finite costs, whose differences are not.
  const RestartResult diverged = ending([](Campaign& c) {
    for (std::size_t w = 0; w < c.costs.size(); ++w) c.costs[w] = w % 2 == 0 ? 1.7e308 : -1.7e308;
  });
  EXPECT_EQ(diverged.status, Status::diverged);
}

TEST(Restart, LeavesTheAnglesOutUnlessAskedFor) {
  Campaign campaign;
  campaign.options.keep_angles = campaign.options.keep_history = false;
  EXPECT_TRUE(campaign.serial(1)[0].angles.empty());
  EXPECT_EQ(campaign.serial(1)[0].history, RestartHistory{});
}

}  // namespace
}  // namespace qhn
