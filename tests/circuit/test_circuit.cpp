#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "circuit/circuit.hpp"
#include "core/error.hpp"

namespace qhn {
namespace {

using ::testing::HasSubstr;

int count(const Circuit& c, GateKind kind) {
  return static_cast<int>(std::count_if(c.gates.begin(), c.gates.end(),
                                        [kind](const Gate& g) { return g.kind == kind; }));
}

std::string message_of(auto call) {
  try {
    call();
  } catch (const InputError& e) {
    return e.what();
  }
  return "no error";
}

TEST(Circuit, AnglesFollowTheFlatOrder) {
  for (Family family : {Family::product, Family::linear, Family::all_to_all})
    for (int n : {1, 4, 7})
      for (int depth : {1, 3}) {
        const Circuit c = make_circuit(family, n, depth);
        EXPECT_EQ(c.angles, 2 * n * depth);
        std::vector<int> seen;
        for (const Gate& g : c.gates) {
          if (g.angle < 0) continue;
          seen.push_back(g.angle);
          const int within = g.angle % (n * depth);
          EXPECT_EQ(g.first, within % n);
          EXPECT_EQ(g.kind, g.angle < n * depth ? GateKind::ry : GateKind::rz);
        }
        std::sort(seen.begin(), seen.end());
        for (int k = 0; k < c.angles; ++k) EXPECT_EQ(seen[static_cast<std::size_t>(k)], k);
      }
}

TEST(Circuit, LinearAlternatesBetweenOddAndEvenBonds) {
  const Circuit c = make_circuit(Family::linear, 5, 2);
  std::vector<std::pair<int, int>> cx;
  for (const Gate& g : c.gates)
    if (g.kind == GateKind::cx) cx.emplace_back(g.first, g.second);
  // Counted from 1: sublayer 1 has 2→3, 4→5; sublayer 2 has 1→2, 3→4.
  EXPECT_EQ(cx, (std::vector<std::pair<int, int>>{{1, 2}, {3, 4}, {0, 1}, {2, 3}}));
  EXPECT_EQ(sublayers_per_layer(Family::linear), 2);
}

TEST(Circuit, AllToAllHasEveryPair) {
  EXPECT_EQ(count(make_circuit(Family::all_to_all, 6, 3), GateKind::cz), 3 * 15);
  EXPECT_EQ(count(make_circuit(Family::product, 6, 3), GateKind::cz), 0);
}

TEST(Circuit, RefusesWhatItCannotBuild) {
  EXPECT_THAT(message_of([] { make_circuit(Family::linear, 0, 2); }), HasSubstr("1 to 62"));
  EXPECT_THAT(message_of([] { make_circuit(Family::linear, 3, 0); }), HasSubstr("at least 1"));
  EXPECT_THAT(message_of([] { make_circuit(Family::custom, 3, 1); }), HasSubstr("gates"));
  EXPECT_THAT(message_of([] { parse_family("ring"); }), HasSubstr("all-to-all"));
}

TEST(CustomCircuit, SharesNamedAnglesAndKeepsFixedOnes) {
  const Circuit c = make_custom_circuit(3, {{"ry", {0}, "a", 0},
                                            {"Rzz", {0, 2}, "b", 0},
                                            {"RX", {1}, "a", 0},
                                            {"Rz", {1}, "", 0.5},
                                            {"CX", {2, 0}, "", 0}});
  EXPECT_EQ(c.angles, 2);
  EXPECT_EQ(c.angle_names, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(c.gates[0].angle, c.gates[2].angle);
  EXPECT_EQ(c.gates[3].angle, -1);
  EXPECT_EQ(c.gates[3].fixed, 0.5);
}

TEST(CustomCircuit, NamesTheFaultyGate) {
  const auto build = [](CustomGate gate) {
    return message_of([&] { make_custom_circuit(2, {{"Ry", {0}, "a", 0}, gate}); });
  };
  EXPECT_THAT(build({"SWAP", {0, 1}, "", 0}), HasSubstr("gate 2 (SWAP): unknown gate"));
  EXPECT_THAT(build({"CX", {0}, "", 0}), HasSubstr("has 1 qubits, needs 2"));
  EXPECT_THAT(build({"CX", {0, 2}, "", 0}), HasSubstr("qubit 2 is outside 0 to 1"));
  EXPECT_THAT(build({"CZ", {1, 1}, "", 0}), HasSubstr("uses qubit 1 twice"));
  EXPECT_THAT(build({"CZ", {0, 1}, "t", 0}), HasSubstr("takes no angle"));
  EXPECT_THAT(build({"CX", {0, 1}, "", 0.5}), HasSubstr("takes no angle"));
  EXPECT_THAT(build({"", {0}, "a", 0}), HasSubstr("gate 2 (): unknown gate"));
  EXPECT_THAT(build({"R", {0}, "a", 0}), HasSubstr("unknown gate"));
  EXPECT_THAT(build({"Ry", {}, "a", 0}), HasSubstr("has 0 qubits, needs 1"));
  EXPECT_THAT(build({"Ry", {0, 1}, "a", 0}), HasSubstr("has 2 qubits, needs 1"));
  EXPECT_THAT(build({"Rzz", {0}, "a", 0}), HasSubstr("has 1 qubits, needs 2"));
  EXPECT_THAT(build({"Rzz", {0, 1, 0}, "a", 0}), HasSubstr("has 3 qubits, needs 2"));
  EXPECT_THAT(build({"Rzz", {0, 0}, "a", 0}), HasSubstr("uses qubit 0 twice"));
  EXPECT_THAT(build({"CX", {1, 1}, "", 0}), HasSubstr("uses qubit 1 twice"));
  EXPECT_THAT(build({"Rx", {2}, "a", 0}), HasSubstr("qubit 2 is outside 0 to 1"));
  EXPECT_THAT(build({"Rz", {-1}, "a", 0}), HasSubstr("qubit -1 is outside 0 to 1"));
  EXPECT_THAT(build({"CX", {-1, 0}, "", 0}), HasSubstr("qubit -1 is outside 0 to 1"));
  for (const double value : {NAN, INFINITY, -INFINITY})
    EXPECT_THAT(build({"Ry", {0}, "", value}), HasSubstr("its angle is not finite"));
  EXPECT_EQ(build({"rZz", {1, 0}, "", -4.5}), "no error");
  EXPECT_THAT(message_of([] { make_custom_circuit(2, {}); }), HasSubstr("at least one gate"));
  EXPECT_THAT(message_of([] {
                make_custom_circuit(63, {{"Ry", {0}, "a", 0}});
              }),
              HasSubstr("1 to 62"));
}

TEST(CustomCircuit, ReducesLargeFixedAngles) {
  const auto fixed = [](double value) {
    return make_custom_circuit(2, {{"Rzz", {0, 1}, "", value}}).gates[0].fixed;
  };
  EXPECT_EQ(fixed(-12.5), -12.5);
  EXPECT_NEAR(fixed(2e20), -1.4027043154306909, 2e-15);  // of 450 digits of pi
}

}  // namespace
}  // namespace qhn
