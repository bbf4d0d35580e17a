#include <gtest/gtest.h>
#include <omp.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "../record/temporary_folder.hpp"
#include "core/random.hpp"
#include "core/simd.hpp"
#include "problem/problem.hpp"
#include "problem/units.hpp"

namespace qhn {
namespace {

struct Case {
  const char* name;
  int inputs;
  std::size_t samples;
  double scale;  ///< of the features; 0: they are ±1
  std::function<void(ProblemOptions&)> set;
};

/// The csv problem of a case: random features, labels 0 and 1 in turns.
ProblemOptions make_options(const Case& c, const TemporaryFolder& folder) {
  CounterRng rng(11, Stream::synthetic, static_cast<std::uint64_t>(c.inputs));
  std::string text;
  for (std::size_t s = 0; s < c.samples; ++s) {
    for (int j = 0; j < c.inputs; ++j) {
      const double u = 2.0 * rng.uniform() - 1.0;
      text += std::to_string(c.scale == 0.0 ? std::copysign(1.0, u) : c.scale * u) + ",";
    }
    text += s % 3 == 1 ? "1\n" : "0\n";
  }
  ProblemOptions options;
  options.kind = ProblemKind::csv;
  options.data = folder.write("data.csv", text);
  c.set(options);
  return options;
}

std::vector<double> all_costs(const Problem& problem) {
  std::vector<double> costs(dimension(problem.bits()));
  problem.costs(0, costs);
  return costs;
}

void logistic(ProblemOptions& o) { o.network = NetworkKind::logistic; }

const std::vector<Case> cases = {
    {"logistic of 3 bits", 2, 50, 1.0, logistic},
    {"logistic of 6 bits", 5, 64, 2.0, logistic},
    {"logistic, two blocks", 8, 130, 3.0,
     [](auto& o) {
       logistic(o);
       o.pair = {-3, 1};
       o.pair_b1 = ValuePair{0, 2};
     }},
    {"logistic with pair choice", 7, 97, 2.0,
     [](auto& o) {
       logistic(o);
       o.pair_choice = true;
     }},
    {"logistic, |z| to 150", 9, 100, 5.0,
     [](auto& o) {
       logistic(o);
       o.pair = {-3, 1};
     }},
    {"logistic, features of 1e3", 6, 100, 1e3, logistic},
    {"logistic, tame and wild samples", 6, 100, 80.0, logistic},
    {"mlp, activation choice", 2, 300, 2.0, [](auto& o) { o.hidden = 3; }},
    {"mlp, sigmoid or tanh, width", 2, 300, 2.0,
     [](auto& o) {
       o.hidden = 2;
       o.activations = {Activation::sigmoid, Activation::tanh};
       o.width_choice = true;
     }},
    {"mlp, clamped, all choices", 1, 77, 2.0,
     [](auto& o) {
       o.hidden = 2;
       o.activations = {Activation::clamped_relu, Activation::sign};
       o.width_choice = true;
       o.pair_choice = true;
     }},
    {"mlp, width of one unit or none", 3, 60, 2.0,
     [](auto& o) {
       o.hidden = 1;
       o.activations = {Activation::relu, Activation::sign};
       o.width_choice = true;
     }},
    {"mlp, pairs of every group", 3, 90, 2.0,
     [](auto& o) {
       o.hidden = 2;
       o.activations = {Activation::relu};
       o.pair_w1 = ValuePair{-3, 1};
       o.pair_w2 = ValuePair{0, 1};
       o.pair_b1 = ValuePair{-2, 1};
       o.pair_b2 = ValuePair{-0.5, 0.25};
     }},
    {"mlp, relu of 1e3", 2, 100, 1e3, [](auto& o) { o.hidden = 2; }},
    {"mlp, tame and wild samples", 2, 100, 60.0,
     [](auto& o) {
       o.hidden = 2;
       o.activations = {Activation::relu};
     }},
    {"mlp of many inputs", 9, 40, 1.0,
     [](auto& o) {
       o.hidden = 1;
       o.activations = {Activation::sigmoid};
     }},
    {"sign on ±1, odd inputs", 5, 700, 0.0,
     [](auto& o) {
       o.hidden = 2;
       o.activations = {Activation::sign};
     }},
    {"sign on ±1, ties", 4, 700, 0.0,
     [](auto& o) {
       o.hidden = 2;
       o.activations = {Activation::sign};
       o.pair_b1 = ValuePair{0, 1};
     }},
    {"sign on ±1, thresholds out of reach", 3, 5000, 0.0,
     [](auto& o) {
       o.hidden = 2;
       o.activations = {Activation::sign};
       o.pair_w1 = ValuePair{1, -1};
       o.pair_b1 = ValuePair{-7, 7};
     }},
    {"sign on ±1, ten inputs", 10, 600, 0.0,
     [](auto& o) {
       o.hidden = 1;
       o.activations = {Activation::sign};
     }},
    {"sign on real inputs", 2, 3000, 1.0,
     [](auto& o) {
       o.hidden = 3;
       o.activations = {Activation::sign};
     }},
};

class Enumeration : public testing::TestWithParam<Case> {
 protected:
  ~Enumeration() override {
    force_simd_level(available_simd_levels().back());
    omp_set_num_threads(omp_get_num_procs());
  }
};

TEST_P(Enumeration, EqualsTheReferenceAtEverySimdLevel) {
  const TemporaryFolder folder;
  const ProblemOptions options = make_options(GetParam(), folder);
  const auto problem = make_problem(options);
  const Index size = dimension(problem->bits());
  const Index step = size > 4096 ? 61 : 1;  // the reference is slow
  std::vector<double> first;
  for (const SimdLevel level : available_simd_levels()) {
    force_simd_level(level);
    const std::vector<double> costs = all_costs(*problem);
    for (Index w = 0; w < size; w += step) {
      const double expected = problem->train_score(w)->loss;
      ASSERT_NEAR(costs[w], expected, 1e-12 * expected + 1e-15) << to_string(level) << " " << w;
    }
    if (first.empty()) first = costs;
    for (Index w = 0; w < size; ++w)
      ASSERT_NEAR(costs[w], first[w], 1e-13 * first[w] + 1e-16) << to_string(level) << " " << w;
  }
}

TEST_P(Enumeration, IsTheSameForAnyRangeAndThreads) {
  const TemporaryFolder folder;
  const auto problem = make_problem(make_options(GetParam(), folder));
  omp_set_num_threads(1);
  const std::vector<double> expected = all_costs(*problem);
  const Index size = expected.size();
  CounterRng rng(2, Stream::synthetic, 0);
  for (int trial = 0; trial < 12; ++trial) {
    omp_set_num_threads(1 + trial % 3);
    const Index first = trial == 0 ? 0 : rng() % size;
    const Index count = trial == 0 ? size : trial < 5 ? 1 : 1 + rng() % (size - first);
    std::vector<double> part(count);
    problem->costs(first, part);
    for (Index i = 0; i < count; ++i) ASSERT_EQ(part[i], expected[first + i]) << first << " " << i;
  }
  problem->costs(0, {});
}

INSTANTIATE_TEST_SUITE_P(All, Enumeration, testing::ValuesIn(cases),
                         [](const testing::TestParamInfo<Case>& info) {
                           std::string name;
                           for (const char c : std::string(info.param.name))
                             if (std::isalnum(static_cast<unsigned char>(c))) name += c;
                           return name;
                         });

TEST(Slices, MoreSignUnitsThanAreCountedInSubsets) {
  const TemporaryFolder folder;
  const auto problem = make_problem(make_options({"", 1, 30, 1.0,
                                                  [](auto& o) {
                                                    o.hidden = max_sign_units + 1;
                                                    o.activations = {Activation::sign};
                                                  }},
                                                 folder));
  ASSERT_EQ(problem->bits(), 28);
  std::vector<double> part(300);
  for (const Index first : {Index{0}, Index{123456789}, dimension(28) - 300}) {
    problem->costs(first, part);
    for (Index i = 0; i < part.size(); i += 7)
      ASSERT_NEAR(part[i], problem->train_score(first + i)->loss, 1e-12 * part[i]);
  }
}

TEST(Slices, GaussianSlicesOfALargeProblemAreThoseOfTheWhole) {
  ProblemOptions options;
  options.hidden = 4;
  options.train_samples = 500;
  const auto problem = make_problem(options);
  const std::vector<double> all = all_costs(*problem);
  std::vector<double> quarter(all.size() / 4);
  for (Index rank = 0; rank < 4; ++rank) {
    problem->costs(rank * quarter.size(), quarter);
    EXPECT_TRUE(std::equal(quarter.begin(), quarter.end(),
                           all.begin() + static_cast<std::ptrdiff_t>(rank * quarter.size())));
  }
}

TEST(TableProblem, ServesItsNumbers) {
  const TemporaryFolder folder;
  ProblemOptions options;
  options.kind = ProblemKind::table;
  options.table = folder.write("t.txt", "3\n1\n4\n1.5\n");
  const auto problem = make_problem(options);
  EXPECT_EQ(problem->bits(), 2);
  EXPECT_EQ(problem->train_samples(), 0u);
  EXPECT_FALSE(problem->train_score(0));
  EXPECT_EQ(all_costs(*problem), (std::vector<double>{3, 1, 4, 1.5}));
  std::vector<double> part(2);
  problem->costs(1, part);
  EXPECT_EQ(part, (std::vector<double>{1, 4}));
  EXPECT_EQ(problem->decode(2)[0].value, "1");
  EXPECT_EQ(problem->decode(2)[1].value, "0");
}

}  // namespace
}  // namespace qhn
