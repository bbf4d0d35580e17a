// What the classical methods do, against second writings of them and numbers written down here.
#include <gtest/gtest.h>
#include <omp.h>

#include <algorithm>
#include <atomic>
#include <cmath>

#include "baseline/controls.hpp"
#include "baseline/method.hpp"
#include "problem/problem.hpp"
#include "support/watched_costs.hpp"

namespace qhn {
namespace {

/// Whole numbers below `values`, so that many are equal.
std::vector<double> table_with_ties(int bits, std::uint64_t values) {
  CounterRng rng(8, Stream::synthetic, values);
  std::vector<double> table(dimension(bits));
  for (double& cost : table) cost = static_cast<double>(rng() % values);
  return table;
}

// The course of annealing, step by step: the walk over all bits that sets the first temperature,
// and temperatures from there to `ratio` times it, the last sweep at exactly that.
TEST(Schedule, OfAnnealingFromTheFirstToTheLastTemperature) {
  constexpr int bits = 14;
  const std::vector<double> table = table_with_ties(bits, 50);
  for (const std::uint64_t sweeps : {1u, 2u, 3u, 40u})
    for (const double ratio : {1.0, 0.1, 1e-3}) {
      std::vector<Index> asked;
      const test::WatchedCosts costs(bits, [&](Index w) {
        asked.push_back(w);
        return table[w];
      });
      LossOracle loss(costs, 1);
      CounterRng rng(3, Stream::baseline, sweeps), again = rng;
      anneal(loss, bits, {sweeps, ratio}, rng);

      std::vector<Index> expected{again() & (dimension(bits) - 1)};
      Index w = expected[0];
      double steps = 0.0;
      for (int q = 0; q < bits; ++q) {
        const Index next = w ^ (Index{1} << q);
        steps += std::abs(table[next] - table[w]);
        expected.push_back(w = next);
      }
      const double first = -(steps / bits) / std::log(0.8);
      for (std::uint64_t k = 0; k < sweeps; ++k) {
        const double part =
            sweeps == 1 ? 1.0 : static_cast<double>(k) / static_cast<double>(sweeps - 1);
        const double temperature = first * std::pow(ratio, part);
        for (int step = 0; step < bits; ++step) {
          const Index next = w ^ (Index{1} << static_cast<int>(bits * again.uniform()));
          const double change = table[next] - table[w], draw = again.uniform();
          expected.push_back(next);
          if (change <= 0 || draw < std::exp(-change / temperature)) w = next;
        }
      }
      EXPECT_EQ(asked, expected) << sweeps << " " << ratio;
      EXPECT_EQ(loss.iterations(), static_cast<int>(sweeps));
    }
}

// Plateaus: of equal neighbours the lowest bit, and equal is not better.
TEST(Schedule, OfDescentOverPlateaus) {
  constexpr int bits = 15;
  const std::vector<double> table = table_with_ties(bits, 6);
  CounterRng rng(4, Stream::baseline, 0);
  for (int trial = 0; trial < 200; ++trial) {
    const Index start = rng() & (dimension(bits) - 1);
    const CostsInMemory table_costs(table);
    LossOracle loss(table_costs, 1);
    const Index found = steepest_descent(loss, bits, start);
    Index w = start;
    std::uint64_t evaluations = 1;
    int steps = 0;
    for (;; ++steps) {
      std::vector<double> around;
      for (int q = 0; q < bits; ++q) around.push_back(table[w ^ (Index{1} << q)]);
      evaluations += bits;
      const auto least = std::min_element(around.begin(), around.end());  // the first of equals
      if (*least >= table[w]) break;
      w ^= Index{1} << (least - around.begin());
    }
    EXPECT_EQ(found, w);
    EXPECT_EQ(loss.bill().total().evaluations, evaluations);
    EXPECT_EQ(loss.iterations(), steps);
    EXPECT_EQ(loss.best().loss, table[w]);
  }
}

TEST(Schedule, OfEqualLossesTheFirstIsKept) {
  const std::vector<double> flat(dimension(14), 1.5);
  const CostsInMemory flat_costs(flat);
  LossOracle loss(flat_costs, 1);
  for (const Index w : {4000u, 3u, 16000u, 0u}) loss(w);
  EXPECT_EQ(loss.best().network, 4000u);
  EXPECT_EQ(loss.best().evaluation, 1u);
  EXPECT_EQ(loss.improvements().size(), 1u);
  std::vector<double> two(dimension(14), 1.5);  // more than a block of what is enumerated at once
  two[4097] = two[9000] = two[16383] = 0.25;
  const CostsInMemory two_costs(two);
  LossOracle all(two_costs, 1);
  all.enumerate();
  EXPECT_EQ(all.best().network, 4097u);
  EXPECT_EQ(all.best().evaluation, 4098u);
  EXPECT_EQ(all.bill().total(), (OracleCount{16384, 16384, 16384}));
}

class Golden : public ::testing::Test {
 protected:
  Golden() {
    ProblemOptions options;
    options.train_samples = 40;
    options.test_samples = 1;
    options.hidden = 2;
    problem = make_problem(options);
    const int bits = problem->bits();
    costs = table_with_ties(bits, 100);
    function.emplace(costs);
    task = {&*function, 40, problem->network(), &problem->data()->train};
  }
  BaselineRun run_of(BaselineOptions options) const {
    const Settings settings = default_settings(options);
    return {std::move(options), settings, 7, 0.0, {1e-9}};
  }
  std::unique_ptr<Problem> problem;
  std::vector<double> costs;
  std::optional<CostsInMemory> function;
  BaselineTask task;
};

TEST_F(Golden, EveryMethodGoesTheWayItAlwaysWent) {
  struct Expected {
    Method method;
    Outer outer;
    TrainerKind inner;
    Index network;
    int iterations;
    OracleCount bill;
  };
  const Expected expected[] = {
      {Method::random, {}, {}, 604, 1000, {1000, 650, 40000}},
      {Method::descent, {}, {}, 14, 1, {21, 20, 840}},
      {Method::annealing, {}, {}, 484, 20, {211, 81, 8440}},
      {Method::cross_entropy, {}, {}, 14, 14, {1400, 325, 56000}},
      {Method::enumeration, {}, {}, 14, 0, {1024, 1024, 40960}},
      {Method::ste, {}, {}, 34, 4, {12, 4, 640}},
      {Method::proxquant, {}, {}, 34, 4, {12, 4, 640}},
      {Method::signsgd, {}, {}, 34, 4, {12, 2, 640}},
      {Method::nested, Outer::grid, TrainerKind::ste, 160, 48, {120, 40, 7680}},
      {Method::nested, Outer::random, TrainerKind::proxquant, 821, 64, {164, 36, 10240}},
      {Method::nested, Outer::halving, TrainerKind::signsgd, 32, 15, {39, 24, 2400}},
  };
  for (const Expected& e : expected) {
    BaselineOptions options;
    options.method = e.method;
    options.outer = e.outer;
    options.inner = e.inner;
    options.fixed = {{"epochs", 4}, {"sweeps", 20}};
    const RestartResult r = run_baseline(task, run_of(options), 5);
    SCOPED_TRACE(describe(options));
    EXPECT_EQ(r.best_string.index(), e.network);
    EXPECT_EQ(r.iterations, e.iterations);
    EXPECT_EQ(r.oracle.total(), e.bill)
        << r.oracle.total().evaluations << ", " << r.oracle.total().unique << ", "
        << r.oracle.total().samples;
  }
}

TEST_F(Golden, TuningDrawsFromItsOwnStreams) {
  BaselineOptions options;
  options.method = Method::annealing;
  options.tuning = 30000;
  const std::atomic<bool> stop = false;
  const auto tuning = tune(task, run_of(options), stop);
  ASSERT_TRUE(tuning);
  EXPECT_EQ(to_string(tuning->settings), "sweeps = 10, temperature_ratio = 0.1");
  EXPECT_EQ(tuning->bill, (OracleCount{30000, 14397, 1200000}))
      << tuning->bill.evaluations << ", " << tuning->bill.unique << ", " << tuning->bill.samples;
}

TEST_F(Golden, OfEqualSettingsTuningTakesTheFirst) {
  costs.assign(costs.size(), 2.0);  // every restart of every candidate reaches the minimum
  BaselineOptions options;
  options.method = Method::annealing;
  options.fixed = {{"sweeps", 10}};
  options.tuning = 3000;
  const std::atomic<bool> stop = false;
  const auto tuning = tune(task, run_of(options), stop);
  ASSERT_TRUE(tuning);
  EXPECT_EQ(tuning->settings, candidate_settings(options).front());
  EXPECT_EQ(tuning->settings.at("temperature_ratio"), 0.1);
}

}  // namespace
}  // namespace qhn
