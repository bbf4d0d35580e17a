#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "problem/data.hpp"
#include "problem/landscape.hpp"
#include "problem/locality.hpp"

namespace qhn {
namespace {

ProblemOptions mnist(std::array<int, 2> digits) {
  const char* folder = std::getenv("QHN_MNIST");
  ProblemOptions options;
  options.kind = ProblemKind::images;
  options.data = folder ? folder : QHN_SOURCE "/data/mnist";
  options.digits = digits;
  options.network = NetworkKind::logistic;
  return options;
}

std::vector<double> all_costs(const Problem& problem) {
  std::vector<double> costs(dimension(problem.bits()));
  problem.costs(0, costs);
  return costs;
}

TEST(Mnist, Digits01ReachThePublishedMinimumAndLocality) {
  ProblemOptions options = mnist({0, 1});
  options.pair = {-3, 1};
  const auto problem = make_problem(options);
  EXPECT_EQ(problem->bits(), 17);
  EXPECT_EQ(problem->train_samples(), 12665u);
  std::vector<double> costs = all_costs(*problem);
  const auto best = std::min_element(costs.begin(), costs.end());
  EXPECT_NEAR(*best, 0.3268526932, 1e-8);
  const auto index = static_cast<Index>(best - costs.begin());
  EXPECT_NEAR(problem->train_score(index)->loss, *best, 1e-12 * *best);
  EXPECT_EQ(problem->test_score(index)->samples, 2115u);

  // Two local minima, of which descent finds the better one from 9 of 16 starts.
  const Landscape landscape = find_landscape(costs);
  EXPECT_EQ(landscape.minima.size(), 2u);
  EXPECT_EQ(landscape.reaching, costs.size() / 16 * 9);

  const Locality locality = find_locality(costs);
  EXPECT_NEAR(locality.share(1), 0.915, 0.0005);
  EXPECT_NEAR(locality.share(2), 0.081, 0.0005);
}

TEST(Mnist, Digits37WithPairChoiceReachThePublishedMinimum) {
  ProblemOptions options = mnist({3, 7});
  options.pair_choice = true;
  const auto problem = make_problem(options);
  EXPECT_EQ(problem->bits(), 19);
  const std::vector<double> costs = all_costs(*problem);
  EXPECT_NEAR(*std::min_element(costs.begin(), costs.end()), 0.60363895, 1e-7);
  for (Index w = 0; w < costs.size(); w += 50021)
    EXPECT_NEAR(costs[w], problem->train_score(w)->loss, 1e-12 * costs[w]);
}

TEST(Mnist, SignNetworkOnBinarisedDigitsEqualsTheReference) {
  ProblemOptions options = mnist({0, 1});
  options.network = NetworkKind::mlp;
  options.hidden = 1;
  options.activations = {Activation::sign};
  options.binarize = 0.5;
  const auto problem = make_problem(options);
  EXPECT_EQ(problem->bits(), 19);
  const std::vector<double> costs = all_costs(*problem);
  for (Index w = 0; w < costs.size(); w += 20011)
    EXPECT_NEAR(costs[w], problem->train_score(w)->loss, 1e-12 * costs[w]);
}

}  // namespace
}  // namespace qhn
