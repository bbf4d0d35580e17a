#include <gtest/gtest.h>

#include <set>

#include "core/random.hpp"

namespace qhn {
namespace {

TEST(CounterRng, NamesItsStreams) {
  std::set<std::uint64_t> first;
  for (const std::uint64_t seed : {0ull, 1ull, 1ull << 32})
    for (const Stream purpose : {Stream::restart_angles, Stream::training_data, Stream::test_data})
      for (const std::uint64_t index : {0ull, 1ull, 1ull << 32})
        first.insert(CounterRng(seed, purpose, index)());
  EXPECT_EQ(first.size(), 27u);
  EXPECT_EQ(CounterRng(5, Stream::shots, 9)(), CounterRng(5, Stream::shots, 9)());
}

TEST(CounterRng, DoesNotRepeatWithinAStream) {
  CounterRng rng(1, Stream::shots, 0);
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 10000; ++i) seen.insert(rng());
  EXPECT_EQ(seen.size(), 10000u);
}

TEST(CounterRng, UniformHasTheRightMoments) {
  CounterRng rng(1, Stream::shots, 1);
  constexpr int n = 100000;
  double sum = 0.0, squares = 0.0;
  for (int i = 0; i < n; ++i) {
    const double u = rng.uniform();
    ASSERT_GE(u, 0.0);
    ASSERT_LT(u, 1.0);
    sum += u;
    squares += u * u;
  }
  EXPECT_NEAR(sum / n, 1.0 / 2, 0.004);  // more than four standard errors
  EXPECT_NEAR(squares / n, 1.0 / 3, 0.004);
}

}  // namespace
}  // namespace qhn
