#include <gtest/gtest.h>

#include "core/random.hpp"
#include "core/simd.hpp"
#include "engine/reference.hpp"
#include "engine/register.hpp"

namespace qhn {
namespace {

std::vector<double> random_angles(int count, std::uint64_t seed) {
  CounterRng rng(seed, Stream::shots, 1);
  std::vector<double> angles(static_cast<std::size_t>(count));
  for (double& a : angles) a = 12.0 * rng.uniform() - 6.0;
  return angles;
}

template <class T>
double worst_difference(const Circuit& circuit, int threads) {
  const auto angles = random_angles(circuit.angles, 3);
  const auto expected = reference_state(circuit, angles);
  RegisterSchedule<T> schedule(cut_circuit(circuit, circuit.qubits, Purpose::state).low);
  AlignedVector<T> data(schedule.elements());
  schedule.set_angles(angles);
  schedule.run(data.data(), threads);
  double worst = 0.0;
  for (Index x = 0; x < expected.size(); ++x)
    worst = std::max(worst, std::abs(Complex(data[x], data[expected.size() + x]) - expected[x]));
  return worst;
}

class Levels : public ::testing::Test {
 protected:
  void TearDown() override { force_simd_level(available_simd_levels().back()); }
};

TEST_F(Levels, RegistersEqualTheReferenceAtEverySize) {
  for (SimdLevel level : available_simd_levels()) {
    force_simd_level(level);
    for (Family family : {Family::product, Family::linear, Family::all_to_all})
      for (int n = 1; n <= 13; ++n) {
        const Circuit circuit = make_circuit(family, n, 4);
        EXPECT_LT(worst_difference<double>(circuit, 1), 1e-14) << to_string(level) << " " << n;
        EXPECT_LT(worst_difference<float>(circuit, 1), 1e-5) << to_string(level) << " " << n;
      }
  }
}

TEST_F(Levels, HalfTurnsAreExactEnough) {
  // cos(θ/2) near 0 must not be divided by.
  for (double offset : {0.0, 1e-12, -1e-12}) {
    const Circuit circuit = make_circuit(Family::linear, 8, 3);
    std::vector<double> angles(static_cast<std::size_t>(circuit.angles), M_PI + offset);
    const auto expected = reference_state(circuit, angles);
    RegisterSchedule<double> schedule(cut_circuit(circuit, 8, Purpose::state).low);
    AlignedVector<double> data(schedule.elements());
    schedule.set_angles(angles);
    schedule.run(data.data(), 1);
    for (Index x = 0; x < expected.size(); ++x)
      EXPECT_LT(std::abs(Complex(data[x], data[expected.size() + x]) - expected[x]), 1e-14);
  }
}

TEST(Register, ThreadsDoNotChangeABit) {
  const Circuit circuit = make_circuit(Family::linear, 18, 3);
  const auto angles = random_angles(circuit.angles, 5);
  RegisterSchedule<double> schedule(cut_circuit(circuit, 18, Purpose::state).low);
  AlignedVector<double> one(schedule.elements()), two(schedule.elements());
  schedule.set_angles(angles);
  schedule.run(one.data(), 1);
  schedule.run(two.data(), 2);
  EXPECT_TRUE(std::equal(one.begin(), one.end(), two.begin()));
}

TEST(LinearMap, IsItsGates) {
  const std::vector<std::pair<int, int>> cx{{0, 3}, {3, 1}, {1, 4}, {4, 0}, {2, 3}};
  const LinearMap image(5, cx, false), source(5, cx, true);
  for (Index x = 0; x < 32; ++x) {
    Index y = x;
    for (const auto& [c, t] : cx) y ^= ((y >> c) & 1) << t;
    EXPECT_EQ(image(x), y);
    EXPECT_EQ(source(y), x);
  }
}

}  // namespace
}  // namespace qhn
