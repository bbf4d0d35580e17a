#include <gtest/gtest.h>

#include "circuit/schedule.hpp"
#include "core/error.hpp"

namespace qhn {
namespace {

int steps_of(const Schedule& schedule, std::size_t alternative) {
  int n = 0;
  for (const Step& s : schedule.steps) n += s.index() == alternative;
  return n;
}

constexpr std::size_t rotation = 0, phase = 1, permutation = 2, sign = 3, branch = 4;

TEST(Schedule, UncutLinearIsARotationAndAPhasePerSublayer) {
  const CutCircuit cut = cut_circuit(make_circuit(Family::linear, 9, 4), 9, Purpose::expectation);
  EXPECT_EQ(cut.branches(), 1);
  EXPECT_EQ(steps_of(cut.low, rotation), 4);
  EXPECT_EQ(steps_of(cut.low, phase), 3) << "the last Rz is invisible";
  EXPECT_EQ(steps_of(cut.low, permutation), 0) << "CX layers ride on the rotations";
  const CutCircuit whole = cut_circuit(make_circuit(Family::linear, 9, 4), 9, Purpose::state);
  EXPECT_EQ(steps_of(whole.low, phase), 4);
}

// A bond is crossed by a CX in every second sublayer, and the first sublayer acts on |0…0⟩.
TEST(Schedule, LinearNeedsOneBranchingPerCrossingCx) {
  const auto branches = [](int depth, int low) {
    return cut_circuit(make_circuit(Family::linear, 12, depth), low, Purpose::expectation)
        .branches();
  };
  EXPECT_EQ(branches(1, 6), 1);
  EXPECT_EQ(branches(2, 6), 1);
  EXPECT_EQ(branches(3, 6), 2);
  EXPECT_EQ(branches(4, 6), 2);
  EXPECT_EQ(branches(8, 6), 8);
  EXPECT_EQ(branches(2, 5), 2);
  EXPECT_EQ(branches(4, 5), 4);
  EXPECT_EQ(
      cheapest_proper_cut(make_circuit(Family::linear, 14, 4), Purpose::expectation).branches(), 2);
}

// (−1)^{w(w−1)/2} of a weight w = w_high + w_low splits by the parities alone.
TEST(Schedule, AllToAllNeedsOneBranchingPerSublayer) {
  for (int depth : {1, 2, 4})
    EXPECT_EQ(cut_circuit(make_circuit(Family::all_to_all, 10, depth), 5, Purpose::expectation)
                  .branches(),
              1 << (depth - 1));
}

TEST(Schedule, ProductNeverBranches) {
  const CutCircuit cut = best_cut(make_circuit(Family::product, 12, 6), Purpose::expectation);
  EXPECT_EQ(cut.branches(), 1);
  EXPECT_EQ(cut.low.qubits + cut.high.qubits, 12);
}

TEST(Schedule, RefusesTooManyBranches) {
  EXPECT_THROW(cut_circuit(make_circuit(Family::linear, 12, 24), 6, Purpose::expectation, 64),
               InputError);
}

TEST(Schedule, DeepCircuitsStayWhole) {
  const CutCircuit cut = best_cut(make_circuit(Family::all_to_all, 12, 12), Purpose::expectation);
  EXPECT_EQ(cut.high.qubits, 0);
}

TEST(Schedule, RxBecomesRyBetweenFixedPhases) {
  const Circuit c = make_custom_circuit(2, {{"Rx", {0}, "a", 0}, {"Rx", {1}, "b", 0}});
  const CutCircuit cut = cut_circuit(c, 2, Purpose::state);
  EXPECT_EQ(steps_of(cut.low, rotation), 1);
  EXPECT_EQ(steps_of(cut.low, phase), 2);
}

}  // namespace
}  // namespace qhn
