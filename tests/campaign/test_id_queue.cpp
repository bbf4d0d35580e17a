#include <gtest/gtest.h>

#include <vector>

#include "campaign/id_queue.hpp"

namespace qhn {
namespace {

IdQueue queue_of(std::uint64_t count, std::uint64_t workers) {
  return {std::vector<IdRange>{{0, count}}, workers};
}

TEST(IdQueue, KeepsToTheGaps) {
  const std::vector<IdRange> ids{{3, 2}, {7, 1}, {9, 0}, {100, 50}};
  IdQueue queue(ids, 2);
  EXPECT_EQ(queue.left(), 53u);
  EXPECT_EQ(queue.take(4, 4, 4), (IdRange{3, 2}));
  EXPECT_EQ(queue.take(4, 4, 4), (IdRange{7, 1}));
  EXPECT_EQ(queue.take(4, 4, 4), (IdRange{100, 4}));
  EXPECT_EQ(queue.left(), 46u);
}

TEST(IdQueue, HandsOutEveryIdOnceInOrder) {
  for (std::uint64_t count : {0u, 1u, 7u, 1000u})
    for (std::uint64_t wish : {1u, 3u, 1000000u}) {
      IdQueue queue = queue_of(count, 12);
      std::uint64_t next = 0;
      for (int turn = 0; queue.left() > 0; ++turn) {
        const std::uint64_t idle = turn % 3 == 0 ? 1 : 0;  // some ranks ask early
        const IdRange ids = queue.take(idle, wish, 3);
        EXPECT_EQ(ids.first, next);
        next += ids.count;
        ASSERT_LT(turn, 10000);
      }
      EXPECT_EQ(next, count);
      EXPECT_EQ(queue.take(5, 5, 5).count, 0u);
    }
}

TEST(IdQueue, NobodyTakesMoreThanAQuarterOfItsShare) {
  IdQueue queue = queue_of(1000, 10);
  EXPECT_EQ(queue.take(2, 1000000, 2).count, 50u);  // 1000 · 2/10 · 1/4
  EXPECT_EQ(queue.take(2, 6, 2).count, 6u);         // less where less is wished for
  // 944 · 2/10 · 1/4 = 46 of them, with those that it has.
  EXPECT_EQ(queue.take(0, 100, 2, 40).count, 6u);
  EXPECT_EQ(queue.take(0, 100, 2, 46).count, 0u);
  EXPECT_EQ(queue.take(1, 100, 2, 1000).count, 1u);  // none shall wait
}

TEST(IdQueue, ChunksShrinkToSingleIds) {
  IdQueue queue = queue_of(100, 4);
  std::vector<std::uint64_t> sizes;
  while (queue.left() > 0) sizes.push_back(queue.take(1, 1000, 1).count);
  EXPECT_EQ(sizes.front(), 6u);
  EXPECT_EQ(sizes.back(), 1u);
  EXPECT_TRUE(std::is_sorted(sizes.rbegin(), sizes.rend()));
}

TEST(IdQueue, NearTheEndOnlyIdleWorkersGetIds) {
  IdQueue queue = queue_of(15, 4);
  EXPECT_FALSE(queue.plenty());
  EXPECT_EQ(queue.take(0, 100, 1).count, 0u);
  EXPECT_EQ(queue.take(3, 100, 4).count, 3u);
  IdQueue longer = queue_of(16, 4);
  EXPECT_TRUE(longer.plenty());
  EXPECT_EQ(longer.take(0, 100, 1).count, 1u);  // asking early is then never in vain
}

}  // namespace
}  // namespace qhn
