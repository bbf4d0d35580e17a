#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "core/bit_string.hpp"
#include "core/cost_function.hpp"
#include "core/random.hpp"

namespace qhn {
namespace {

TEST(BitString, OfOneWordIsAnIndex) {
  const BitString w(17, 0x1a5b3);
  EXPECT_EQ(w.bits(), 17);
  EXPECT_EQ(w.words(), 1);
  EXPECT_TRUE(w.has_index());
  EXPECT_EQ(w.index(), 0x1a5b3u);
  for (int q = 0; q < 17; ++q) EXPECT_EQ(w[q], bit(0x1a5b3, q) == 1) << q;
  EXPECT_EQ(w.text(), "11010010110110011");
  EXPECT_EQ(BitString().text(), "");
}

// Against a vector of bits, at every length around the ends of words.
TEST(BitString, KeepsEveryBitOfAnyLength) {
  CounterRng rng(3, Stream::synthetic, 0);
  for (const int bits : {1, 2, 63, 64, 65, 66, 127, 128, 129, 500, 1024}) {
    SCOPED_TRACE(bits);
    BitString w(bits);
    std::vector<bool> truth(static_cast<std::size_t>(bits));
    for (int k = 0; k < 3 * bits; ++k) {
      const int q = static_cast<int>(rng() % static_cast<std::uint64_t>(bits));
      const bool one = (rng() & 1) != 0;
      w.set(q, one);
      truth[static_cast<std::size_t>(q)] = one;
    }
    std::string text;
    for (int q = bits; q-- > 0;) text += truth[static_cast<std::size_t>(q)] ? '1' : '0';
    EXPECT_EQ(w.text(), text);
    EXPECT_EQ(w.ones(), std::count(truth.begin(), truth.end(), true));
    EXPECT_EQ(w.has_index(), bits <= 64);
    EXPECT_EQ(w.words(), (bits + 63) / 64);
    for (int q = 0; q < bits; ++q)
      EXPECT_EQ(w.word(q / 64) >> (q % 64) & 1u, truth[static_cast<std::size_t>(q)] ? 1u : 0u);
  }
}

// By their texts, which have equal lengths.
TEST(BitString, IsOrderedAsANumber) {
  CounterRng rng(4, Stream::synthetic, 0);
  for (const int bits : {5, 70, 200}) {
    std::set<BitString> strings;
    std::set<std::string> texts;
    for (int k = 0; k < 200; ++k) {
      BitString w(bits);
      for (int q = 0; q < bits; ++q) w.set(q, (rng() & 1) != 0);
      strings.insert(w);
      texts.insert(w.text());
    }
    EXPECT_EQ(strings.size(), texts.size());
    EXPECT_TRUE(std::equal(strings.begin(), strings.end(), texts.begin(),
                           [](const BitString& w, const std::string& t) { return w.text() == t; }));
  }
  EXPECT_LT(BitString(3, 7), BitString(4, 0));  // shorter strings first
  EXPECT_NE(BitString(3, 1), BitString(4, 1));
}

TEST(CostsInMemory, ServesRangesSlicesAndStrings) {
  std::vector<double> table(32);
  CounterRng rng(5, Stream::synthetic, 0);
  for (double& c : table) c = rng.uniform();
  const CostsInMemory costs(table);
  EXPECT_EQ(costs.bits(), 5);
  ASSERT_NE(costs.table(), nullptr);
  EXPECT_EQ(costs.ising(), nullptr);
  for (Index w = 0; w < 32; ++w) EXPECT_EQ(costs(BitString(5, w)), table[w]);
  std::vector<double> range(7), slice(4);
  costs.table()->costs(20, range);
  EXPECT_TRUE(std::equal(range.begin(), range.end(), table.begin() + 20));
  const IndexMap map{{3, 0}, 0b10100};
  costs.table()->slice(map, slice);
  EXPECT_EQ(slice, (std::vector{table[0b10100], table[0b11100], table[0b10101], table[0b11101]}));
}

}  // namespace
}  // namespace qhn
