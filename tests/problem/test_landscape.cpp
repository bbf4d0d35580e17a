#include <gtest/gtest.h>
#include <omp.h>

#include <algorithm>
#include <bit>
#include <map>
#include <numeric>
#include <stdexcept>
#include <vector>

#include "core/random.hpp"
#include "problem/landscape.hpp"

namespace qhn {
namespace {

std::vector<double> costs_of(int bits, auto cost) {
  std::vector<double> costs(dimension(bits));
  for (Index w = 0; w < costs.size(); ++w) costs[w] = static_cast<double>(cost(w));
  return costs;
}

// Whole numbers, so that many are equal.
std::vector<double> ragged(int bits) {
  CounterRng rng(5, Stream::synthetic, static_cast<std::uint64_t>(bits));
  return costs_of(bits, [&](Index) { return static_cast<int>(rng.uniform() * 40) + 1; });
}

// One start after the other, as a textbook would write it.
Index descend(const std::vector<double>& costs, int bits, Index w) {
  while (true) {
    Index best = w;
    for (int q = bits - 1; q >= 0; --q) {
      const Index neighbor = w ^ (Index{1} << q);
      if (costs[neighbor] < costs[w] && costs[neighbor] <= costs[best]) best = neighbor;
    }
    if (best == w) return w;
    w = best;
  }
}

TEST(Landscape, IsThatOfOneDescentFromEveryStart) {
  for (int bits : {1, 3, 8, 13}) {
    const std::vector<double> costs = ragged(bits);
    const double minimum = std::ranges::min(costs);
    std::map<Index, std::uint64_t> basins;
    std::uint64_t reaching = 0;
    for (Index w = 0; w < costs.size(); ++w) {
      const Index end = descend(costs, bits, w);
      ++basins[end];
      reaching += costs[end] == minimum ? 1 : 0;
    }
    const Landscape found = find_landscape(costs);
    EXPECT_EQ(found.minimum, minimum);
    EXPECT_EQ(found.maximum, std::ranges::max(costs));
    EXPECT_EQ(found.reaching, reaching) << bits;
    ASSERT_EQ(found.minima.size(), basins.size()) << bits;
    for (const LocalMinimum& m : found.minima) {
      EXPECT_EQ(m.basin, basins.at(m.string)) << bits << " bits, " << m.string;
      EXPECT_EQ(m.cost, costs[m.string]);
    }
    EXPECT_TRUE(std::ranges::is_sorted(
        found.minima, {}, [](const LocalMinimum& m) { return std::pair(m.cost, m.string); }));
  }
}

TEST(Landscape, OfSimpleCosts) {
  // Downhill to 0 from everywhere.
  Landscape found = find_landscape(costs_of(12, [](Index w) { return std::popcount(w); }));
  ASSERT_EQ(found.minima.size(), 1u);
  EXPECT_EQ(found.minima[0].string, 0u);
  EXPECT_EQ(found.minima[0].basin, 4096u);
  EXPECT_EQ(found.plateaus, 1u);
  EXPECT_EQ(found.reaching, 4096u);

  // Parity: every other string is a minimum; each odd one flips its lowest bit.
  found = find_landscape(costs_of(12, [](Index w) { return std::popcount(w) % 2; }));
  EXPECT_EQ(found.minima.size(), 2048u);
  EXPECT_EQ(found.plateaus, 2048u);
  EXPECT_EQ(found.reaching, 4096u);
  for (const LocalMinimum& m : found.minima) EXPECT_EQ(m.basin, 2u);

  // A floor of thirteen strings, and far from it a second one of a single string.
  found = find_landscape(costs_of(12, [](Index w) {
    return std::min(std::max(std::popcount(w) - 1, 0), 12 - std::popcount(w) + 1);
  }));
  EXPECT_EQ(found.minima.size(), 14u);
  EXPECT_EQ(found.plateaus, 2u);
  EXPECT_LT(found.reaching, 4096u);
  EXPECT_EQ(found.minima.back().cost, 1.0);

  // All equal: every string is a minimum.
  found = find_landscape(costs_of(5, [](Index) { return 7; }));
  EXPECT_EQ(found.minima.size(), 32u);
  EXPECT_EQ(found.plateaus, 1u);
  EXPECT_EQ(found.reaching, 32u);
}

// Two networks that compute the same, summed in another order, are one floor, not a way down.
TEST(Landscape, RoundingIsNoWayDown) {
  std::vector<double> costs = costs_of(10, [](Index w) { return 0.3 + std::popcount(w >> 1); });
  for (Index w = 0; w < costs.size(); w += 2) costs[w] += 1e-16;
  const Landscape found = find_landscape(costs);
  EXPECT_EQ(found.minima.size(), 2u);
  EXPECT_EQ(found.plateaus, 1u);
  EXPECT_EQ(found.reaching, 1024u);
}

TEST(Landscape, RoundingIsNoWayDownAnywhere) {
  const std::vector<double> costs{0, 1, 1, 1, 1, 1, 0.3, 0.30000000000000004};
  const Landscape found = find_landscape(costs);
  EXPECT_EQ(found.minima.size(), 3u);
  EXPECT_EQ(found.plateaus, 2u);
}

TEST(Landscape, AsksBeforeItListsTheMinima) {
  const std::vector<double> costs = costs_of(6, [](Index w) { return std::popcount(w) % 2; });
  std::uint64_t asked = 0;
  EXPECT_THROW(find_landscape(costs,
                              [&](std::uint64_t minima) {
                                asked = minima;
                                throw std::runtime_error("too many");
                              }),
               std::runtime_error);
  EXPECT_EQ(asked, 32u);
}

TEST(Landscape, IsTheSameOnAnyNumberOfThreads) {
  const int before = omp_get_max_threads();
  const std::vector<double> costs = ragged(15);
  omp_set_num_threads(1);
  const Landscape first = find_landscape(costs);
  for (int threads : {2, 5}) {
    omp_set_num_threads(threads);
    const Landscape found = find_landscape(costs);
    ASSERT_EQ(found.minima.size(), first.minima.size());
    EXPECT_EQ(found.plateaus, first.plateaus);
    EXPECT_EQ(found.reaching, first.reaching);
    for (std::size_t k = 0; k < first.minima.size(); ++k) {
      EXPECT_EQ(found.minima[k].string, first.minima[k].string);
      EXPECT_EQ(found.minima[k].basin, first.minima[k].basin);
    }
  }
  omp_set_num_threads(before);
}

TEST(Landscape, FindsTheLowestStrings) {
  const std::vector<double> costs = ragged(13);
  std::vector<Index> order(costs.size());
  std::iota(order.begin(), order.end(), Index{0});
  std::ranges::stable_sort(order, {}, [&](Index w) { return costs[w]; });
  for (std::size_t count : {std::size_t{0}, std::size_t{1}, std::size_t{300}, costs.size() + 1}) {
    const std::vector<Index> found = find_lowest(costs, count);
    ASSERT_EQ(found.size(), std::min(count, costs.size()));
    EXPECT_TRUE(std::ranges::equal(found, std::span(order).first(found.size()))) << count;
  }
}

TEST(Landscape, CountsEveryCostInOneInterval) {
  const std::vector<double> costs = costs_of(11, [](Index w) { return w; });
  EXPECT_EQ(histogram(costs, 0.0, 2048.0, 4), (std::vector<std::uint64_t>{512, 512, 512, 512}));
  EXPECT_EQ(histogram(costs, 0.0, 2047.0, 1), (std::vector<std::uint64_t>{2048}));
  EXPECT_EQ(histogram({costs.data(), 3}, 0.0, 2.0, 2), (std::vector<std::uint64_t>{1, 2}));
  EXPECT_EQ(histogram(std::vector<double>{-1e308, 0, 1e308, 1e308}, -1e308, 1e308, 2),
            (std::vector<std::uint64_t>{1, 3}));
  const std::vector<double> equal(8, 3.0);
  EXPECT_EQ(histogram(equal, 3.0, 3.0, 3), (std::vector<std::uint64_t>{8, 0, 0}));
}

TEST(Landscape, RefusesOtherSizes) {
  EXPECT_THROW(find_landscape(std::vector<double>(3, 1.0)), std::invalid_argument);
}

}  // namespace
}  // namespace qhn
