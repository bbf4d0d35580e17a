#include <gtest/gtest.h>
#include <omp.h>

#include <bit>
#include <cmath>
#include <stdexcept>
#include <vector>

#include "core/random.hpp"
#include "core/simd.hpp"
#include "core/wht.hpp"

namespace qhn {
namespace {

std::vector<double> random_values(std::size_t size) {
  CounterRng rng(7, Stream::synthetic, size);
  std::vector<double> values(size);
  for (double& v : values) v = rng.uniform() - 0.5;
  return values;
}

TEST(WalshHadamard, IsTheSumOfItsDefinition) {
  for (std::size_t size = 1; size <= 1024; size *= 2) {
    const std::vector<double> values = random_values(size);
    std::vector<double> transformed = values;
    walsh_hadamard(transformed);
    for (std::size_t s = 0; s < size; ++s) {
      double sum = 0.0;
      for (std::size_t w = 0; w < size; ++w)
        sum += std::popcount(s & w) % 2 ? -values[w] : values[w];
      EXPECT_NEAR(transformed[s], sum, 1e-12) << size << " " << s;
    }
  }
}

// Sizes that need one, two and three passes over memory, the last with a part of a pass.
TEST(WalshHadamard, OfACharacterIsASpike) {
  for (const int bits : {11, 12, 13, 17, 18, 19, 20}) {
    const std::size_t size = std::size_t{1} << bits, s = 0x9d5e3 % size;
    std::vector<double> values(size);
    for (std::size_t w = 0; w < size; ++w) values[w] = std::popcount(s & w) % 2 ? -1.0 : 1.0;
    walsh_hadamard(values);
    for (std::size_t k = 0; k < size; ++k)
      ASSERT_EQ(values[k], k == s ? static_cast<double>(size) : 0.0) << bits << " " << k;
  }
}

TEST(WalshHadamard, TwiceIsTheSizeTimesTheInput) {
  const std::vector<double> values = random_values(std::size_t{1} << 16);
  std::vector<double> twice = values;
  walsh_hadamard(twice);
  walsh_hadamard(twice);
  for (std::size_t i = 0; i < values.size(); ++i)
    ASSERT_NEAR(twice[i] / static_cast<double>(values.size()), values[i], 1e-14);
}

TEST(WalshHadamard, IsTheSameForAnyThreadsAndSimdLevel) {
  const std::vector<double> values = random_values(std::size_t{1} << 15);
  std::vector<double> expected = values;
  walsh_hadamard(expected);
  for (const SimdLevel level : available_simd_levels())
    for (const int threads : {1, 2, 3}) {
      force_simd_level(level);
      omp_set_num_threads(threads);
      std::vector<double> transformed = values;
      walsh_hadamard(transformed);
      EXPECT_EQ(transformed, expected) << to_string(level) << " " << threads;
    }
  force_simd_level(available_simd_levels().back());
}

TEST(WalshHadamard, RefusesOtherSizes) {
  std::vector<double> values(3);
  EXPECT_THROW(walsh_hadamard(values), std::invalid_argument);
}

}  // namespace
}  // namespace qhn
