#include <gtest/gtest.h>
#include <omp.h>

#include <algorithm>

#include "baseline/method.hpp"
#include "problem/data.hpp"

namespace qhn {
namespace {

class Methods : public ::testing::Test {
 protected:
  Methods() {
    ProblemOptions options;
    options.train_samples = 40;
    options.test_samples = 1;
    options.hidden = 2;
    problem = make_problem(options);
    costs.resize(dimension(problem->bits()));
    problem->costs(0, costs);
    minimum = *std::min_element(costs.begin(), costs.end());
    function.emplace(costs);
    task = {&*function, 40, problem->network(), &problem->data()->train};
  }
  BaselineRun run_of(BaselineOptions options) const {
    const Settings settings = default_settings(options);
    return {std::move(options), settings, 7, minimum, {1e-1, 1e-9}};
  }
  std::unique_ptr<Problem> problem;
  std::vector<double> costs;
  std::optional<CostsInMemory> function;
  double minimum = 0.0;
  BaselineTask task;
};

TEST_F(Methods, EveryOneMakesACoherentRecordThatDependsOnSeedAndIdAlone) {
  for (const Method method : all_methods) {
    for (const Selection selection : {Selection::training, Selection::validation}) {
      BaselineOptions options;
      options.method = method;
      options.selection = selection;
      options.fixed = {{"epochs", 3}};
      const BaselineRun run = run_of(options);
      SCOPED_TRACE(describe(options));
      const RestartResult result = run_baseline(task, run, 3);
      EXPECT_EQ(result, run_baseline(task, run, 3));
      EXPECT_EQ(result.id, 3u);
      EXPECT_EQ(result.seed, 7u);
      EXPECT_EQ(result.status, Status::converged);
      EXPECT_EQ(result.expectation, costs[result.best_string.index()]);
      EXPECT_EQ(result.gap, result.expectation - minimum);
      EXPECT_EQ(result.best_cost, result.expectation);
      const OracleCount total = result.oracle.total();
      EXPECT_EQ(static_cast<std::uint64_t>(result.evaluations), total.evaluations);
      EXPECT_GE(total.evaluations, total.unique);
      if (!trains_networks(method)) {
        EXPECT_EQ(total.samples, 40 * total.evaluations);
      }
      const bool validated = trains_networks(method) && selection == Selection::validation;
      EXPECT_EQ(result.oracle[OraclePhase::validation].evaluations > 0, validated);
      EXPECT_EQ(result.oracle[OraclePhase::selection].evaluations > 0,
                trains_networks(method) && !validated);
      ASSERT_EQ(result.expectation_crossings.size(), 2u);
      for (std::size_t e = 0; e < 2; ++e)
        EXPECT_EQ(result.expectation_crossings[e].evaluation >= 0, result.gap < run.epsilons[e]);
      // Streams: another id, another course; tuning shares none.
      if (method != Method::enumeration) {
        RestartResult other = run_baseline(task, run, 4);
        other.id = 3;
        EXPECT_NE(result, other);
        EXPECT_NE(result, run_baseline(task, run, 3, Stream::tuning));
      }
    }
  }
}

TEST_F(Methods, CandidatesAreTheProductOfWhatIsNotFixed) {
  BaselineOptions options;
  options.method = Method::annealing;
  EXPECT_EQ(candidate_settings(options).size(), 12u);
  options.fixed = {{"sweeps", 20}};
  const auto candidates = candidate_settings(options);
  EXPECT_EQ(candidates.size(), 3u);
  for (const Settings& settings : candidates) EXPECT_EQ(settings.at("sweeps"), 20);
  options.method = Method::descent;
  EXPECT_EQ(candidate_settings(options).size(), 1u);
}

TEST_F(Methods, SettingsSurviveTheirText) {
  const Settings settings{{"rate", 1e-3}, {"third", 1.0 / 3.0}, {"whole", 27}};
  EXPECT_EQ(parse_settings(to_string(settings)), settings);
  EXPECT_EQ(to_string(Settings{{"a", 1.5}, {"b", 2}}), "a = 1.5, b = 2");
  EXPECT_TRUE(parse_settings("").empty());
}

TEST_F(Methods, TuningSpendsItsBudgetInEqualSharesAndTellsGoodFromBad) {
  BaselineOptions options;
  options.method = Method::cross_entropy;
  options.tuning = 100000;
  std::atomic<bool> stop = false;
  const BaselineRun run = run_of(options);
  omp_set_num_threads(1);
  const auto one = tune(task, run, stop);
  omp_set_num_threads(3);
  const auto three = tune(task, run, stop);
  ASSERT_TRUE(one && three);
  EXPECT_EQ(one->settings, three->settings);
  EXPECT_EQ(one->bill, three->bill);
  // 27 candidates, no share of which is overrun or left by a whole evaluation.
  EXPECT_LE(one->bill.samples, 40u * 100000);
  EXPECT_GT(one->bill.samples, 40u * (100000 - 2 * 27));
  EXPECT_EQ(one->bill.samples, 40 * one->bill.evaluations);

  // The truth: what the winner needs for a success, from its own many restarts, is less than what
  // the median candidate needs.
  const auto cost_of_a_success = [&](const Settings& settings) {
    BaselineRun tried = run;
    tried.settings = settings;
    double hits = 0, samples = 0;
    for (std::uint64_t id = 0; id < 200; ++id) {
      const RestartResult result = run_baseline(task, tried, id);
      hits += result.gap < 1e-9;
      samples += static_cast<double>(result.oracle.total().samples);
    }
    return hits > 0 ? samples / hits : 1e300;
  };
  std::vector<double> all;
  for (const Settings& settings : candidate_settings(options))
    all.push_back(cost_of_a_success(settings));
  std::nth_element(all.begin(), all.begin() + 13, all.end());
  EXPECT_LT(cost_of_a_success(one->settings), all[13]);
  stop = true;
  EXPECT_FALSE(tune(task, run, stop));
}

TEST_F(Methods, ABudgetTooSmallForAnyRestartIsBilledAndLeavesTheDefaults) {
  std::atomic<bool> stop = false;
  BaselineOptions options;
  options.method = Method::nested;
  options.tuning = 60;  // ten for each of six; a nested search takes hundreds
  const auto tuning = tune(task, run_of(options), stop);
  EXPECT_EQ(tuning->settings, default_settings(options));
  EXPECT_GT(tuning->bill.samples, 0u);
  EXPECT_LE(tuning->bill.samples, 60u * 40);
}

TEST_F(Methods, WithoutBudgetOrChoiceNothingIsTuned) {
  std::atomic<bool> stop = false;
  BaselineOptions options;
  options.method = Method::descent;
  EXPECT_EQ(tune(task, run_of(options), stop)->bill, OracleCount{});
  options.method = Method::annealing;
  options.tuning = 0;
  const auto tuning = tune(task, run_of(options), stop);
  EXPECT_EQ(tuning->bill, OracleCount{});
  EXPECT_EQ(tuning->settings, default_settings(options));
}

TEST_F(Methods, NestingCostsAsManyInnerTrainingsAsTheGridHas) {
  BaselineOptions options;
  options.method = Method::nested;
  options.fixed = {{"epochs", 3}};
  const BaselineRun run = run_of(options);
  const std::uint64_t inner = inner_training_samples(task, run);
  EXPECT_EQ(inner, 3u * 4 * 40);
  EXPECT_EQ(run_baseline(task, run, 0).oracle.total().samples, 12 * inner);
}

}  // namespace
}  // namespace qhn
