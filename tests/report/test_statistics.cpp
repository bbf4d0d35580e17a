#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/error.hpp"
#include "record/statistics.hpp"
#include "report/solution.hpp"

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

TEST(Oracle, TotalsAddEveryPhaseAndField) {
  OracleBill bill;
  bill[OraclePhase::optimization] = {1, 20, 300};
  bill[OraclePhase::selection] = {4000, 50000, 600000};
  bill[OraclePhase::validation] = {7000000, 80000000, 900000000};
  EXPECT_EQ(bill.total(), (OracleCount{7004001, 80050020, 900600300}));
  OracleCount sum = bill.total();
  sum += {1, 2, 3};
  EXPECT_EQ(sum, (OracleCount{7004002, 80050022, 900600303}));
  EXPECT_EQ(bill[OraclePhase::selection].unique, 50000u);
}

// One instance whose cost nobody knows: the mean is not known either, and no resample says
// otherwise.
TEST(Solution, WhatIsNotKnownStaysSo) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const std::vector<Attempts> instances{Attempts(50, {1.0, 2.0}), Attempts(50, {1.0, nan})};
  for (const Estimate& e : {mean_cost(instances), solution_cost_99(instances)}) {
    EXPECT_TRUE(std::isnan(e.value));
    EXPECT_TRUE(std::isnan(e.interval.low));
    EXPECT_TRUE(std::isnan(e.interval.high));
  }
}

TEST(Cost, ToSolutionFollowsItsDefinition) {
  EXPECT_EQ(cost_to_solution_99(3, 0), std::numeric_limits<double>::infinity());
  EXPECT_NEAR(cost_to_solution_99(3, 0.5), 3 * std::log(0.01) / std::log(0.5), 1e-12);
  EXPECT_NEAR(cost_to_solution_99(3, 0.9), 6, 1e-12);  // 0.1² = 0.01
  EXPECT_EQ(cost_to_solution_99(3, 0.995), 3);
  EXPECT_EQ(cost_to_solution_99(3, 1), 3);
}

// `successes` of `total` trainings succeed; each costs `cost`, and `more` where it succeeds.
Attempts trainings(int successes, int total, double cost, double more = 0.0) {
  Attempts all;
  for (int k = 0; k < total; ++k) {
    const double success = k < successes ? 1.0 : 0.0;
    all.push_back({success, cost + more * success});
  }
  return all;
}

TEST(Solution, MatchesClosedForms) {
  const std::vector<Attempts> half{trainings(25, 50, 2.0)};
  EXPECT_NEAR(solution_cost_99(half).value, 2 * std::log(0.01) / std::log(0.5), 1e-12);
  EXPECT_NEAR(solution_cost_99(half, 7.0).value, 7 + 2 * std::log(0.01) / std::log(0.5), 1e-12);
  const Estimate sure = solution_cost_99(std::vector<Attempts>{trainings(9, 9, 2.0)}, 1.0);
  EXPECT_EQ(sure.value, 3.0);
  EXPECT_EQ(sure.interval.low, 3.0);
  EXPECT_EQ(sure.interval.high, 3.0);
  // None of 40: (1 - p)^40 = 0.05, so ln(1 - p) = ln(0.05)/40.
  const Estimate none = solution_cost_99(std::vector<Attempts>{trainings(0, 40, 2.0)}, 5.0);
  EXPECT_TRUE(std::isinf(none.value));
  EXPECT_TRUE(std::isinf(none.interval.high));
  EXPECT_NEAR(none.interval.low, 5 + 2 * 40 * std::log(0.01) / std::log(0.05), 1e-9);
}

// Half the width of the interval against that of the delta method.
void expect_half_width(const Estimate& e, double expected) {
  EXPECT_NEAR((e.interval.high - e.interval.low) / 2, expected, 0.15 * expected);
}

TEST(Solution, DrawsSuccessAndCostTogether) {
  const double p = 0.3, se = std::sqrt(p * (1 - p) / 400);
  const double g = std::log(0.01) / std::log(1 - p);
  const double slope = g / ((1 - p) * std::log(1 - p));  // dg/dp
  expect_half_width(solution_cost_99(std::vector<Attempts>{trainings(120, 400, 1.0)}),
                    1.96 * std::abs(slope) * se);
  // Failures cost 1, successes 5: the mean cost is 1 + 4p, and what p costs in tries it adds in
  // price.
  const Estimate dear = solution_cost_99(std::vector<Attempts>{trainings(120, 400, 1.0, 4.0)});
  EXPECT_NEAR(dear.value, 2.2 * g, 1e-9);
  expect_half_width(dear, 1.96 * std::abs(2.2 * slope + 4 * g) * se);
}

// Attempt k starts alike in all instances, so it is drawn for all of them.
TEST(Solution, InstancesAndAttemptsAreDrawnCrosswise) {
  const std::vector<int> successes{200, 400, 600, 800};
  constexpr double n = 1000, count = 4;
  std::vector<Attempts> instances;
  double all = 0.0, diagonal = 0.0;  // E of (Σ over drawn attempts)² / n², of pairs of instances
  for (const int a : successes) {
    instances.push_back(trainings(a, n, 1.0));
    for (const int b : successes) {
      const double pair = (1 - 1 / n) * a * b / (n * n) + std::min(a, b) / (n * n);
      all += pair;
      diagonal += a == b ? pair : 0.0;
    }
  }
  const Estimate e = mean_success(instances);
  EXPECT_NEAR(e.value, 0.5, 1e-12);
  const double square = ((1 - 1 / count) * all + diagonal) / (count * count);
  expect_half_width(e, 1.96 * std::sqrt(square - 0.25));
  // Instances that end alike tell no more than one of them.
  const std::vector<Attempts> alike(20, trainings(120, 400, 1.0));
  expect_half_width(mean_success(alike), 1.96 * std::sqrt(0.3 * 0.7 / 400));
  const std::vector<Attempts> never(20, trainings(0, 40, 2.0));
  EXPECT_EQ(solution_cost_99(never).interval.low,
            solution_cost_99(std::vector<Attempts>{never[0]}).interval.low);
  EXPECT_EQ(mean_success(never).interval.high, clopper_pearson(0, 40).high);
  // The same for instances that are not finished.
  std::vector<Attempts> unfinished;
  for (std::size_t k = 0; k < 20; ++k) {
    unfinished.push_back({});
    for (std::size_t a = 0; a < 381 + k; ++a)
      unfinished[k].push_back({a % 10 < 3 ? 1.0 : 0.0, 1.0});
  }
  expect_half_width(mean_success(unfinished), 1.96 * std::sqrt(0.3 * 0.7 / 390));
  // Each instance has the same weight.
  const std::vector<Attempts> uneven{trainings(200, 1000, 1.0), trainings(8, 10, 1.0)};
  EXPECT_NEAR(mean_success(uneven).value, 0.5, 1e-12);
  // One instance of zeros and ones has an exact interval.
  EXPECT_EQ(mean_success(std::vector<Attempts>{trainings(3, 10, 1.0)}).interval.low,
            clopper_pearson(3, 10).low);
}

}  // namespace
}  // namespace qhn
