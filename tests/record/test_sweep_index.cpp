#include <gtest/gtest.h>

#include "core/error.hpp"
#include "record/sweep_index.hpp"
#include "temporary_folder.hpp"

namespace qhn {
namespace {

const SweepIndex two{"mine",
                     {"circuit.family", "restarts.seed"},
                     {{"family=linear,seed=1", {"\"linear\"", "1"}, 60},
                      {"family=product,seed=1", {"\"product\"", "1"}, 50}}};

TEST(SweepIndex, ComesBackAsItWasWritten) {
  const TemporaryFolder folder;
  EXPECT_FALSE(read_sweep_index(folder / "").has_value());
  write_sweep_index(folder / "", two);
  EXPECT_EQ(read_sweep_index(folder / ""), two);
  EXPECT_EQ(folder.count(), 1);
}

// A sweep that is continued with fewer values keeps the others.
TEST(SweepIndex, KeepsThePointsThatItHad) {
  const TemporaryFolder folder;
  write_sweep_index(folder / "", two);
  SweepIndex other = two;
  other.points.erase(other.points.begin());
  other.points[0].restarts = 70;
  other.points.push_back({"family=product,seed=2", {"\"product\"", "2"}, 50});
  write_sweep_index(folder / "", other);
  other.points.push_back(two.points[0]);
  EXPECT_EQ(read_sweep_index(folder / ""), other);
  other.keys[1] = "problem.seed";
  EXPECT_NE(message_of<InputError>([&] {
              write_sweep_index(folder / "", other);
            }).find("circuit.family, restarts.seed, this one is over circuit.family, problem.seed"),
            std::string::npos);
}

TEST(SweepIndex, IsRefusedIfDamaged) {
  const TemporaryFolder folder;
  for (
      const char* text :
      {"", "{", "[]",
       R"({"name": "a", "keys": ["k"], "points": [{"folder": "..", "values": ["1"], "restarts": 1}]})",
       R"({"name": "a", "keys": ["k"], "points": [{"folder": "a/b", "values": ["1"], "restarts": 1}]})",
       R"({"name": "a", "keys": ["k"], "points": [{"folder": "a", "values": [], "restarts": 1}]})",
       R"({"name": "a", "keys": ["k"], "points": [{"folder": "a", "values": ["1"], "restarts": -1}]})",
       R"({"name": "a", "keys": ["k"], "points": [{"folder": "a", "values": ["1"], "restarts": 1e300}]})"}) {
    folder.write("sweep.json", text);
    EXPECT_NE(message_of<InputError>([&] { read_sweep_index(folder / ""); }).find("sweep.json: "),
              std::string::npos)
        << text;
  }
}

}  // namespace
}  // namespace qhn
