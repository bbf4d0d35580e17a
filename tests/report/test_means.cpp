// Means over restarts, field by field, and the digits of intervals.
#include <gtest/gtest.h>

#include <cmath>

#include "record/statistics.hpp"
#include "report/solution.hpp"

namespace qhn {
namespace {

TEST(Means, OfEveryField) {
  Tally tally({1e-3});
  for (int k = 0; k < 3; ++k) {
    RestartRecord r;
    r.result.id = static_cast<std::uint64_t>(k);
    r.result.gap = 1.0;
    r.result.iterations = 10 + k;
    r.result.evaluations = 20 + 3 * k;
    r.result.status = static_cast<Status>(k + 1);
    r.cost = {.seconds = 4.0 + k, .cpu_seconds = 2.0 + 2 * k, .joules = 100.0 * k, .host = "n"};
    tally.add(r);
  }
  const MeanCost mean = tally.cost();
  EXPECT_DOUBLE_EQ(mean.seconds, 5.0);
  EXPECT_DOUBLE_EQ(mean.cpu_seconds, 4.0);
  EXPECT_DOUBLE_EQ(mean.joules, 100.0);
  EXPECT_DOUBLE_EQ(mean.iterations, 11.0);
  EXPECT_DOUBLE_EQ(mean.evaluations, 23.0);
  EXPECT_EQ(tally.endings(Status::converged), 0u);
  EXPECT_EQ(tally.endings(Status::iteration_limit), 1u);
  EXPECT_EQ(tally.endings(Status::stalled_line_search), 1u);
  EXPECT_EQ(tally.endings(Status::diverged), 1u);
}

// Costs 1, 2, …, 40; every fourth succeeds: resamples of fixed streams, so the digits are fixed.
TEST(Means, IntervalsAreWhatTheyAlwaysWere) {
  Attempts attempts;
  for (int k = 1; k <= 40; ++k) attempts.push_back({k % 4 == 0 ? 1.0 : 0.0, 1.0 * k});
  const std::vector<Attempts> one{attempts};
  const Estimate cost = mean_cost(one);
  EXPECT_NEAR(cost.value, 20.5, 1e-12);
  EXPECT_NEAR(cost.interval.low, 16.925, 1e-12);
  EXPECT_NEAR(cost.interval.high, 24.35, 1e-12);
  const Estimate solution = solution_cost_99(one);
  EXPECT_NEAR(solution.value, 20.5 * std::log(0.01) / std::log(0.75), 1e-9);
  EXPECT_NEAR(solution.interval.low, 190.55342145374271, 1e-9);
  EXPECT_NEAR(solution.interval.high, 747.51758234086424, 1e-9);
}

}  // namespace
}  // namespace qhn
