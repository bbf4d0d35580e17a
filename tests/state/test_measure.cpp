#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <vector>

#include "state/measure.hpp"

namespace qhn {
namespace {

std::vector<double> uniforms(std::uint64_t count) {
  CounterRng rng(3, Stream::shots, 5);
  std::vector<double> numbers(count);
  for (double& u : numbers) u = rng.uniform();
  return numbers;
}

/// Some of the amplitudes vanish; the norm is not 1.
std::vector<Complex> any_state(Index size) {
  CounterRng rng(1, Stream::synthetic, 0);
  std::vector<Complex> state(size);
  for (Index w = 0; w < size; ++w)
    if (w % 7 != 3) state[w] = {rng.uniform() - 0.5, rng.uniform() - 0.5};
  return state;
}

TEST(SortedUniforms, AreTheNumbersOfTheStreamSorted) {
  const auto numbers = uniforms(5000);
  for (std::uint64_t first : {0, 1, 138})
    for (std::uint64_t count : {0, 1, 63, 4000}) {
      std::vector<double> expected(numbers.begin() + static_cast<std::ptrdiff_t>(first),
                                   numbers.begin() + static_cast<std::ptrdiff_t>(first + count));
      std::sort(expected.begin(), expected.end());
      for (int threads : {1, 2, 5})
        EXPECT_EQ(sorted_uniforms(CounterRng(3, Stream::shots, 5), first, count, threads), expected)
            << first << ' ' << count << ' ' << threads;
    }
}

// Every shot by a search of its own in sums added up one by one. A point within rounding of a
// border may fall on either side.
TEST(Measure, FindsWhatASearchForEachShotFinds) {
  for (Index size : {1, 2, 64, 8192, 16384}) {
    const auto state = any_state(size);
    std::vector<double> cumulative(size);
    double norm = 0.0;
    for (Index w = 0; w < size; ++w) cumulative[w] = norm += std::norm(state[w]);
    constexpr std::uint64_t shots = 3000;
    std::map<Index, std::int64_t> expected;
    for (double u : uniforms(shots))
      ++expected[static_cast<Index>(
          std::upper_bound(cumulative.begin(), cumulative.end(), u * norm) - cumulative.begin())];
    for (int threads : {1, 3}) {
      const Counts counts = measure(state, shots, CounterRng(3, Stream::shots, 5), threads);
      EXPECT_TRUE(std::is_sorted(counts.begin(), counts.end()));
      std::uint64_t total = 0;
      std::int64_t misplaced = 0;
      auto left = expected;
      for (const auto& [w, count] : counts) {
        EXPECT_NE(state[w], Complex(0.0)) << w;
        total += count;
        misplaced += std::abs(left[w] - static_cast<std::int64_t>(count));
        left.erase(w);
      }
      for (const auto& [w, count] : left) misplaced += count;
      EXPECT_EQ(total, shots);
      EXPECT_LE(misplaced, 2) << size << ' ' << threads;
    }
  }
}

TEST(Measure, IsTheSameForAnyNumberOfThreads) {
  const auto state = any_state(1 << 15);
  EXPECT_EQ(measure(state, 20000, 9, 1), measure(state, 20000, 9, 4));
}

// More shots than are drawn at a time: the counts of a fair coin.
TEST(Measure, AddsUpManyShots) {
  const std::vector<Complex> coin{{0.6, 0.0}, {0.0, 0.6}};
  const std::uint64_t shots = (1 << 22) + 1001;
  const Counts counts = measure(coin, shots, 4, 2);
  ASSERT_EQ(counts.size(), 2u);
  EXPECT_EQ(counts[0].second + counts[1].second, shots);
  const double half = static_cast<double>(shots) / 2;
  EXPECT_NEAR(static_cast<double>(counts[0].second), half, 6 * std::sqrt(half / 2));
}

}  // namespace
}  // namespace qhn
