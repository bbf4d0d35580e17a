#include <gtest/gtest.h>

#include <cmath>

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
                   .best_string = 0xfedcba9876543210u,
                   .best_probability = 0.75,
                   .best_cost = -2.5,
                   .expectation_crossings = {{1, 2}, {-1, -1}},
                   .string_crossings = {{0, 1}, {5, 9}},
                   .angles = {0.25, -1.5, 3.0},
                   .oracle = {{{{1, 2, 3}, {4, 5, 6}, {7, 8, std::uint64_t{1} << 60}}}}};
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

TEST(Packing, RefusesATruncatedMessage) {
  const auto bytes = pack(std::vector{example(3)});
  for (std::size_t length = 1; length < bytes.size(); length += 7)
    EXPECT_THROW(unpack(std::span(bytes).first(length)), RunError) << length;
}

// The journals of the first days: no phase said how often it was run.
TEST(Packing, JoulesOfTheOldKindAreStillRead) {
  PhaseEnergy phase{"table", "n", "none", "", 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
  const std::vector<std::byte> bytes = pack(RunEnergy{"run", 3, 1, 2, 3, "", {phase}});
  EXPECT_EQ(unpack_energy(bytes).phases.at(0), phase);
  const auto old = std::span(bytes).first(bytes.size() - sizeof(double) - sizeof(std::int32_t));
  EXPECT_THROW(unpack_energy(old), RunError);
  RunEnergy read = unpack_energy(old, true);
  ASSERT_EQ(read.phases.size(), 1u);
  EXPECT_EQ(read.phases[0].times, 1);
  EXPECT_TRUE(std::isnan(read.phases[0].exchanged));
  read.phases[0].times = phase.times;
  read.phases[0].exchanged = phase.exchanged;
  EXPECT_EQ(read.phases[0], phase);
}

TEST(Packing, OfACheckpointIsUndoneByUnpacking) {
  const RestartCheckpoint checkpoint{.id = 12,
                                     .iterations = 300,
                                     .expectation_crossings = {{1, 2}, {-1, -1}},
                                     .string_crossings = {{0, 1}, {5, 9}},
                                     .optimizer = {3.0, 0.1, -1e-310},
                                     .seconds = 61.5,
                                     .cpu_seconds = 60.0};
  const auto bytes = pack(checkpoint);
  EXPECT_EQ(unpack_checkpoint(bytes), checkpoint);
  for (std::size_t length = 0; length < bytes.size(); length += 7)
    EXPECT_THROW(unpack_checkpoint(std::span(bytes).first(length)), RunError) << length;
}

}  // namespace
}  // namespace qhn
