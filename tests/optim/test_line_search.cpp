#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "optim/line_search.hpp"

namespace qhn {
namespace {

struct Case {
  const char* name;
  double (*value)(double);
  double (*slope)(double);
};

// Shapes of More & Thuente, "Line search algorithms with guaranteed sufficient decrease", ACM TOMS
// 20 (1994), and one that only the approximate conditions can satisfy.
const Case cases[] = {
    {"parabola", [](double t) { return t * t - 2.0 * t; }, [](double t) { return 2.0 * t - 2.0; }},
    {"thuente 1", [](double t) { return -t / (t * t + 2.0); },
     [](double t) { return (t * t - 2.0) / ((t * t + 2.0) * (t * t + 2.0)); }},
    {"thuente 2", [](double t) { return std::pow(t + 0.004, 5) - 2.0 * std::pow(t + 0.004, 4); },
     [](double t) { return 5.0 * std::pow(t + 0.004, 4) - 8.0 * std::pow(t + 0.004, 3); }},
    {"steep wall", [](double t) { return std::exp(8.0 * t) - 20.0 * t; },
     [](double t) { return 8.0 * std::exp(8.0 * t) - 20.0; }},
    {"ripples", [](double t) { return std::cos(3.0 * t + 0.1) + 0.2 * t; },
     [](double t) { return -3.0 * std::sin(3.0 * t + 0.1) + 0.2; }},
};

TEST(LineSearch, EndsAtAPointThatSatisfiesTheConditions) {
  const LineSearchOptions options;
  for (const Case& c : cases)
    for (double first : {1e-5, 1e-3, 0.1, 1.0, 10.0, 1e3}) {
      LinePoint last;
      int count = 0;
      const auto phi = [&](double t) {
        ++count;
        return last = LinePoint{t, c.value(t), c.slope(t)};
      };
      const LinePoint start{0.0, c.value(0.0), c.slope(0.0)};
      ASSERT_LT(start.slope, 0.0) << c.name;
      const SearchOutcome outcome = hager_zhang_search(phi, start, first, options);
      if (c.name == std::string("steep wall") && first > 50.0) {
        EXPECT_EQ(outcome, SearchOutcome::not_finite);  // exp overflows
        continue;
      }
      ASSERT_EQ(outcome, SearchOutcome::accepted) << c.name << " from " << first;
      // The conditions, written out a second time.
      const bool curvature = last.slope >= 0.9 * start.slope;
      const bool decrease = last.value <= start.value + 0.1 * last.step * start.slope;
      const bool approximate = last.value <= start.value + 1e-6 && last.slope <= -0.8 * start.slope;
      EXPECT_TRUE(curvature && (decrease || approximate)) << c.name << " from " << first;
      EXPECT_LE(count, 25) << c.name << " from " << first;
    }
}

TEST(LineSearch, AcceptsTheFirstTrialWhereItIsGoodEnough) {
  int count = 0;
  const auto phi = [&](double t) {
    ++count;
    return LinePoint{t, t * t - 2.0 * t, 2.0 * t - 2.0};
  };
  EXPECT_EQ(hager_zhang_search(phi, {0.0, 0.0, -2.0}, 0.8, {}), SearchOutcome::accepted);
  EXPECT_EQ(count, 1);
}

TEST(LineSearch, TheSlackAcceptsWhatRoundingHides) {
  // Values that rise by less than the slack while the slopes promise a decrease.
  const auto phi = [](double t) { return LinePoint{t, 1.0 + 5e-7, 1e-3 * (t - 1.0)}; };
  EXPECT_EQ(hager_zhang_search(phi, {0.0, 1.0, -1e-3}, 1.0, {}), SearchOutcome::accepted);
  LineSearchOptions exact;
  exact.approximate_slack = 0.0;
  EXPECT_EQ(hager_zhang_search(phi, {0.0, 1.0, -1e-3}, 1.0, exact), SearchOutcome::stalled);
}

TEST(LineSearch, SaysWhyItGaveUp) {
  // Falls for ever: expansion until the evaluations are spent.
  int count = 0;
  const auto line = [&](double t) {
    ++count;
    return LinePoint{t, -t, -1.0};
  };
  LineSearchOptions options;
  options.max_evaluations = 7;
  EXPECT_EQ(hager_zhang_search(line, {0.0, 0.0, -1.0}, 1.0, options), SearchOutcome::stalled);
  EXPECT_EQ(count, 7);

  // A slope that contradicts the values: the bracket closes on 0.
  const auto liar = [](double t) { return LinePoint{t, 1.0 + t, -1.0}; };
  options.max_evaluations = 5000;
  EXPECT_EQ(hager_zhang_search(liar, {0.0, 0.0, -1.0}, 1.0, options), SearchOutcome::stalled);

  const auto broken = [](double t) {
    return LinePoint{t, std::numeric_limits<double>::quiet_NaN(), -1.0};
  };
  EXPECT_EQ(hager_zhang_search(broken, {0.0, 0.0, -1.0}, 1.0, {}), SearchOutcome::not_finite);
}

}  // namespace
}  // namespace qhn
