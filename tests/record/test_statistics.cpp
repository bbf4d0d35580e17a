#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/error.hpp"
#include "record/statistics.hpp"

namespace qhn {
namespace {

RestartRecord record(std::uint64_t id, double gap, double seconds = 0, int evaluations = 0) {
  RestartRecord r;
  r.result.id = id;
  r.result.gap = gap;
  r.result.evaluations = evaluations;
  r.cost.seconds = seconds;
  return r;
}

// P(X <= k) of a binomial variable, summed term by term.
double binomial_below(int k, int n, double p) {
  double sum = 0;
  for (int i = 0; i <= k; ++i)
    sum += std::exp(std::lgamma(n + 1) - std::lgamma(i + 1) - std::lgamma(n - i + 1) +
                    i * std::log(p) + (n - i) * std::log1p(-p));
  return sum;
}

TEST(ClopperPearson, HasClosedFormsAtTheEnds) {
  for (const int n : {1, 5, 300}) {
    const double tail = std::pow(0.025, 1.0 / n);
    EXPECT_EQ(clopper_pearson(0, n).low, 0.0);
    EXPECT_NEAR(clopper_pearson(0, n).high, 1 - tail, 1e-14);
    EXPECT_NEAR(clopper_pearson(n, n).low, tail, 1e-14);
    EXPECT_EQ(clopper_pearson(n, n).high, 1.0);
  }
}

TEST(ClopperPearson, LeavesHalfOfTheErrorInEachTail) {
  for (const auto& [k, n] : {std::pair{229, 300}, {272, 300}, {1, 7}, {500, 1000}})
    for (const double confidence : {0.95, 0.99}) {
      const Interval i = clopper_pearson(k, n, confidence);
      EXPECT_NEAR(1 - binomial_below(k - 1, n, i.low), (1 - confidence) / 2, 1e-9);
      EXPECT_NEAR(binomial_below(k, n, i.high), (1 - confidence) / 2, 1e-9);
    }
}

TEST(ClopperPearson, RefusesImpossibleCounts) {
  EXPECT_THROW(clopper_pearson(0, 0), InputError);
  EXPECT_THROW(clopper_pearson(4, 3), InputError);
}

// Newcombe 1998, table II, method 10 (four decimals are printed).
TEST(Newcombe, MatchesThePublishedExamples) {
  struct Example {
    int a, m, b, n;
    double low, high;
  };
  for (const Example& e : {Example{56, 70, 48, 80, 0.0524, 0.3339},
                           {9, 10, 3, 10, 0.1705, 0.8090},
                           {10, 10, 0, 20, 0.6791, 1.0000},
                           {0, 10, 0, 20, -0.1611, 0.2775}}) {
    const Interval i = newcombe_difference(e.a, e.m, e.b, e.n, 0.95);
    EXPECT_NEAR(i.low, e.low, 5e-5);
    EXPECT_NEAR(i.high, e.high, 5e-5);
  }
}

TEST(Newcombe, ChangesSignWithTheOrder) {
  const Interval ab = newcombe_difference(229, 300, 640, 1000);
  const Interval ba = newcombe_difference(640, 1000, 229, 300);
  EXPECT_NEAR(ab.low, -ba.high, 1e-15);
  EXPECT_NEAR(ab.high, -ba.low, 1e-15);
}

TEST(Agreement, KeepsEqualAndRejectsDifferentProbabilities) {
  EXPECT_TRUE(probabilities_agree(272, 300, 265, 300));
  EXPECT_TRUE(probabilities_agree(229, 300, 214, 300));
  EXPECT_TRUE(probabilities_agree(300, 300, 1000, 1000));
  EXPECT_FALSE(probabilities_agree(229, 300, 600, 1000));
  EXPECT_FALSE(probabilities_agree(0, 300, 300, 300));
}

Tally tally(const std::vector<RestartRecord>& records, std::vector<double> epsilons) {
  Tally all(std::move(epsilons));
  for (const RestartRecord& r : records) all.add(r);
  return all;
}

TEST(Success, KeepsFailedRestartsInTheDenominator) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const std::vector<RestartRecord> records{record(0, 1e-7), record(1, 1e-3), record(2, nan),
                                           record(3, 5e-5)};
  const auto ladder = tally(records, {1e-2, 1e-3, 1e-4}).success();
  ASSERT_EQ(ladder.size(), 3u);
  EXPECT_EQ(ladder[0].count, 3u);
  EXPECT_EQ(ladder[1].count, 2u);  // strictly below
  EXPECT_EQ(ladder[2].count, 2u);
  EXPECT_EQ(ladder[2].total, 4u);
  EXPECT_EQ(ladder[2].probability, 0.5);
  EXPECT_EQ(ladder[2].interval.low, clopper_pearson(2, 4).low);
}

TEST(Cost, IsTheMeanOverAllRestarts) {
  const std::vector<RestartRecord> records{record(0, 0, 1.0, 10), record(1, 0, 2.0, 40)};
  const MeanCost mean = tally(records, {}).cost();
  EXPECT_EQ(mean.seconds, 1.5);
  EXPECT_EQ(mean.evaluations, 25.0);
  EXPECT_TRUE(std::isnan(mean.joules));  // not measured
}

TEST(Cost, ToSolutionFollowsItsDefinition) {
  EXPECT_EQ(cost_to_solution_99(3, 0), std::numeric_limits<double>::infinity());
  EXPECT_NEAR(cost_to_solution_99(3, 0.5), 3 * std::log(0.01) / std::log(0.5), 1e-12);
  EXPECT_NEAR(cost_to_solution_99(3, 0.9), 6, 1e-12);  // 0.1² = 0.01
  EXPECT_EQ(cost_to_solution_99(3, 0.995), 3);
  EXPECT_EQ(cost_to_solution_99(3, 1), 3);
}

}  // namespace
}  // namespace qhn
