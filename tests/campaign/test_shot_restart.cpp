#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "campaign.hpp"
#include "core/error.hpp"
#include "engine/reference.hpp"
#include "shots.hpp"

namespace qhn {
namespace {

using test::Campaign;
using test::Shots;
using test::ShotTask;
using test::task_of;

TEST(LiveAngles, AreThoseOfTheFamiliesButTheLastRzSublayer) {
  for (const Family family : {Family::product, Family::linear, Family::all_to_all})
    for (const int sublayers : {1, 2, 4}) {
      const Circuit circuit = make_circuit(family, 4, sublayers);
      const auto live = live_angles(circuit);
      EXPECT_EQ(live.size(), 2u * 4u * static_cast<unsigned>(sublayers) - 4u);
      EXPECT_EQ(live.back(), rz_angle(4, sublayers, sublayers, 0) - 1);
    }
}

TEST(ParameterShift, NeedsAnAngleForEveryGate) {
  EXPECT_NO_THROW(require_single_gates(make_circuit(Family::linear, 4, 3)));
  const Circuit shared =
      make_custom_circuit(2, {{"Ry", {0}, "twice", 0.0}, {"Ry", {1}, "twice", 0.0}});
  EXPECT_THROW(require_single_gates(shared), InputError);
}

// Many shots come near the exact gradient: a mean of 40000 costs between 0 and 1 is off by about
// 1.5e-3, and the norm of 20 such components by less than 1e-2.
TEST(ShotRestart, EstimatesTheGradientByShifts) {
  const Campaign campaign;
  const auto engine = campaign.engine();
  Shots shots;
  shots.shots = 40000;
  shots.max_iterations = 1;
  for (std::uint64_t id = 0; id < 3; ++id) {
    const auto r =
        run_shot_restart(*engine, campaign.costs, task_of(campaign, shots), campaign.options, id);
    std::vector<double> gradient(static_cast<std::size_t>(campaign.circuit.angles));
    engine->expectation_and_gradient(start_angles(11, id, campaign.circuit.angles), gradient);
    const double norm =
        std::sqrt(std::inner_product(gradient.begin(), gradient.end(), gradient.begin(), 0.0));
    EXPECT_NEAR(r->gradient_norm, norm, 1e-2);
  }
}

TEST(ShotRestart, BillsEveryShot) {
  const Campaign campaign;
  const auto engine = campaign.engine();
  Shots shots;
  shots.shots = 50;
  shots.selection_shots = 7;
  shots.max_iterations = 5;
  const auto shift =
      run_shot_restart(*engine, campaign.costs, task_of(campaign, shots), campaign.options, 0);
  const std::uint64_t circuits = 5 * 2 * (2 * 4 * 3 - 4);
  EXPECT_EQ(shift->iterations, 5);
  EXPECT_EQ(shift->status, Status::iteration_limit);
  EXPECT_EQ(shift->evaluations, static_cast<int>(circuits));
  const OracleBill& bill = shift->oracle;
  EXPECT_EQ(bill[OraclePhase::optimization].evaluations, 50 * circuits);
  EXPECT_EQ(bill[OraclePhase::optimization].samples, 30 * 50 * circuits);
  EXPECT_EQ(bill[OraclePhase::optimization].unique, 16u);  // of four qubits
  EXPECT_EQ(bill[OraclePhase::selection].evaluations, 7u);
  EXPECT_EQ(bill[OraclePhase::selection].samples, 7u * 30);
  EXPECT_LE(bill[OraclePhase::selection].unique, 7u);
  EXPECT_EQ(bill[OraclePhase::validation], OracleCount{});

  for (const OptimizerKind optimizer : {OptimizerKind::adam, OptimizerKind::spsa}) {
    shots.optimizer = optimizer;
    shots.gradient = ShotGradient::spsa;
    const auto spsa =
        run_shot_restart(*engine, campaign.costs, task_of(campaign, shots), campaign.options, 0);
    EXPECT_EQ(spsa->evaluations, 5 * 2);
    EXPECT_EQ(spsa->oracle[OraclePhase::optimization].samples, 30u * 50 * 5 * 2);
  }
}

TEST(ShotRestart, BillsFidelitiesAsCircuitsThatAskForNoLosses) {
  const Campaign campaign;
  const auto engine = campaign.engine();
  Shots shots;
  shots.optimizer = OptimizerKind::qnspsa;
  shots.shots = 50;
  shots.max_iterations = 5;
  RestartOptions options = campaign.options;
  const auto run = [&] {
    return run_shot_restart(*engine, campaign.costs, task_of(campaign, shots), options, 0);
  };
  auto r = run();
  EXPECT_EQ(r->iterations, 5);
  EXPECT_EQ(r->evaluations, 5 * (2 + 4));
  EXPECT_EQ(r->oracle[OraclePhase::optimization].evaluations, 5u * 2 * 50);
  shots.qnspsa.blocking = true;  // 25 at the start, one of each trial step
  r = run();
  EXPECT_EQ(r->iterations, 5);
  EXPECT_EQ(r->evaluations, 25 + 5 * (2 + 4 + 1));
  EXPECT_EQ(r->oracle[OraclePhase::optimization].evaluations, (25u + 5 * 3) * 50);
  shots.qnspsa.learning_rate = 1e3;  // anywhere, so most steps are refused
  shots.max_iterations = 30;
  options.keep_history = true;
  const auto refused = [](const RestartResult& restart) {
    return std::count(restart.history.step.begin() + 1, restart.history.step.end(), 0.0F);
  };
  EXPECT_GT(refused(*run()), 5);
  shots.qnspsa.blocking = false;
  EXPECT_EQ(refused(*run()), 0);
}

// Measured fidelities are near the exact ones, which reference_state() gives.
TEST(Fidelities, AreThoseOfTheStates) {
  const Campaign campaign;
  const auto engine = campaign.engine();
  const auto x = start_angles(11, 0, campaign.circuit.angles);
  const auto y = start_angles(11, 1, campaign.circuit.angles);
  const auto a = reference_state(campaign.circuit, x), b = reference_state(campaign.circuit, y);
  Complex overlap = 0.0;
  for (std::size_t w = 0; w < a.size(); ++w) overlap += std::conj(a[w]) * b[w];
  const auto found = make_fidelities(*engine, campaign.circuit.qubits)(x, {x, y});
  EXPECT_NEAR(found[0], 1.0, 1e-13);
  EXPECT_NEAR(found[1], std::norm(overlap), 1e-13);
}

// From the same starts, exact training reaches the same expectations or lower ones.
TEST(ShotRestart, Trains) {
  const Campaign campaign;
  const auto engine = campaign.engine();
  for (const OptimizerKind optimizer :
       {OptimizerKind::adam, OptimizerKind::spsa, OptimizerKind::qnspsa}) {
    Shots shots;
    shots.optimizer = optimizer;
    shots.shots = 200;
    shots.max_iterations = optimizer == OptimizerKind::adam ? 150 : 1000;
    double before = 0.0, after = 0.0;
    for (std::uint64_t id = 0; id < 5; ++id) {
      const auto r =
          run_shot_restart(*engine, campaign.costs, task_of(campaign, shots), campaign.options, id);
      before += engine->expectation(start_angles(11, id, campaign.circuit.angles)) / 5;
      after += r->expectation / 5;
      EXPECT_EQ(r->expectation, engine->expectation(r->angles));
      EXPECT_EQ(r->best_cost, campaign.costs[r->best_string.index()]);
    }
    EXPECT_LT(after - campaign.minimum, 0.25 * (before - campaign.minimum));
  }
}

// A restart that has diverged is abandoned while its network is chosen, and goes on to the same
// end.
TEST(ShotRestart, ThatDivergesIsInterruptedAtItsEnd) {
  const Campaign campaign;
  Shots shots;
  shots.shots = 20;
  shots.adam.learning_rate = INFINITY;
  const ShotTask task = task_of(campaign, shots);
  const auto engine = campaign.engine();
  const CostsInMemory costs(campaign.costs);
  const Sampler sampler = make_sampler(*engine, campaign.costs);
  const auto whole = run_shot_restart(*engine, sampler, costs, task, campaign.options, 1);
  EXPECT_EQ(whole->status, Status::diverged);
  std::optional<RestartCheckpoint> saved;
  RestartHooks hooks;
  hooks.save = [&](RestartCheckpoint&& c) { saved = std::move(c); };
  const Sampler breaks = [&](std::span<const double> angles, std::uint64_t count,
                             const CounterRng& rng) {
    if (count == shots.selection_shots) throw Abandoned{};
    return sampler(angles, count, rng);
  };
  EXPECT_FALSE(run_shot_restart(*engine, breaks, costs, task, campaign.options, 1, hooks));
  ASSERT_TRUE(saved);
  EXPECT_EQ(run_shot_restart(*engine, sampler, costs, task, campaign.options, 1,
                             {nullptr, nullptr, &*saved}),
            whole);
}

// Costs, rates or widths beyond any number: the restart ends at the last angles that are finite.
TEST(ShotRestart, ThatDivergesEndsAtItsLastFiniteAngles) {
  const auto ends = [](Campaign campaign, Shots shots) {
    const auto engine = campaign.engine();
    shots.max_iterations = 20;
    const auto r =
        run_shot_restart(*engine, campaign.costs, task_of(campaign, shots), campaign.options, 1);
    EXPECT_EQ(r->status, Status::diverged);
    EXPECT_LT(r->iterations, 20);
    for (const double angle : r->angles) EXPECT_TRUE(std::isfinite(angle));
    EXPECT_TRUE(std::isfinite(r->expectation));
    EXPECT_GT(r->best_probability, 0.0);
  };
  Campaign huge;
  for (std::size_t w = 0; w < huge.costs.size(); ++w)
    huge.costs[w] *= w % 2 == 0 ? 1.7e308 : -1.7e308;
  for (const OptimizerKind optimizer : {OptimizerKind::adam, OptimizerKind::spsa}) {
    Shots shots;
    shots.shots = 20;
    shots.optimizer = optimizer;
    shots.adam.learning_rate = INFINITY;
    shots.spsa.gain = INFINITY;
    ends(Campaign{}, shots);
  }
  Shots narrow;
  narrow.shots = 20;
  narrow.optimizer = OptimizerKind::spsa;
  narrow.spsa.width = 1e-320;
  ends(Campaign{}, narrow);
  Shots spsa;
  spsa.shots = 20;
  spsa.optimizer = OptimizerKind::spsa;
  ends(huge, spsa);
}

TEST(ShotRestart, GoesOnFromWhereverItWasSaved) {
  const Campaign campaign;
  for (const OptimizerKind optimizer :
       {OptimizerKind::adam, OptimizerKind::spsa, OptimizerKind::qnspsa}) {
    Shots shots;
    shots.optimizer = optimizer;
    shots.qnspsa.blocking = true;
    shots.fidelity_shots = 30;
    shots.shots = 20;
    shots.max_iterations = 6;
    const ShotTask task = task_of(campaign, shots);
    const auto engine = campaign.engine();
    const auto whole = run_shot_restart(*engine, campaign.costs, task, campaign.options, 3);
    EXPECT_EQ(whole, run_shot_restart(*engine, campaign.costs, task, campaign.options, 3));

    // Given up between two iterations, ever later.
    std::optional<RestartCheckpoint> saved;
    RestartHooks hooks;
    hooks.save = [&](RestartCheckpoint&& c) { saved = std::move(c); };
    int asked = 0;
    hooks.next = [&] {
      return ++asked % 3 == 0 ? RestartHooks::Order::give_up : RestartHooks::Order::save;
    };
    std::optional<RestartResult> resumed;
    for (int runs = 0; !resumed && runs < 20; ++runs) {
      const std::optional<RestartCheckpoint> from = saved;
      hooks.resume = from ? &*from : nullptr;
      resumed = run_shot_restart(*engine, campaign.costs, task, campaign.options, 3, hooks);
    }
    EXPECT_EQ(resumed, whole);

    // Abandoned in the middle of an iteration.
    saved.reset();
    hooks.next = nullptr;
    hooks.resume = nullptr;
    struct Breaking : test::Disturbed, AmplitudeSource {
      using Disturbed::Disturbed;
      int left = 9;
      AmplitudeSource* amplitudes() override { return this; }
      void state(std::span<const double> angles, std::span<Complex> out) override {
        if (left-- == 0) throw Abandoned{};
        Disturbed::amplitudes()->state(angles, out);
      }
    } breaking(campaign.engine(), [] {});
    EXPECT_FALSE(run_shot_restart(breaking, campaign.costs, task, campaign.options, 3, hooks));
    ASSERT_TRUE(saved);
    hooks.resume = &*saved;
    EXPECT_EQ(run_shot_restart(*engine, campaign.costs, task, campaign.options, 3,
                               {nullptr, nullptr, &*saved}),
              whole);
  }
}

}  // namespace
}  // namespace qhn
