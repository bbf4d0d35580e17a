#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "core/error.hpp"
#include "core/simd.hpp"
#include "engine/execution_plan.hpp"
#include "engine/reference.hpp"
#include "engine/sweep_engine.hpp"
#include "support/random_circuit.hpp"

namespace qhn {
namespace {

struct Case {
  Circuit circuit;
  std::vector<double> cost, angles;
};

/// Random costs in [0, 1) and angles in [−6, 6).
Case random_case(Circuit circuit, std::uint64_t seed) {
  const auto cost = random_numbers(dimension(circuit.qubits), 0.0, 1.0, seed);
  const auto angles =
      random_numbers(static_cast<std::size_t>(circuit.angles), -6.0, 6.0, seed + 1000);
  return {std::move(circuit), cost, angles};
}

double largest(const std::vector<double>& v) {
  double m = 0.0;
  for (double x : v) m = std::max(m, std::abs(x));
  return m;
}

void expect_agreement(const Case& c, const EngineOptions& options, double tolerance) {
  auto reference = make_engine(c.circuit, c.cost, {EngineKind::reference});
  std::vector<double> expected(c.angles.size()), gradient(c.angles.size(), 1e300);
  const double value = reference->expectation_and_gradient(c.angles, expected);
  auto engine = make_engine(c.circuit, c.cost, options);
  const double scale = std::max(largest(expected), 1e-3);
  for (int again = 0; again < 2; ++again) {  // buffers are reused
    EXPECT_NEAR(engine->expectation_and_gradient(c.angles, gradient), value, tolerance);
    EXPECT_NEAR(engine->expectation(c.angles), value, tolerance);
    for (std::size_t k = 0; k < gradient.size(); ++k)
      ASSERT_NEAR(gradient[k], expected[k], tolerance * scale)
          << to_string(c.circuit.family) << " N " << c.circuit.qubits << " D "
          << c.circuit.sublayers << " " << to_string(engine->kind()) << " angle " << k;
  }
  const MostProbable best = engine->strings()->most_probable(c.angles);
  const auto state = reference_state(c.circuit, c.angles);
  EXPECT_NEAR(best.probability, std::norm(state[best.index]), tolerance);
  EXPECT_GE(best.probability,
            reference->strings()->most_probable(c.angles).probability - tolerance);
}

bool can_cut(const Circuit& circuit) {
  try {
    std::vector<double> cost(dimension(circuit.qubits));
    make_engine(circuit, cost, {EngineKind::cut});
    return true;
  } catch (const InputError&) {
    return false;
  }
}

class Levels : public ::testing::Test {
 protected:
  void TearDown() override { force_simd_level(available_simd_levels().back()); }
};

TEST_F(Levels, EveryEngineEqualsTheReference) {
  for (SimdLevel level : available_simd_levels()) {
    force_simd_level(level);
    for (Family family : {Family::product, Family::linear, Family::all_to_all})
      for (int n = 1; n <= 10; ++n)
        for (int depth = 1; depth <= 5; ++depth) {
          const Case c = random_case(make_circuit(family, n, depth),
                                     static_cast<std::uint64_t>(100 * n + depth));
          expect_agreement(c, {EngineKind::sweep}, 1e-12);
          expect_agreement(c, {EngineKind::automatic}, 1e-12);
          if (can_cut(c.circuit)) expect_agreement(c, {EngineKind::cut}, 1e-12);
        }
  }
}

// Angles and what 450 digits of pi make of them mod 4π.
constexpr std::pair<double, double> large_angles[] = {{60.0, -2.831853071795865},
                                                      {1000.0, -5.309649148733836},
                                                      {-1e6, -5.925621140093852},
                                                      {1e12, -0.6576247591367864},
                                                      {2e12, -1.3152495182735728},
                                                      {3e12, -1.9728742774103594},
                                                      {4e12, -2.6304990365471457},
                                                      {5e12, -3.288123795683932},
                                                      {2e20, -1.4027043154306909},
                                                      {-1e300, 2.1838724841522326},
                                                      {1.7976931348623157e308, 3.136630678439006}};

// The gates of random_custom with large angles, fixed and free, and the same with the small ones.
std::pair<Case, Case> large_and_small(int qubits, int gates, std::uint64_t seed) {
  constexpr std::size_t count = std::size(large_angles);
  const auto pick = random_numbers(static_cast<std::size_t>(2 * gates), 0.0, count, seed);
  const Circuit pattern = random_custom(qubits, gates, seed);
  Case large{pattern, random_numbers(dimension(qubits), 0.0, 1.0, seed), {}}, small = large;
  for (std::size_t i = 0; i < pattern.gates.size(); ++i) {
    if (pattern.gates[i].angle >= 0 || !has_angle(pattern.gates[i].kind)) continue;
    const auto& [big, reduced] = large_angles[static_cast<std::size_t>(pick[i])];
    large.circuit.gates[i].fixed = big;
    small.circuit.gates[i].fixed = reduced;
  }
  for (std::size_t k = 0; k < static_cast<std::size_t>(pattern.angles); ++k) {
    const auto& [big, reduced] =
        large_angles[static_cast<std::size_t>(pick[pattern.gates.size() + k])];
    large.angles.push_back(big);
    small.angles.push_back(reduced);
  }
  return {large, small};
}

TEST(LargeAngles, AreTheSameMod4Pi) {
  for (int n = 2; n <= 6; ++n)
    for (std::uint64_t seed = 1; seed <= 8; ++seed) {
      const auto [large, small] = large_and_small(n, 8 * n, seed);
      std::vector<double> expected(small.angles.size());
      const double value = make_engine(small.circuit, small.cost, {EngineKind::reference})
                               ->expectation_and_gradient(small.angles, expected);
      std::vector<EngineOptions> engines(3);
      engines[0].kind = EngineKind::reference;
      engines[1].kind = engines[2].kind = EngineKind::sweep;
      engines[2].block_qubits = std::max(1, n - 2);
      if (can_cut(large.circuit)) engines.push_back({EngineKind::cut});
      for (const EngineOptions& options : engines) {
        const auto engine = make_engine(large.circuit, large.cost, options);
        std::vector<double> gradient(expected.size());
        EXPECT_NEAR(engine->expectation_and_gradient(large.angles, gradient), value, 1e-12);
        EXPECT_NEAR(engine->expectation(large.angles), value, 1e-12);
        for (std::size_t k = 0; k < gradient.size(); ++k)
          EXPECT_NEAR(gradient[k], expected[k], 1e-12) << to_string(engine->kind());
        const MostProbable best = engine->strings()->most_probable(large.angles);
        std::vector<Complex> state(large.cost.size());
        engine->amplitudes()->state(large.angles, state);
        const auto truth = reference_state(small.circuit, small.angles);
        EXPECT_NEAR(best.probability, std::norm(truth[best.index]), 1e-12);
        for (std::size_t w = 0; w < state.size(); ++w)
          EXPECT_NEAR(std::abs(state[w] - truth[w]), 0.0, 1e-12);
      }
    }
}

TEST_F(Levels, CustomCircuitsEqualTheReference) {
  for (SimdLevel level : available_simd_levels()) {
    force_simd_level(level);
    for (int n = 1; n <= 8; ++n)
      for (std::uint64_t seed = 1; seed <= 12; ++seed) {
        const Case c = random_case(random_custom(n, 6 * n, seed), seed);
        expect_agreement(c, {EngineKind::sweep}, 1e-12);
        if (can_cut(c.circuit)) expect_agreement(c, {EngineKind::cut}, 1e-12);
      }
  }
}

EngineOptions in_blocks(int block_qubits, Precision precision = Precision::float64) {
  EngineOptions options{EngineKind::sweep, precision};
  options.block_qubits = block_qubits;
  return options;
}

TEST_F(Levels, BlocksOfAnySizeEqualTheReference) {
  for (SimdLevel level : available_simd_levels()) {
    force_simd_level(level);
    for (int block : {1, 2, 4, 7}) {
      for (Family family : {Family::product, Family::linear, Family::all_to_all})
        for (int n : {block + 1, block + 3})
          for (int depth : {1, 2, 5})
            expect_agreement(random_case(make_circuit(family, n, depth), 7), in_blocks(block),
                             1e-12);
      for (std::uint64_t seed = 1; seed <= 6; ++seed)
        expect_agreement(random_case(random_custom(block + 2, 30, seed), seed), in_blocks(block),
                         1e-12);
    }
  }
}

// The reference starts in |0…0⟩ only: there a random start is made by gates whose derivatives are
// left out.
TEST(Engines, StartWhereTheyAreTold) {
  const Circuit before = random_custom(7, 40, 1);
  Circuit circuit = random_custom(7, 40, 2), whole = before;
  const Case c = random_case(circuit, 3);
  const auto first = random_numbers(static_cast<std::size_t>(before.angles), -3.0, 3.0, 4);
  const auto start = reference_state(before, first);
  std::vector<double> angles = first, expected(static_cast<std::size_t>(before.angles));
  angles.insert(angles.end(), c.angles.begin(), c.angles.end());
  expected.resize(angles.size());
  for (Gate gate : circuit.gates) {
    if (gate.angle >= 0) gate.angle += before.angles;
    whole.gates.push_back(gate);
  }
  whole.angles += circuit.angles;
  const double value = make_engine(whole, c.cost, {EngineKind::reference})
                           ->expectation_and_gradient(angles, expected);
  const double scale = largest(expected);
  for (int block : {0, 1, 3, 6}) {
    std::vector<double> gradient(c.angles.size());
    auto engine = make_sweep_engine_from(circuit, c.cost, start, in_blocks(block));
    EXPECT_NEAR(engine->expectation_and_gradient(c.angles, gradient), value, 1e-12);
    EXPECT_NEAR(engine->expectation(c.angles), value, 1e-12);
    for (std::size_t k = 0; k < gradient.size(); ++k)
      EXPECT_NEAR(gradient[k], expected[first.size() + k], 1e-12 * scale) << "block " << block;
  }
}

TEST(Engines, LargerStatesTakeEveryTripThroughRegisters) {
  for (Family family : {Family::linear, Family::all_to_all}) {
    const Case c = random_case(make_circuit(family, 14, 3), 5);
    expect_agreement(c, {EngineKind::sweep}, 1e-12);
    expect_agreement(c, in_blocks(10), 1e-12);
    expect_agreement(c, {EngineKind::cut}, 1e-12);
  }
  // So many branches that threads share them out in groups.
  const Case many = random_case(make_circuit(Family::all_to_all, 14, 6), 6);
  for (const int threads : {1, 3})
    expect_agreement(many, {EngineKind::cut, Precision::float64, threads}, 1e-12);
}

TEST(Engines, GradientEqualsCentralDifferences) {
  constexpr double h = 1e-5;
  for (Family family : {Family::product, Family::linear, Family::all_to_all, Family::custom})
    for (int n = 1; n <= 10; ++n)
      for (int depth = 1; depth <= 5; ++depth) {
        Case c = random_case(family == Family::custom
                                 ? random_custom(n, 3 * n * depth, static_cast<std::uint64_t>(n))
                                 : make_circuit(family, n, depth),
                             static_cast<std::uint64_t>(depth));
        std::vector<double> gradient(c.angles.size());
        make_engine(c.circuit, c.cost, {EngineKind::automatic})
            ->expectation_and_gradient(c.angles, gradient);
        for (std::size_t k = 0; k < gradient.size(); ++k) {
          const double at = c.angles[k];
          const auto value = [&](double angle) {
            c.angles[k] = angle;
            return reference_expectation(reference_state(c.circuit, c.angles), c.cost);
          };
          const double difference = (value(at + h) - value(at - h)) / (2 * h);
          c.angles[k] = at;
          EXPECT_NEAR(gradient[k], difference, 1e-7);
        }
      }
}

// Fixtures of the specification: C(w) = w², angle k = 0.1 (k + 1).
TEST(Engines, MeetTheFixtures) {
  struct Fixture {
    Family family;
    int qubits, depth;
    double value;
    std::vector<std::pair<std::size_t, double>> gradient;
  };
  const Fixture fixtures[] = {
      {Family::linear,
       3,
       3,
       6.9355559223009,
       {{0, 1.089912198}, {2, -4.592463801}, {14, -5.253209211}}},
      {Family::linear, 4, 5, 44.2590220508801, {{3, 35.746068552}, {35, 21.425856461}}},
      {Family::all_to_all, 4, 3, 37.4278406650023, {{6, 24.235800859}, {19, -13.747833507}}}};
  for (const Fixture& f : fixtures)
    for (EngineKind kind : {EngineKind::reference, EngineKind::sweep, EngineKind::cut}) {
      const Circuit circuit = make_circuit(f.family, f.qubits, f.depth);
      std::vector<double> cost, angles, gradient(static_cast<std::size_t>(circuit.angles));
      for (Index w = 0; w < dimension(f.qubits); ++w)
        cost.push_back(static_cast<double>(w) * static_cast<double>(w));
      for (int k = 0; k < circuit.angles; ++k) angles.push_back(0.1 * (k + 1));
      auto engine = make_engine(circuit, cost, {kind});
      EXPECT_NEAR(engine->expectation_and_gradient(angles, gradient), f.value, 1e-12);
      for (const auto& [k, value] : f.gradient) EXPECT_NEAR(gradient[k], value, 5e-10);
    }
}

TEST(Engines, LastRzHasNoGradient) {
  const Case c = random_case(make_circuit(Family::linear, 8, 4), 3);
  std::vector<double> gradient(c.angles.size(), 1.0);
  make_engine(c.circuit, c.cost, {EngineKind::automatic})
      ->expectation_and_gradient(c.angles, gradient);
  for (int q = 0; q < 8; ++q)
    EXPECT_EQ(gradient[static_cast<std::size_t>(rz_angle(8, 4, 4, q))], 0.0);
}

TEST(Engines, ThreadsDoNotChangeABit) {
  const Case c = random_case(make_circuit(Family::linear, 19, 6), 2);
  // In blocks, whole, cut.
  for (EngineOptions options : {in_blocks(13), in_blocks(19), EngineOptions{EngineKind::cut}}) {
    std::vector<double> one(c.angles.size()), more(c.angles.size());
    auto single = make_engine(c.circuit, c.cost, options);
    const double value = single->expectation_and_gradient(c.angles, one);
    for (int threads : {2, 3}) {
      options.threads = threads;
      auto engine = make_engine(c.circuit, c.cost, options);
      EXPECT_EQ(engine->expectation_and_gradient(c.angles, more), value);
      EXPECT_EQ(one, more);
      const MostProbable a = single->strings()->most_probable(c.angles),
                         b = engine->strings()->most_probable(c.angles);
      EXPECT_EQ(a.index, b.index);
      EXPECT_EQ(a.probability, b.probability);
    }
  }
}

TEST(Engines, SinglePrecisionIsAsGoodAsItsDigits) {
  for (EngineKind kind : {EngineKind::sweep, EngineKind::cut})
    for (int depth : {4, 9})
      expect_agreement(random_case(make_circuit(Family::linear, 11, depth), 4),
                       {kind, Precision::float32}, 2e-5);
}

TEST(Engines, SinglePrecisionInBlocksIsAsGood) {
  expect_agreement(random_case(make_circuit(Family::linear, 11, 9), 4),
                   in_blocks(7, Precision::float32), 2e-5);
}

TEST(Engines, TiesGoToTheLowestIndex) {
  // Ry(π/2) everywhere: all probabilities equal.
  const Circuit circuit = make_circuit(Family::product, 6, 1);
  std::vector<double> cost(64, 1.0), angles(static_cast<std::size_t>(circuit.angles), 0.0);
  for (int q = 0; q < 6; ++q) angles[static_cast<std::size_t>(q)] = 2 * M_PI;
  for (const EngineOptions& options : {EngineOptions{EngineKind::sweep}, in_blocks(3)})
    EXPECT_EQ(make_engine(circuit, cost, options)->strings()->most_probable(angles).index, 0u);
}

TEST(Engines, StateKeepsEveryPhase) {
  const Case c = random_case(random_custom(6, 40, 9), 1);
  std::vector<Complex> state(64);
  make_engine(c.circuit, c.cost, {EngineKind::automatic})->amplitudes()->state(c.angles, state);
  const auto expected = reference_state(c.circuit, c.angles);
  for (Index x = 0; x < 64; ++x) EXPECT_LT(std::abs(state[x] - expected[x]), 1e-13);
}

TEST(Engines, CountTheirBytes) {
  const Case c = random_case(make_circuit(Family::linear, 16, 4), 2);
  EngineOptions shared = in_blocks(13);
  shared.threads = 3;
  for (const EngineOptions& options :
       {EngineOptions{EngineKind::sweep}, EngineOptions{EngineKind::cut}, shared,
        in_blocks(10, Precision::float32)}) {
    const std::size_t held = make_engine(c.circuit, c.cost, options)->bytes();
    const double promised = plan_execution(c.circuit, {options}).bytes(options.threads);
    EXPECT_GE(held, promised) << to_string(options.kind);
    EXPECT_LE(held, promised + (std::size_t{1} << 18)) << to_string(options.kind);
  }
}

TEST(Engines, RefuseATableOfTheWrongLength) {
  const std::vector<double> cost(31);
  EXPECT_THROW(make_engine(make_circuit(Family::linear, 5, 2), cost, {}), InputError);
}

}  // namespace
}  // namespace qhn
