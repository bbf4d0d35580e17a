// What restarts draw and record, against numbers written down here: no campaign can be gone on
// with, nor compared with an older one, where these change.
#include <gtest/gtest.h>

#include <set>

#include "campaign.hpp"
#include "shots.hpp"
#include "support/watched_costs.hpp"

namespace qhn {
namespace {

using test::Campaign;
using test::Shots;
using test::ShotTask;
using test::task_of;

TEST(Golden, StartAnglesAreWhatTheyAlwaysWere) {
  // 2π·(upper 53 bits)·2^-53 of Philox's numbers, by another implementation.
  const std::vector<double> angles = start_angles(7, 5, 4);
  const std::vector<double> expected{5.783969042219837, 3.1616137886778906, 2.572130796934713,
                                     1.8546099197974533};
  for (std::size_t k = 0; k < 4; ++k) EXPECT_DOUBLE_EQ(angles[k], expected[k]);
}

// The stream of each circuit as the sampler gets it: number n of a restart is stream (seed, id·2^32
// + n), and no two are alike.
TEST(Golden, EveryCircuitOfEveryRestartHasItsOwnStream) {
  const Campaign campaign;
  const auto engine = campaign.engine();
  Shots shots;
  shots.shots = 1;
  shots.selection_shots = 1;
  shots.max_iterations = 2;
  std::set<std::uint64_t> first_words;
  std::size_t circuits = 0;
  for (const std::uint64_t id : {0u, 1u, 2u, 3u, 1000u}) {
    std::uint64_t number = 0;
    const Sampler sampler = [&](std::span<const double>, std::uint64_t count, CounterRng rng) {
      const std::uint64_t word = rng();
      EXPECT_EQ(word, CounterRng(11, Stream::training_shots, id << 32 | number++)());
      first_words.insert(word);
      ++circuits;
      return std::vector<Measured>{{0, count, 1.0, 1.0}};
    };
    const test::WatchedCosts ones(campaign.circuit.qubits, [](Index) { return 1.0; });
    run_shot_restart(*engine, sampler, ones, task_of(campaign, shots), campaign.options, id);
    EXPECT_EQ(number, 2u * 2 * (2 * 4 * 3 - 4) + 1);  // two circuits an angle, and the selection
  }
  EXPECT_EQ(first_words.size(), circuits);
}

TEST(Golden, ShotRestartsAreWhatTheyAlwaysWere) {
  const Campaign campaign;
  const auto engine = campaign.engine();
  struct Expected {
    OptimizerKind optimizer;
    ShotGradient gradient;
    double expectation, gradient_norm, first_angle;
    Index best_string;
    std::uint64_t unique;
  };
  for (const Expected& e : {Expected{OptimizerKind::adam, ShotGradient::shift, 0.4550201973934524,
                                     0.2336471713788596, 0.65568310454358059, 7, 3},
                            Expected{OptimizerKind::adam, ShotGradient::spsa, 0.56164487911259608,
                                     0.075630010926666671, 0.58333792044299737, 4, 4},
                            Expected{OptimizerKind::spsa, ShotGradient::spsa, 0.57232393364555711,
                                     0.17000995641926669, 0.57244150960067908, 7, 4}}) {
    Shots shots;
    shots.optimizer = e.optimizer;
    shots.gradient = e.gradient;
    shots.shots = 40;
    shots.selection_shots = 5;
    shots.max_iterations = 4;
    const auto r =
        run_shot_restart(*engine, campaign.costs, task_of(campaign, shots), campaign.options, 6);
    EXPECT_NEAR(r->expectation, e.expectation, 1e-12);
    EXPECT_NEAR(r->gradient_norm, e.gradient_norm, 1e-12);
    EXPECT_NEAR(r->angles.at(0), e.first_angle, 1e-12);
    EXPECT_EQ(r->best_string.index(), e.best_string);
    EXPECT_EQ(r->oracle[OraclePhase::selection].unique, e.unique);
  }
}

TEST(Golden, OfEqualMeasuredStringsTheLowestIsReturned) {
  const Campaign campaign;
  const auto engine = campaign.engine();
  Shots shots;
  shots.max_iterations = 0;
  const Sampler sampler = [](std::span<const double>, std::uint64_t, const CounterRng&) {
    return std::vector<Measured>{{2, 1, 0.75, 0.1},
                                 {5, 1, 0.25, 0.2},
                                 {7, 9, 0.5, 0.3},
                                 {11, 4, 0.25, 0.4},
                                 {13, 1, 0.25, 0.05}};
  };
  const test::WatchedCosts ones(campaign.circuit.qubits, [](Index) { return 1.0; });
  const auto r =
      run_shot_restart(*engine, sampler, ones, task_of(campaign, shots), campaign.options, 0);
  EXPECT_EQ(r->best_string.index(), 5u);
  EXPECT_EQ(r->best_cost, 0.25);
  EXPECT_EQ(r->best_probability, 0.2);
}

// Of L-BFGS: the course of one restart to its end.
TEST(Golden, RestartsAreWhatTheyAlwaysWere) {
  const Campaign campaign;
  const auto results = campaign.serial(3);
  struct Expected {
    Status status;
    int iterations, evaluations;
    double expectation;
    Index best_string;
    Crossing first;
  };
  const Expected expected[] = {
      {Status::converged, 27, 34, 0.037373111245561037, 5, {2, 7}},
      {Status::converged, 34, 41, 0.037373111245546792, 5, {4, 7}},
      {Status::converged, 33, 41, 0.037373111248002674, 5, {5, 11}},
  };
  for (std::size_t id = 0; id < 3; ++id) {
    const RestartResult& r = results[id];
    const Expected& e = expected[id];
    EXPECT_EQ(r.status, e.status) << id;
    EXPECT_EQ(r.iterations, e.iterations) << id;
    EXPECT_EQ(r.evaluations, e.evaluations) << id;
    EXPECT_NEAR(r.expectation, e.expectation, 1e-9) << id;
    EXPECT_EQ(r.best_string.index(), e.best_string) << id;
    EXPECT_EQ(r.expectation_crossings[0], e.first) << id;
  }
}

TEST(Golden, AGapOfExactlyEpsilonIsNotBelowIt) {
  // All costs are alike but one, so that the gap of the most probable string is that of its cost.
  Campaign campaign;
  campaign.costs.assign(16, 0.75);
  campaign.costs[9] = 0.25;  // a gap of exactly 1/2 from everywhere else
  campaign.minimum = 0.25;
  campaign.options.epsilons = {0.75, 0.5};
  campaign.options.optimizer.lbfgs.max_iterations = 0;
  int seen = 0;
  for (const RestartResult& r : campaign.serial(4)) {
    if (r.best_string.index() == 9) continue;
    ++seen;
    EXPECT_EQ(r.string_crossings[0], (Crossing{0, 1}));
    EXPECT_EQ(r.string_crossings[1], Crossing{});
    EXPECT_EQ(r.status, Status::iteration_limit);
  }
  EXPECT_GT(seen, 1);
}

}  // namespace
}  // namespace qhn
