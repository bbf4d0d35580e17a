#include <gtest/gtest.h>

#include <set>

#include "core/random.hpp"
#include "record/id_set.hpp"

namespace qhn {
namespace {

TEST(IdSet, AgreesWithASetOfNumbers) {
  for (std::uint64_t round = 0; round < 20; ++round) {
    CounterRng rng(3, Stream::synthetic, round);
    IdSet ids;
    std::set<std::uint64_t> plain;
    for (int i = 0; i < 60; ++i) {
      const std::uint64_t id = rng() % 70;
      EXPECT_EQ(ids.insert(id), plain.insert(id).second);
    }
    EXPECT_EQ(ids.size(), plain.size());
    EXPECT_EQ(ids.end(), *plain.rbegin() + 1);
    for (std::uint64_t first = 0; first < 75; ++first)
      for (std::uint64_t count : {0u, 1u, 5u, 80u}) {
        std::vector<std::uint64_t> expected, found;
        for (std::uint64_t id = first; id < first + count; ++id)
          if (!plain.contains(id)) expected.push_back(id);
        for (const IdRange& gap : ids.missing({first, count})) {
          EXPECT_GT(gap.count, 0u);
          for (std::uint64_t id = gap.first; id < gap.end(); ++id) found.push_back(id);
        }
        EXPECT_EQ(found, expected);
        EXPECT_EQ(ids.count({first, count}), count - expected.size());
      }
    for (std::uint64_t id = 0; id < 75; ++id) EXPECT_EQ(ids.contains(id), plain.contains(id));
  }
}

TEST(IdRange, Overlaps) {
  const IdRange range{10, 5};
  EXPECT_TRUE(range.overlaps({14, 1}));
  EXPECT_TRUE(range.overlaps({0, 11}));
  EXPECT_FALSE(range.overlaps({15, 5}));
  EXPECT_FALSE(range.overlaps({0, 10}));
}

}  // namespace
}  // namespace qhn
