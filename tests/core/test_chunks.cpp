// How work is divided, and how bits of an index are counted in: uneven shares above all.
#include <gtest/gtest.h>
#include <omp.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/bytes.hpp"
#include "core/chunks.hpp"
#include "core/index_map.hpp"
#include "core/masked_index.hpp"
#include "core/random.hpp"

namespace qhn {
namespace {

// Sizes that no number of chunks divides.
TEST(Chunks, CoverEveryItemOnceInEqualShares) {
  for (const Index items : {0, 1, 2, 7, 63, 64, 65, 100, 127, 1000, 4097, 65537})
    for (const Index least : {0, 1, 3, 64, 1000, 100000})
      for (const Index most : {1, 2, 3, 7, 64}) {
        const Chunks chunks(items, least, most);
        SCOPED_TRACE(testing::Message() << items << " " << least << " " << most);
        EXPECT_GE(chunks.count, 1u);
        EXPECT_LE(chunks.count, most);
        EXPECT_EQ(chunks.begin(0), 0u);
        EXPECT_EQ(chunks.end(chunks.count - 1), items);
        Index smallest = items, largest = 0;
        for (Index c = 0; c < chunks.count; ++c) {
          if (c > 0) {
            EXPECT_EQ(chunks.begin(c), chunks.end(c - 1));
          }
          smallest = std::min(smallest, chunks.end(c) - chunks.begin(c));
          largest = std::max(largest, chunks.end(c) - chunks.begin(c));
        }
        EXPECT_LE(largest, smallest + 1);
        if (chunks.count > 1) {
          EXPECT_GE(smallest, least);
        }
        // As many as may be.
        EXPECT_TRUE(chunks.count == most || items < (chunks.count + 1) * std::max<Index>(least, 1));
      }
  const Chunks seven(100, 1, 7);
  EXPECT_EQ(seven.begin(3), 42u);
  EXPECT_EQ(seven.end(3), 57u);
}

TEST(Chunks, EachIsWorkedOnOnceByAnyNumberOfThreads) {
  for (const Index count : {1, 2, 3, 5, 7, 31, 64})
    for (const int threads : {1, 2, 3, 5, 64}) {
      std::vector<std::atomic<int>> done(count);
      for_chunks(Chunks(count, 1), threads, [&](Index c) { ++done.at(c); });
      for (const auto& times : done) EXPECT_EQ(times, 1) << count << " " << threads;
    }
}

TEST(Stealing, EachItemIsTakenOnceByAnyNumberOfThreads) {
  for (const Index count : {1, 2, 3, 5, 7, 31, 100, 511, 512})
    for (const int threads : {1, 2, 3, 5, 8}) {
      std::vector<std::atomic<int>> done(count);
      std::atomic<int> outside = 0;
      for_stealing(count, threads, [&](Index item) {
        if (item < count)
          ++done[item];
        else
          ++outside;
      });
      EXPECT_EQ(outside, 0) << count << " " << threads;
      for (const auto& times : done) EXPECT_EQ(times, 1) << count << " " << threads;
    }
}

// One item holds its thread up until all others are done: a thread that has done its own share
// must take from the share of the one that is busy.
TEST(Stealing, ABusyThreadLosesItsItemsToTheOthers) {
  const Index count = 12;
  for (const Index slow : {Index{0}, Index{6}}) {
    std::atomic<Index> done = 0;
    std::atomic<bool> alone = false;  // only one thread was given
    for_stealing(count, 2, [&](Index item) {
      if (omp_get_num_threads() < 2) alone = true;
      if (item == slow && !alone)
        while (done < count - 1) {
        }
      ++done;
    });
    EXPECT_EQ(done, count);
  }
}

TEST(ChunkPoll, IsAskedBetweenChunksAndMayAbandonTheWork) {
  int asked = 0, worked = 0;
  const std::function<void()> poll = [&] {
    if (++asked == 3) throw std::runtime_error("enough");
  };
  {
    const ChunkPoll polled(&poll);
    for_chunks(Chunks(1, 1), 1, [&](Index) { ++worked; });
    EXPECT_EQ(asked, 0);  // a single chunk: nowhere between
    EXPECT_THROW(for_chunks(Chunks(9, 1), 1, [&](Index) { ++worked; }), std::runtime_error);
    EXPECT_EQ(asked, 3);
    EXPECT_EQ(worked, 1 + 3);
    asked = 10;
    std::atomic<int> inside = 0;
    for_chunks(Chunks(9, 1), 2, [&](Index) {
      if (chunk_poll != nullptr) ++inside;
    });
    EXPECT_EQ(asked, 11);  // once, before the threads start
    EXPECT_EQ(inside, 0);  // where nothing may throw nobody asks
    EXPECT_EQ(chunk_poll, &poll);
  }
  EXPECT_EQ(chunk_poll, nullptr);
}

TEST(MaskedIndex, CountsInTheBitsOfAMask) {
  for (const Index mask : {Index{0}, Index{1}, Index{0b1011'0010}, Index{0x8000'0000'0000'0001}}) {
    std::vector<Index> all;
    for (Index x = 0;;) {
      all.push_back(x);
      x = next_in(mask, x);
      if (x == 0) break;
    }
    EXPECT_EQ(all.size(), dimension(std::popcount(mask)));
    EXPECT_TRUE(std::is_sorted(all.begin(), all.end()));
    EXPECT_EQ(all.back(), mask);
    for (Index n = 0; n < all.size(); ++n) EXPECT_EQ(nth_in(mask, n), all[n]);
  }
  EXPECT_EQ(mask_of({0, 5, 63}), 0x8000'0000'0000'0021u);
}

TEST(IndexMap, FindsItsOwnStatesAndNoOthers) {
  IndexMap map{{4, 0, 2}, dimension(3)};  // qubit 1 is 0 and qubit 3 is 1 in this part
  EXPECT_EQ(map(0b011), dimension(3) | dimension(4) | 1u);
  for (Index x = 0; x < 8; ++x) EXPECT_EQ(map.find(map(x)), x);
  int here = 0;
  for (Index state = 0; state < 64; ++state) here += map.find(state).has_value();
  EXPECT_EQ(here, 8);
  EXPECT_FALSE(map.find(0));
  EXPECT_FALSE(map.find(dimension(3) | dimension(1)));
}

// Whatever length is left, nothing beyond the end is read or believed.
TEST(Bytes, EveryCutIsNoticed) {
  std::vector<std::byte> bytes;
  ByteWriter write(bytes);
  write(std::uint32_t{7}, std::string("host"), std::vector<double>{1.5, -2.0},
        std::vector<std::string>{"a", "", "bcd"});
  for (std::size_t length = 0; length <= bytes.size(); ++length) {
    // In memory of its own, so that reading beyond it would be seen.
    const auto own = std::make_unique<std::byte[]>(length);
    std::copy_n(bytes.begin(), length, own.get());
    ByteReader read({own.get(), length});
    std::uint32_t number = 0;
    std::string text;
    std::vector<double> numbers;
    std::vector<std::string> texts;
    if (length < bytes.size()) {
      EXPECT_THROW(read(number, text, numbers, texts), RunError) << length;
      continue;
    }
    read(number, text, numbers, texts);
    EXPECT_TRUE(read.done());
    EXPECT_EQ(number, 7u);
    EXPECT_EQ(text, "host");
    EXPECT_EQ(numbers, (std::vector<double>{1.5, -2.0}));
    EXPECT_EQ(texts, (std::vector<std::string>{"a", "", "bcd"}));
  }
  // The layout itself: little-endian, lengths as 64 bits, no padding.
  EXPECT_EQ(bytes.size(), 4u + (8 + 4) + (8 + 16) + (8 + (8 + 1) + 8 + (8 + 3)));
  EXPECT_EQ(bytes[0], std::byte{7});
  EXPECT_EQ(bytes[4], std::byte{4});
  EXPECT_EQ(bytes[12], std::byte{'h'});
}

}  // namespace
}  // namespace qhn
