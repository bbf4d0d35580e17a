#include <gtest/gtest.h>
#include <omp.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <vector>

#include "core/error.hpp"
#include "core/random.hpp"
#include "problem/locality.hpp"
#include "problem/synthetic.hpp"

namespace qhn {
namespace {

std::vector<double> random_costs(int bits, double offset) {
  CounterRng rng(11, Stream::synthetic, static_cast<std::uint64_t>(bits));
  std::vector<double> costs(dimension(bits));
  for (double& cost : costs) cost = offset + rng.uniform();
  return costs;
}

// The definition, term by term.
TEST(Locality, IsThatOfItsDefinition) {
  for (int bits : {0, 1, 2, 6}) {
    const std::vector<double> costs = random_costs(bits, 0.0);
    std::vector<double> expected(static_cast<std::size_t>(bits) + 1, 0.0);
    for (Index s = 0; s < costs.size(); ++s) {
      double f = 0.0;
      for (Index w = 0; w < costs.size(); ++w)
        f += costs[w] * (std::popcount(s & w) % 2 == 0 ? 1.0 : -1.0);
      f /= static_cast<double>(costs.size());
      expected[static_cast<std::size_t>(std::popcount(s))] += f * f;
    }
    std::vector<double> table = costs;
    const Locality found = find_locality(table);
    ASSERT_EQ(found.weights.size(), expected.size());
    double variance = 0.0;
    for (std::size_t s = 0; s < expected.size(); ++s) {
      EXPECT_NEAR(found.weights[s], expected[s], 1e-14) << bits << " bits, S = " << s;
      if (s > 0) variance += expected[s];
    }
    EXPECT_NEAR(found.variance, variance, 1e-14);
  }
}

// Parseval: with an offset nearly all of the sum is W(0), which must not drown the rest.
TEST(Locality, WeightsAddUpToTheMeanSquare) {
  for (double offset : {0.0, 1000.0}) {
    std::vector<double> costs = random_costs(18, offset);
    long double square = 0.0L;
    for (const double cost : costs) square += static_cast<long double>(cost) * cost;
    square /= static_cast<long double>(costs.size());
    const Locality found = find_locality(costs);
    EXPECT_NEAR(found.mean_square / static_cast<double>(square), 1.0, 1e-12);
    double sum = 0.0;
    for (const double weight : found.weights) sum += weight;
    EXPECT_NEAR(sum / static_cast<double>(square), 1.0, 1e-12);
    EXPECT_NEAR(found.variance, 1.0 / 12.0, 1e-3);  // of a uniform number
  }
}

// Costs of one- and two-body terms: their weights are sums of squared coefficients, and what
// rounding leaves in the others is 0, not 1e-33. Divided by 3, the costs are rounded.
TEST(Locality, RoundingIsNoWeight) {
  const int bits = 16;
  const IsingForm form = synthetic_couplings(bits, 3);
  double one = 0.0, two = 0.0;
  for (int q = 0; q < bits; ++q) {
    one += form.fields[static_cast<std::size_t>(q)] * form.fields[static_cast<std::size_t>(q)];
    for (int p = 0; p < q; ++p) two += form.pair(p, q) * form.pair(p, q);
  }
  std::vector<double> costs(dimension(bits));
  make_synthetic_problem(form)->table()->costs(0, costs);
  for (double& cost : costs) cost /= 3.0;
  std::vector<double> transformed = costs;
  const Locality found = find_locality(transformed);
  EXPECT_NEAR(found.weights[0], form.constant * form.constant / 9, 1e-14);
  EXPECT_NEAR(found.weights[1] / one * 9, 1.0, 1e-12);
  EXPECT_NEAR(found.weights[2] / two * 9, 1.0, 1e-12);
  std::vector<double> squares(17, 0.0);  // there is rounding indeed
  add_squares(transformed, 0, squares);
  EXPECT_GT(*std::max_element(squares.begin() + 3, squares.end()), 0.0);
  for (std::size_t s = 3; s <= 16; ++s) EXPECT_EQ(found.weights[s], 0.0) << s;

  // A term of 14 bits that is a billionth of the others is a value, though.
  const Index term = dimension(14) - 1;
  for (Index w = 0; w < costs.size(); ++w)
    costs[w] += std::popcount(term & w) % 2 == 0 ? 1e-9 : -1e-9;
  EXPECT_NEAR(find_locality(costs).weights[14] / 1e-18, 1.0, 1e-3);
}

TEST(Locality, RefusesCostsWhoseSquaresOverflow) {
  for (double cost : {1e155, 1e308}) {
    std::vector<double> costs(4, cost);
    EXPECT_THROW(find_locality(costs), InputError) << cost;
  }
  std::vector<double> large(4, 1e153);
  EXPECT_NEAR(find_locality(large).weights[0] / 1e306, 1.0, 1e-12);
}

TEST(Locality, EqualCostsHaveNoVariance) {
  std::vector<double> costs(1 << 13, 0.3);
  const Locality found = find_locality(costs);
  EXPECT_EQ(found.variance, 0.0);
  EXPECT_NEAR(found.weights[0], 0.09, 1e-15);
  EXPECT_EQ(found.share(1), 0.0);
}

TEST(Locality, IsTheSameOnAnyNumberOfThreads) {
  const int before = omp_get_max_threads();
  std::vector<double> first;
  for (int threads : {1, 2, 5}) {
    omp_set_num_threads(threads);
    std::vector<double> costs = random_costs(17, 0.5);
    const std::vector<double> weights = find_locality(costs).weights;
    if (first.empty()) first = weights;
    EXPECT_EQ(weights, first) << threads;
  }
  omp_set_num_threads(before);
}

// Parts of the transformed table, as several ranks hold them.
TEST(Locality, PartsAddUp) {
  std::vector<double> costs = random_costs(15, 0.5), parts(16, 0.0);
  std::vector<double> transformed = costs;
  const Locality whole = find_locality(transformed);
  for (Index part = 0; part < 4; ++part)
    add_squares(std::span(transformed).subspan(part << 13, 1 << 13), part << 13, parts);
  const Locality found = locality_of_squares(parts);
  for (std::size_t s = 0; s < 16; ++s)
    EXPECT_NEAR(found.weights[s], whole.weights[s], 1e-13 * whole.mean_square);
}

}  // namespace
}  // namespace qhn
