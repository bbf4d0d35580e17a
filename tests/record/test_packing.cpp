#include <gtest/gtest.h>

#include <cmath>
#include <span>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "record/packing.hpp"

namespace qhn {
namespace {

RestartRecord example(std::uint64_t id) {
  RestartRecord record;
  record.result = {.id = id,
                   .seed = 77,
                   .status = Status::stalled_line_search,
                   .expectation = 0.1,
                   .gap = 1e-300,
                   .gradient_norm = 3.5,
                   .iterations = 12,
                   .evaluations = 34,
                   .best_string = BitString(64, 0xfedcba9876543210u),
                   .best_probability = 0.75,
                   .best_cost = -2.5,
                   .expectation_crossings = {{1, 2}, {-1, -1}},
                   .string_crossings = {{0, 1}, {5, 9}},
                   .angles = {0.25, -1.5, 3.0},
                   .oracle = {{{{1, 2, 3}, {4, 5, 6}, {7, 8, std::uint64_t{1} << 60}}}},
                   .history = {{0.5, 0.25}, {1.5f, 2.5f}, {0.0f, 3.5f}, {1, 7}},
                   .scored = 1,
                   .scores = {0.125, 0.0625, 0.75, 0.5}};
  record.cost = {.seconds = 1.5, .cpu_seconds = 1.25, .joules = 80.0, .host = "node17"};
  return record;
}

TEST(Packing, IsUndoneByUnpacking) {
  const std::vector<RestartRecord> records{example(3), RestartRecord{.result = {}, .cost = {}},
                                           example(1u << 31)};
  const std::vector<RestartRecord> back = unpack(pack(records));
  ASSERT_EQ(back.size(), 3u);
  EXPECT_EQ(back[0].result, records[0].result);
  EXPECT_EQ(back[2].result, records[2].result);
  EXPECT_EQ(back[1].result.id, 0u);
  EXPECT_TRUE(std::isnan(back[1].result.expectation));
  EXPECT_EQ(back[0].cost.seconds, 1.5);
  EXPECT_EQ(back[0].cost.cpu_seconds, 1.25);
  EXPECT_EQ(back[0].cost.joules, 80.0);
  EXPECT_EQ(back[0].cost.host, "node17");
  EXPECT_TRUE(unpack({}).empty());
}

// Bit strings of any length, and none that claims more bits than there may be.
TEST(Packing, KeepsLongBitStrings) {
  for (const int bits : {0, 1, 64, 65, 200, 1024}) {
    RestartRecord record = example(1);
    record.result.best_string = BitString(bits);
    for (int q = 0; q < bits; q += 3) record.result.best_string.set(q, true);
    const auto bytes = pack(std::vector{record});
    EXPECT_EQ(unpack(bytes).at(0).result, record.result) << bits;
    auto damaged = bytes;
    damaged[49 + 2] = std::byte{1};  // the number of bits, behind 49 bytes of other fields
    EXPECT_THROW(unpack(damaged), RunError) << bits;
    if (bits % 64 == 0) continue;
    damaged = bytes;  // a bit beyond the last one
    damaged[49 + 4 + 8 * static_cast<std::size_t>(bits / 64) + 7] |= std::byte{0x80};
    EXPECT_THROW(unpack(damaged), RunError) << bits;
  }
}

TEST(Packing, RefusesATruncatedMessage) {
  const auto bytes = pack(std::vector{example(3)});
  for (std::size_t length = 1; length < bytes.size(); length += 7)
    EXPECT_THROW(unpack(std::span(bytes).first(length)), RunError) << length;
}

std::string hex(std::span<const std::byte> bytes) {
  std::string text;
  for (const std::byte b : bytes)
    for (const int shift : {4, 0})
      text += "0123456789abcdef"[(std::to_integer<int>(b) >> shift) & 15];
  return text;
}

// Packed by Python's struct: the order and the size of every field, which journals on disks have.
TEST(Packing, IsTheFormatOfTheJournals) {
  RestartRecord r;
  r.result = {.id = 0x0102030405060708,
              .seed = 3,
              .status = Status::stalled_line_search,
              .expectation = 1.5,
              .gap = -2.25,
              .gradient_norm = 0.125,
              .iterations = 7,
              .evaluations = -9,
              .best_string = BitString(17, 77),
              .best_probability = 0.75,
              .best_cost = -0.5,
              .expectation_crossings = {{1, 2}, {3, -1}},
              .string_crossings = {{4, 5}, {6, 7}},
              .angles = {0.25, 8.0},
              .oracle = {{{{11, 12, 13}, {14, 15, 16}, {17, 18, 19}}}},
              .history = {{0.5, 1.0}, {2.0f, 4.0f}, {0.0f, 8.0f}, {1, 3}},
              .scored = 1,
              .scores = {0.125, 0.25, 0.5, 1.0}};
  r.cost = {.seconds = 16.0, .cpu_seconds = 32.0, .joules = 64.0, .host = "n1"};
  EXPECT_EQ(
      hex(pack(std::vector{r})),
      "0807060504030201030000000000000002000000000000f83f00000000000002c0000000000000c0"
      "3f07000000f7ffffff110000004d00000000000000000000000000e83f000000000000e0bf02000000000000"
      "00010000000200000003000000ffffffff0200000000000000040000000500000006000000070000"
      "000200000000000000000000000000d03f00000000000020400b000000000000000c000000000000"
      "000d000000000000000e000000000000000f00000000000000100000000000000011000000000000"
      "0012000000000000001300000000000000"
      "0200000000000000000000000000e03f000000000000f03f02000000000000000000004000008040"
      "020000000000000000000000000000410200000000000000010000000300000001000000000000c0"
      "3f000000000000d03f000000000000e03f000000000000f03f"
      "0000000000003040000000000000404000000000000050"
      "4002000000000000006e31");
  EXPECT_EQ(hex(pack(r.result)), hex(pack(std::vector{r})).substr(0, 2 * (360 - 24 - 8 - 2)));

  const RestartCheckpoint c{.id = 21,
                            .iterations = 22,
                            .expectation_crossings = {{1, 2}},
                            .string_crossings = {{3, 4}},
                            .optimizer = {0.5, 1.0},
                            .history = {{0.5}, {1.0f}, {0.0f}, {2}},
                            .seconds = 60.0,
                            .cpu_seconds = 59.0};
  EXPECT_EQ(hex(pack(c)),
            "15000000000000001600000001000000000000000100000002000000010000000000000003000000"
            "040000000200000000000000000000000000e03f000000000000f03f0000000000004e4000000000"
            "00804d40"
            "0100000000000000000000000000e03f01000000000000000000803f010000000000000000000000"
            "010000000000000002000000");

  const PhaseEnergy phase{"table", "n", "measured:rapl", "package", 2, 1, 2, 3, 4, 5, 6, 7, 8,
                          9,       11};
  EXPECT_EQ(hex(pack(RunEnergy{"run", 3, 1.5, 200, 0.25, "why", {phase}})),
            "030000000000000072756e0300000000000000000000000000f83f00000000000069400000000000"
            "00d03f030000000000000077687905000000000000007461626c6501000000000000006e0d000000"
            "000000006d656173757265643a7261706c07000000000000007061636b6167650200000000000000"
            "0000f03f000000000000004000000000000008400000000000001040000000000000144000000000"
            "000018400000000000001c40000000000000204000000000000022400b000000");
}

// Of diverged restarts much is NaN, and they are still the same.
TEST(Packing, ResultsAreComparedByTheirBytes) {
  RestartResult a;
  EXPECT_NE(a, a);
  EXPECT_EQ(pack(a), pack(RestartResult{}));
  a.evaluations = 1;
  EXPECT_NE(pack(a), pack(RestartResult{}));
}

TEST(Packing, OfJoulesIsUndoneByUnpacking) {
  const PhaseEnergy phase{"table", "n", "none", "", 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
  const RunEnergy energy{"run", 3, 1, 2, 3, "", {phase, phase}};
  const std::vector<std::byte> bytes = pack(energy);
  EXPECT_EQ(unpack_energy(bytes), energy);
  EXPECT_THROW(unpack_energy(std::span(bytes).first(bytes.size() - 1)), RunError);
}

TEST(Packing, OfACheckpointIsUndoneByUnpacking) {
  const RestartCheckpoint checkpoint{.id = 12,
                                     .iterations = 300,
                                     .expectation_crossings = {{1, 2}, {-1, -1}},
                                     .string_crossings = {{0, 1}, {5, 9}},
                                     .optimizer = {3.0, 0.1, -1e-310},
                                     .history = {{0.5}, {1.0f}, {0.0f}, {2}},
                                     .seconds = 61.5,
                                     .cpu_seconds = 60.0};
  const auto bytes = pack(checkpoint);
  EXPECT_EQ(unpack_checkpoint(bytes), checkpoint);
  for (std::size_t length = 0; length < bytes.size(); length += 7)
    EXPECT_THROW(unpack_checkpoint(std::span(bytes).first(length)), RunError) << length;
}

}  // namespace
}  // namespace qhn
