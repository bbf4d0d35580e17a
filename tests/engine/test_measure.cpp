#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <vector>

#include "engine/measure.hpp"

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

/// Every shot by a search of its own, with the k-th number of the stream for shot k.
std::map<Index, std::uint64_t> searched(const std::vector<Complex>& state, std::uint64_t shots,
                                        CounterRng rng) {
  std::vector<double> cumulative(state.size());
  double norm = 0.0;
  for (Index w = 0; w < state.size(); ++w) cumulative[w] = norm += std::norm(state[w]);
  std::map<Index, std::uint64_t> counts;
  for (std::uint64_t shot = 0; shot < shots; ++shot)
    ++counts[static_cast<Index>(
        std::upper_bound(cumulative.begin(), cumulative.end(), rng.uniform() * norm) -
        cumulative.begin())];
  return counts;
}

// Shots are drawn 2^22 at a time. The probabilities are multiples of 1/64, so that no sum is
// rounded and every single shot counts, those of the second lot too.
TEST(Measure, ManyLotsOfShotsAreThoseOfOneStream) {
  const std::vector<Complex> state{{0.5, 0.0},   {0.0, 0.25}, {0.0, 0.0},   {0.25, 0.5},
                                   {0.0, -0.25}, {0.5, 0.0},  {0.0, 0.125}, {0.0, 0.0}};
  const CounterRng rng(6, Stream::shots, 3);
  const std::uint64_t shots = (std::uint64_t{1} << 22) + 12345;
  const auto expected = searched(state, shots, rng);
  const Counts one = measure(state, shots, rng, 1);
  EXPECT_EQ((std::map<Index, std::uint64_t>(one.begin(), one.end())), expected);
  EXPECT_EQ(measure(state, shots, rng, 3), one);
  // The numbers themselves.
  EXPECT_EQ(
      one,
      (Counts{{0, 1102643}, {1, 275653}, {3, 1379401}, {4, 275345}, {5, 1104782}, {6, 68825}}));
}

TEST(Measure, CountsAreWhatTheyAlwaysWere) {
  const std::vector<Complex> state{{0.6, 0.0}, {0.0, 0.0}, {0.0, -0.64}, {0.48, 0.0}};
  EXPECT_EQ(measure(state, 1000, 1, 1), (Counts{{0, 344}, {2, 412}, {3, 244}}));
  EXPECT_EQ(measure(state, 1000, CounterRng(1, Stream::training_shots, std::uint64_t{3} << 32), 1),
            (Counts{{0, 396}, {2, 389}, {3, 215}}));
}

// Points beyond all sums, as rounding makes them, go to the last string that can come up.
TEST(Measure, WhatIsLeftOverGoesToTheLastStringThatCanComeUp) {
  const std::vector<Complex> state{{0.5, 0.0}, {0.0, 0.5}, {0.0, 0.0}, {0.0, 0.0}};
  const auto* re = reinterpret_cast<const double*>(state.data());
  const MeasuredPart<double> part(re, re + 1, 2, state.size(), 1);
  const Counts counts = part.measure(4000, CounterRng(2, Stream::shots, 0), 1.0, 0.0,
                                     std::numeric_limits<double>::infinity());
  ASSERT_EQ(counts.size(), 2u);  // probabilities 1/4 and 1/4 of a norm of 1
  EXPECT_EQ(counts[0].first, 0u);
  EXPECT_EQ(counts[1].first, 1u);
  EXPECT_NEAR(static_cast<double>(counts[0].second), 1000, 150);
  EXPECT_EQ(counts[0].second + counts[1].second, 4000u);
}

// Parts that no block of 4096 amplitudes divides, on threads that share blocks unevenly.
TEST(Measure, UnevenPartsAddUp) {
  for (const Index size : {Index{3}, Index{4095}, Index{4097}, Index{5 * 4096 + 7}}) {
    const auto state = any_state(size);
    const auto* re = reinterpret_cast<const double*>(state.data());
    double norm = 0.0;
    for (const Complex& a : state) norm += std::norm(a);
    std::map<Index, std::uint64_t> one;
    for (const int threads : {1, 2, 3, 5}) {
      const MeasuredPart<double> part(re, re + 1, 2, size, threads);
      EXPECT_NEAR(part.probability(), norm, 1e-12 * norm);
      const Counts counts = part.measure(5000, CounterRng(3, Stream::shots, 5), part.probability(),
                                         0.0, std::numeric_limits<double>::infinity());
      std::uint64_t total = 0;
      for (const auto& [w, count] : counts) total += count;
      EXPECT_EQ(total, 5000u);
      const std::map<Index, std::uint64_t> found(counts.begin(), counts.end());
      if (threads == 1) one = found;
      EXPECT_EQ(found, one) << size << " " << threads;
    }
    const auto expected = searched(state, 5000, CounterRng(3, Stream::shots, 5));
    std::uint64_t same = 0;
    for (const auto& [w, count] : one)
      if (const auto there = expected.find(w); there != expected.end())
        same += std::min(count, there->second);
    EXPECT_GE(same, 4998u) << size;  // a point within rounding of a border may fall on either side
  }
}

}  // namespace
}  // namespace qhn
