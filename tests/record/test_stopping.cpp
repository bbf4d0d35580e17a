#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <queue>
#include <vector>

#include "core/random.hpp"
#include "record/stopping.hpp"

namespace qhn {
namespace {

// A campaign in time: workers take ids in order, and a restart that fails takes three times as
// long, up to a limit as that of iterations.
struct Simulated {
  struct Restart {
    double end;
    std::uint64_t id;
    double gap;
  };
  std::vector<Restart> finished;  // in the order of their ends

  Simulated(std::uint64_t seed, double probability, std::size_t workers, std::uint64_t restarts) {
    std::priority_queue<double, std::vector<double>, std::greater<>> free;
    for (std::size_t w = 0; w < workers; ++w) free.push(0.0);
    for (std::uint64_t id = 0; id < restarts; ++id) {
      CounterRng rng(seed, Stream::synthetic, id);
      const bool success = rng.uniform() < probability;
      const double end = free.top() + (success ? 0.5 + rng.uniform() : 2.0 + 2.0 * rng.uniform());
      free.pop();
      free.push(end);
      finished.push_back({end, id, success ? 0.0 : 1.0});
    }
    std::sort(finished.begin(), finished.end(),
              [](const Restart& a, const Restart& b) { return a.end < b.end; });
  }
};

// Looked at while 512 workers run: the prefix covers the truth, what is finished does not.
TEST(PrefixCount, CoversTheTruthWhileSlowRestartsFail) {
  constexpr int campaigns = 1500;
  for (const double probability : {0.2, 0.5, 0.8}) {
    int covered = 0, covered_by_all = 0;
    for (std::uint64_t seed = 0; seed < campaigns; ++seed) {
      const Simulated campaign(seed, probability, 512, 4000);
      PrefixCount prefix(0, 4000, 0.5);
      std::uint64_t all = 0, successes = 0;
      for (const auto& restart : campaign.finished) {
        if (restart.end > 12.0) break;
        prefix.add(restart.id, restart.gap);
        ++all;
        successes += restart.gap < 0.5;
      }
      const auto covers = [&](std::uint64_t k, std::uint64_t n) {
        const Interval i = clopper_pearson(k, n);
        return i.low <= probability && probability <= i.high;
      };
      ASSERT_GT(prefix.restarts(), 100u);
      EXPECT_EQ(prefix.restarts() + prefix.waiting(), all);
      covered += covers(prefix.successes(), prefix.restarts());
      covered_by_all += covers(successes, all);
    }
    EXPECT_GE(covered, 0.93 * campaigns) << probability;
    EXPECT_LT(covered_by_all, 0.93 * campaigns) << probability;
    RecordProperty("coverage_at_" + std::to_string(probability),
                   std::to_string(static_cast<double>(covered) / campaigns));
  }
}

TEST(StoppingRule, LooksAtFixedNumbers) {
  EXPECT_EQ(next_look(0), 100u);
  EXPECT_EQ(next_look(99), 100u);
  EXPECT_EQ(next_look(100), 125u);
  EXPECT_EQ(next_look(130), 156u);
}

TEST(StoppingRule, IsSatisfiedByTheIntervalAlone) {
  const StoppingRule halfwidth{.epsilon = 1e-3, .halfwidth = 0.02};
  for (std::uint64_t total : {100u, 2000u, 2600u}) {
    const Interval i = clopper_pearson(total / 2, total);
    EXPECT_EQ(halfwidth.satisfied(total / 2, total), (i.high - i.low) / 2 <= 0.02) << total;
  }
  EXPECT_FALSE(halfwidth.satisfied(1000, 2000));
  EXPECT_TRUE(halfwidth.satisfied(1300, 2600));

  const StoppingRule tts{.epsilon = 1e-3, .relative_tts = 1.5};
  EXPECT_FALSE(tts.satisfied(0, 1000));  // TTS99 may be infinite
  EXPECT_FALSE(tts.satisfied(10, 100));
  EXPECT_TRUE(tts.satisfied(1000, 10000));
  const Interval i = clopper_pearson(100, 1000);
  EXPECT_EQ(tts.satisfied(100, 1000), std::log1p(-i.high) / std::log1p(-i.low) <= 1.5);
}

// The end of the campaign and its count are the same in whatever order restarts end.
TEST(StoppingRule, DoesNotDependOnTheOrder) {
  const StoppingRule rule{.epsilon = 0.5, .halfwidth = 0.05};
  std::vector<std::uint64_t> ends;
  for (const std::size_t workers : {1u, 3u, 64u, 512u}) {
    const Simulated campaign(4, 0.3, workers, 3000);
    PrefixCount count(0, 3000, 0.5, rule);
    for (const auto& restart : campaign.finished) count.add(restart.id, restart.gap);
    ASSERT_TRUE(count.satisfied());
    EXPECT_EQ(count.restarts(), count.end());
    EXPECT_EQ(count.waiting(), 0u);
    EXPECT_TRUE(rule.satisfied(count.successes(), count.restarts()));
    ends.push_back(count.end());
    ends.push_back(count.successes());
  }
  for (std::size_t i = 2; i < ends.size(); ++i) EXPECT_EQ(ends[i], ends[i - 2]);
  EXPECT_LT(ends[0], 1000u);
  EXPECT_EQ(next_look(ends[0] - 1), ends[0]);
}

// What is counted at one gap and what the rule asks at another are kept apart: every second restart
// ends below the rule's, every fourth below the other.
TEST(StoppingRule, LooksAtItsOwnEpsilon) {
  const StoppingRule rule{.epsilon = 0.5, .halfwidth = 0.08};
  PrefixCount count(0, 3000, 1e-3, rule);
  std::uint64_t id = 0;
  for (; id < 3000 && !count.satisfied(); ++id)
    count.add(id, id % 4 == 0 ? 1e-4 : id % 4 == 2 ? 0.1 : 0.9);
  std::uint64_t expected = next_look(0);
  while (!rule.satisfied((expected + 1) / 2, expected)) expected = next_look(expected);
  EXPECT_EQ(count.end(), expected);
  EXPECT_EQ(count.epsilon(), 1e-3);
  EXPECT_EQ(count.successes(), (expected + 3) / 4);
  // At the other gap it would have ended earlier.
  std::uint64_t other = next_look(0);
  while (!rule.satisfied((other + 3) / 4, other)) other = next_look(other);
  EXPECT_LT(other, expected);
}

TEST(PrefixCount, OfASliceBeginsThere) {
  PrefixCount count(500, 600, 1e-3);
  count.add(501, 0.0);
  EXPECT_EQ(count.restarts(), 0u);
  EXPECT_EQ(count.waiting(), 1u);
  count.add(500, std::nan(""));  // diverged
  EXPECT_EQ(count.restarts(), 2u);
  EXPECT_EQ(count.successes(), 1u);
  count.add(600, 0.0);
  EXPECT_EQ(count.waiting(), 0u);
  EXPECT_EQ(count.end(), 600u);
}

// The display and the rule have an ε each, and a rule with two widths wants both.
TEST(PrefixCount, ARuleHasItsOwnEpsilon) {
  const auto run = [](const StoppingRule& rule, double epsilon) {
    PrefixCount count(0, 100000, epsilon, rule);
    // Gaps of 1e-2 and 1e-5 in turns.
    for (std::uint64_t id = 0; id < 100000 && !count.satisfied(); ++id)
      count.add(id, id % 2 == 0 ? 1e-2 : 1e-5);
    return count;
  };
  const auto first_look = [](const StoppingRule& rule, double share) {
    std::uint64_t look = next_look(0);
    while (!rule.satisfied(static_cast<std::uint64_t>(share * static_cast<double>(look)), look))
      look = next_look(look);
    return look;
  };
  const StoppingRule half{.epsilon = 1e-3, .halfwidth = 0.05, .relative_tts = 0.0};
  const StoppingRule tts{.epsilon = 1e-3, .halfwidth = 0.0, .relative_tts = 1.2};
  const StoppingRule both{.epsilon = 1e-3, .halfwidth = 0.05, .relative_tts = 1.2};
  for (const StoppingRule& rule : {half, tts, both})
    for (const double shown : {1e-1, 1e-3, 1e-9}) {
      const PrefixCount count = run(rule, shown);
      ASSERT_TRUE(count.satisfied());
      EXPECT_EQ(count.end(), first_look(rule, 0.5));
      EXPECT_EQ(count.successes(), shown > 1e-2   ? count.restarts()
                                   : shown > 1e-5 ? count.restarts() / 2
                                                  : 0u);
      EXPECT_EQ(count.epsilon(), shown);
    }
  EXPECT_EQ(run(both, 1e-3).end(), std::max(run(half, 1e-3).end(), run(tts, 1e-3).end()));
  EXPECT_NE(run(half, 1e-3).end(), run(tts, 1e-3).end());  // else the line above says little
  // A rule for the larger gaps ends at its first look.
  EXPECT_EQ(run({.epsilon = 1e-1, .halfwidth = 0.05, .relative_tts = 0.0}, 1e-9).end(),
            first_look(half, 1.0));
  // Without a rule nothing ends it.
  EXPECT_FALSE(run({}, 1e-3).satisfied());
}

}  // namespace
}  // namespace qhn
