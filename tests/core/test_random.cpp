#include <gtest/gtest.h>

#include <set>
#include <vector>

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

struct Golden {
  Stream purpose;
  std::uint64_t seed, index;
  std::vector<std::uint64_t> words;
};

// The first numbers of every purpose's stream, worked out with another implementation of Philox
// 4x32-10 (key: the seed, low word first; counter: block, purpose, index): what campaigns were run
// with, so no change of these is a small one.
TEST(CounterRng, GivesTheNumbersItAlwaysGave) {
  const std::vector<Golden> golden{
      {Stream::restart_angles,
       0x1,
       0x0,
       {0x0b334b07232b88b3, 0x225c963c833ff8dc, 0x22786bda18eab44a}},
      {Stream::restart_angles,
       0x123456789abcdef0,
       0xfedcba9876543210,
       {0xfd1835ca22d001be, 0x400f321855967395, 0xfd9b49161186def6}},
      {Stream::training_data,
       0x1,
       0x0,
       {0x59cc105500476995, 0x1612383fe635dbec, 0x950d7e0e15a5692a}},
      {Stream::training_data,
       0x123456789abcdef0,
       0xfedcba9876543210,
       {0x8e3c5e1532d618e6, 0x9d73d6f6e7f53bee, 0x2719262d7ad444bc}},
      {Stream::test_data, 0x1, 0x0, {0x756568566a8b09a3, 0x9af93c2ce9f4fad0, 0x2f23456b3dd51fcb}},
      {Stream::test_data,
       0x123456789abcdef0,
       0xfedcba9876543210,
       {0xbb93c472b59b49b4, 0x493882da87251f22, 0xb9b7c03c92e7e8d3}},
      {Stream::shots, 0x1, 0x0, {0x6d6b2144ad227d49, 0xabad141cc6a1ad85, 0xbee00caa8da6e3ee}},
      {Stream::shots,
       0x123456789abcdef0,
       0xfedcba9876543210,
       {0x23a5de7afc8e723a, 0xcd1065bb53391fb4, 0x4f4d162c6ce00dd7}},
      {Stream::baseline, 0x1, 0x0, {0xa98ca803aa342eb5, 0xcb381ed73be549c6, 0xc53afcf01a64d84f}},
      {Stream::baseline,
       0x123456789abcdef0,
       0xfedcba9876543210,
       {0x44189b7ee0117c69, 0x071e3e90ffa4e494, 0x1638eb77f95f555d}},
      {Stream::synthetic, 0x1, 0x0, {0x123eb37467beab23, 0x2b830b481e7ba3f9, 0xe502cdf3254f4989}},
      {Stream::synthetic,
       0x123456789abcdef0,
       0xfedcba9876543210,
       {0xd8c68d246daed5df, 0xc1c83e55e04d2841, 0xc37af9b0d63eddf6}},
      {Stream::tuning, 0x1, 0x0, {0x2705d05404dc12e0, 0xccd69dca1a905c0f, 0x674e2c2042878e72}},
      {Stream::tuning,
       0x123456789abcdef0,
       0xfedcba9876543210,
       {0x753ce7664ed63aa9, 0xcdff547775779c5d, 0xab7289685bd749b1}},
      {Stream::training_shots,
       0x1,
       0x0,
       {0xdd0fa2b95058a272, 0x58bd1f62f1186ad0, 0x1be5f3f39f297575}},
      {Stream::training_shots,
       0x123456789abcdef0,
       0xfedcba9876543210,
       {0x8d343e74161a75bc, 0xb4975a98c43eca70, 0x4dff2ad5f052a003}},
      {Stream::bootstrap, 0x1, 0x0, {0xef61e9cebc1f44a4, 0xd822d3586bbe5160, 0xfbb35d99ef09b702}},
      {Stream::bootstrap,
       0x123456789abcdef0,
       0xfedcba9876543210,
       {0xed961af01b118e1e, 0x106973c86ffcd608, 0xddf7ed3278ef61ad}}};
  for (const Golden& g : golden) {
    CounterRng rng(g.seed, g.purpose, g.index);
    for (const std::uint64_t word : g.words)
      EXPECT_EQ(rng(), word) << static_cast<int>(g.purpose) << " " << g.seed;
  }
  // Uniform numbers are the upper 53 bits.
  EXPECT_EQ(CounterRng(1, Stream::shots, 0).uniform(),
            static_cast<double>(0x6d6b2144ad227d49u >> 11) * 0x1p-53);
}

// No number of a stream is one of another's: restarts that follow each other, the streams that one
// restart draws from in turn (its id in the upper half of the index), and all purposes.
TEST(CounterRng, StreamsShareNoNumbers) {
  std::set<std::uint64_t> seen;
  std::size_t drawn = 0;
  const auto draw = [&](Stream purpose, std::uint64_t index) {
    CounterRng rng(1, purpose, index);
    for (int k = 0; k < 200; ++k, ++drawn) seen.insert(rng());
  };
  for (int purpose = 1; purpose <= 9; ++purpose)
    for (std::uint64_t index = 0; index < 8; ++index) draw(static_cast<Stream>(purpose), index);
  for (std::uint64_t id = 1; id < 8; ++id)
    for (std::uint64_t circuit : {0u, 1u, 2u, 65535u, 65536u, 131072u})
      draw(Stream::training_shots, id << 32 | circuit);
  EXPECT_EQ(seen.size(), drawn);
}

TEST(CounterRng, BeginsAnywhereInItsStream) {
  CounterRng whole(3, Stream::shots, 5);
  const CounterRng start = whole;
  std::vector<std::uint64_t> words(21);  // odd: one number of the last block is left
  for (std::uint64_t& word : words) word = whole();
  for (const std::uint64_t k : {0u, 1u, 2u, 3u, 7u, 18u}) {
    CounterRng rng = start.from(k);
    for (std::uint64_t i = k; i < words.size(); ++i) EXPECT_EQ(rng(), words[i]) << k;
    // Wherever the stream stood when it was asked.
    EXPECT_EQ(whole.from(k)(), words[k]);
  }
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
