#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "core/error.hpp"
#include "engine/execution_plan.hpp"
#include "engine/measure.hpp"
#include "engine/reference.hpp"
#include "support/dense_density.hpp"
#include "support/random_circuit.hpp"

namespace qhn {
namespace {

std::vector<double> squares(int qubits) {
  std::vector<double> cost(dimension(qubits));
  for (Index w = 0; w < cost.size(); ++w) cost[w] = static_cast<double>(w * w);
  return cost;
}

std::vector<double> tenths(int count) {
  std::vector<double> angles(static_cast<std::size_t>(count));
  for (std::size_t k = 0; k < angles.size(); ++k) angles[k] = 0.1 * static_cast<double>(k + 1);
  return angles;
}

std::unique_ptr<Engine> tensor(const Circuit& circuit, std::span<const double> cost,
                               int threads = 1) {
  EngineOptions options{EngineKind::tensor};
  options.threads = threads;
  return make_engine(circuit, cost, options);
}

/// Random circuits of that size whose bonds are small enough, also with noise.
std::vector<Circuit> some_custom(int qubits, int gates, std::size_t count) {
  std::vector<Circuit> found;
  for (std::uint64_t seed = 0; found.size() < count; ++seed) {
    Circuit circuit = random_custom(qubits, gates, seed);
    circuit.noise.two_qubit = 0.1;
    try {
      if (plan_chain(circuit).elements() > 1e5) continue;
    } catch (const InputError&) {
      continue;
    }
    circuit.noise = {};
    found.push_back(circuit);
  }
  return found;
}

// The spec's fixtures: C(w) = w², depolarizing.
TEST(Tensor, GivesThePublishedNumbersWithNoise) {
  struct Fixture {
    int qubits, sublayers;
    double one, two, expectation;
    std::vector<std::pair<std::size_t, double>> gradient;
  };
  for (const Fixture& f :
       {Fixture{3, 3, 0.01, 0.0375, 8.917698047603, {{2, -4.4894116751}, {11, -1.5494391574}}},
        Fixture{4, 5, 0.005, 0.01875, 49.935890127274, {{2, 11.1357385349}, {22, 2.4233050409}}}}) {
    Circuit circuit = make_circuit(Family::linear, f.qubits, f.sublayers);
    circuit.noise = {NoiseKind::depolarizing, f.one, f.two};
    const auto cost = squares(f.qubits);
    const auto angles = tenths(circuit.angles);
    std::vector<double> gradient(angles.size());
    const auto engine = tensor(circuit, cost);
    EXPECT_NEAR(engine->expectation_and_gradient(angles, gradient), f.expectation, 1e-11);
    EXPECT_NEAR(engine->expectation(angles), f.expectation, 1e-11);
    for (const auto& [k, value] : f.gradient) EXPECT_NEAR(gradient[k], value, 1e-9) << k;
  }
}

void expect_pure_agreement(const Circuit& circuit, std::uint64_t seed) {
  const auto cost = random_numbers(dimension(circuit.qubits), 0.0, 1.0, seed);
  auto angles = random_numbers(static_cast<std::size_t>(circuit.angles), -6.0, 6.0, seed + 1);
  std::vector<double> expected(angles.size()), gradient(angles.size(), 1e300);
  const auto reference = make_engine(circuit, cost, {EngineKind::reference});
  const double value = reference->expectation_and_gradient(angles, expected);
  const auto engine = tensor(circuit, cost);
  EXPECT_NEAR(engine->strings()->most_probable(angles).probability,  // the first call
              reference->strings()->most_probable(angles).probability, 1e-12);
  for (int again = 0; again < 2; ++again) {  // buffers are reused
    EXPECT_NEAR(engine->expectation_and_gradient(angles, gradient), value, 1e-12);
    EXPECT_NEAR(engine->expectation(angles), value, 1e-12);
    for (std::size_t k = 0; k < gradient.size(); ++k)
      ASSERT_NEAR(gradient[k], expected[k], 1e-12) << "angle " << k;
  }
  const MostProbable best = engine->strings()->most_probable(angles);
  const auto state = reference_state(circuit, angles);
  EXPECT_NEAR(best.probability, std::norm(state[best.index]), 1e-12);
  EXPECT_NEAR(best.probability, reference->strings()->most_probable(angles).probability, 1e-12);
  for (double& angle : angles) angle += 1.0;  // not the point evaluated last
  EXPECT_NEAR(engine->strings()->most_probable(angles).probability,
              reference->strings()->most_probable(angles).probability, 1e-12);
}

TEST(Tensor, WithoutNoiseIsTheStatevector) {
  expect_pure_agreement(make_circuit(Family::linear, 14, 4), 2);
  for (const int qubits : {1, 2, 3, 5, 8, 10})
    for (const int sublayers : {1, 2, 3, 4, 5}) {
      SCOPED_TRACE(testing::Message() << qubits << " qubits, " << sublayers);
      expect_pure_agreement(make_circuit(Family::product, qubits, sublayers), 3);
      expect_pure_agreement(make_circuit(Family::linear, qubits, sublayers), 5);
    }
  expect_pure_agreement(make_circuit(Family::product, 12, 8), 9);
  for (const int qubits : {2, 3, 4})
    expect_pure_agreement(make_circuit(Family::all_to_all, qubits, 2), 7);
  std::uint64_t seed = 0;
  for (const int qubits : {2, 3, 4, 6})
    for (const Circuit& circuit : some_custom(qubits, 12, 6)) {
      SCOPED_TRACE(++seed);
      expect_pure_agreement(circuit, seed);
    }
}

TEST(Tensor, WithNoiseIsTheDensityMatrix) {
  const auto check = [](Circuit circuit, NoiseKind kind, std::uint64_t seed) {
    SCOPED_TRACE(testing::Message() << to_string(kind) << " " << circuit.qubits << " " << seed);
    circuit.noise = {kind, 0.07, 0.2};
    if (seed % 2 == 0)  // another one on each qubit
      for (int q = 0; q < circuit.qubits; ++q)
        circuit.noise.readout.push_back({0.02 * (q + 1), 0.05 + 0.03 * q});
    const auto cost = random_numbers(dimension(circuit.qubits), -1.0, 1.0, seed);
    const auto angles =
        random_numbers(static_cast<std::size_t>(circuit.angles), -6.0, 6.0, seed + 1);
    std::vector<double> of_gates, shifted, expected(angles.size()), gradient(angles.size());
    for (const Gate& gate : circuit.gates) of_gates.push_back(gate_angle(gate, angles));
    // Parameter shift, gate by gate: channels that follow a gate do not change it.
    for (std::size_t g = 0; g < of_gates.size(); ++g)
      if (circuit.gates[g].angle >= 0)
        for (const double sign : {1.0, -1.0}) {
          shifted = of_gates;
          shifted[g] += sign * std::numbers::pi / 2;
          expected[static_cast<std::size_t>(circuit.gates[g].angle)] +=
              sign * DenseDensity(circuit, shifted).expectation(cost) / 2;
        }
    const DenseDensity dense(circuit, of_gates);
    const auto engine = tensor(circuit, cost);
    EXPECT_NEAR(engine->expectation_and_gradient(angles, gradient), dense.expectation(cost), 1e-12);
    for (std::size_t k = 0; k < gradient.size(); ++k)
      EXPECT_NEAR(gradient[k], expected[k], 1e-12) << "angle " << k;
    const MostProbable best = engine->strings()->most_probable(angles);
    EXPECT_NEAR(best.probability, dense.probability(best.index), 1e-12);
    std::vector<double> p(cost.size());
    std::vector<Complex> state(cost.size());
    engine->probabilities()->probabilities(angles, p);
    measurable_state(*engine, angles, state);
    for (Index w = 0; w < cost.size(); ++w) {
      EXPECT_LE(dense.probability(w), best.probability + 1e-12);
      EXPECT_NEAR(p[w], dense.probability(w), 1e-12);
      EXPECT_NEAR(std::norm(state[w]), dense.probability(w), 1e-12);
    }
  };
  for (const NoiseKind kind : noise_kinds()) {
    for (const int qubits : {1, 2, 3, 4}) {
      check(make_circuit(Family::linear, qubits, 4), kind, 1);
      check(make_circuit(Family::all_to_all, std::min(qubits, 3), 2), kind, 2);
    }
    std::uint64_t seed = 0;
    for (const Circuit& circuit : some_custom(3, 10, 6)) check(circuit, kind, ++seed);
  }
}

TEST(Tensor, WithNoiseIsTheDensityMatrixOfMoreQubits) {
  for (const NoiseKind kind : noise_kinds())
    for (const int qubits : {5, 7}) {
      SCOPED_TRACE(testing::Message() << to_string(kind) << " " << qubits);
      Circuit circuit = make_circuit(Family::linear, qubits, 4);
      circuit.noise = {kind, 0.02, 0.05, {{0.01, 0.04}}};
      const auto cost = random_numbers(dimension(qubits), -1.0, 1.0, 1);
      const auto angles = random_numbers(static_cast<std::size_t>(circuit.angles), -6.0, 6.0, 2);
      std::vector<double> of_gates, p(cost.size());
      for (const Gate& gate : circuit.gates) of_gates.push_back(gate_angle(gate, angles));
      const DenseDensity dense(circuit, of_gates);
      const auto engine = tensor(circuit, cost);
      EXPECT_NEAR(engine->expectation(angles), dense.expectation(cost), 1e-12);
      engine->probabilities()->probabilities(angles, p);
      for (Index w = 0; w < p.size(); ++w) ASSERT_NEAR(p[w], dense.probability(w), 1e-12);
    }
}

TEST(Tensor, ProbabilitiesSumToOneAndFullNoiseIsUniform) {
  Circuit circuit = make_circuit(Family::linear, 9, 4);
  const auto angles = random_numbers(static_cast<std::size_t>(circuit.angles), -6.0, 6.0, 4);
  const std::vector<double> ones(dimension(9), 1.0);
  auto cost = random_numbers(dimension(9), 0.0, 1.0, 5);
  for (const NoiseKind kind : noise_kinds()) {
    circuit.noise = {kind, 0.1, 0.3};
    EXPECT_NEAR(tensor(circuit, ones)->expectation(angles), 1.0, 1e-13) << to_string(kind);
  }
  circuit.noise = {NoiseKind::depolarizing, 0.75, 15.0 / 16.0};  // leaves nothing
  std::vector<double> gradient(angles.size());
  const double mean = std::accumulate(cost.begin(), cost.end(), 0.0) / 512.0;
  EXPECT_NEAR(tensor(circuit, cost)->expectation_and_gradient(angles, gradient), mean, 1e-14);
  for (const double g : gradient) EXPECT_EQ(g, 0.0);
}

TEST(Tensor, ReadoutErrorsInClosedForm) {
  Circuit circuit = make_circuit(Family::linear, 9, 4);
  const auto angles = random_numbers(static_cast<std::size_t>(circuit.angles), -6.0, 6.0, 4);
  auto cost = random_numbers(dimension(9), 0.0, 1.0, 5);
  std::vector<double> gradient(angles.size()), expected(angles.size());
  const double mean = std::accumulate(cost.begin(), cost.end(), 0.0) / 512.0;
  circuit.noise.readout = {{0.5, 0.5}};  // tells nothing
  EXPECT_NEAR(tensor(circuit, cost)->expectation_and_gradient(angles, gradient), mean, 1e-14);
  for (const double g : gradient) EXPECT_NEAR(g, 0.0, 1e-14);
  circuit.noise.readout = {{0.0, 1.0}};  // reads zeros
  EXPECT_NEAR(tensor(circuit, cost)->expectation(angles), cost[0], 1e-13);
  circuit.noise.readout = {{1.0, 1.0}};  // reads every bit flipped
  const double flipped = tensor(circuit, cost)->expectation_and_gradient(angles, gradient);
  std::ranges::reverse(cost);
  circuit.noise.readout.clear();
  EXPECT_TRUE(circuit.noise.none());
  const auto exact = make_engine(circuit, cost, {EngineKind::reference});
  EXPECT_NEAR(flipped, exact->expectation_and_gradient(angles, expected), 1e-13);
  for (std::size_t k = 0; k < gradient.size(); ++k) EXPECT_NEAR(gradient[k], expected[k], 1e-13);
}

TEST(Tensor, ThreadsChangeNoBit) {
  Circuit circuit = make_circuit(Family::linear, 18, 4);
  circuit.noise = {NoiseKind::depolarizing, 0.001, 0.00375};
  const auto angles = random_numbers(static_cast<std::size_t>(circuit.angles), -6.0, 6.0, 4);
  const auto cost = random_numbers(dimension(18), 0.0, 1.0, 5);
  std::vector<double> one(angles.size()), other(angles.size()), p(cost.size()), q(cost.size());
  const auto alone = tensor(circuit, cost);
  const double value = alone->expectation_and_gradient(angles, one);
  alone->probabilities()->probabilities(angles, p);
  const auto most = std::max_element(p.begin(), p.end());  // the first of equal ones
  for (const int threads : {1, 2, 3}) {
    const auto engine = tensor(circuit, cost, threads);
    EXPECT_EQ(engine->expectation_and_gradient(angles, other), value);
    EXPECT_EQ(other, one);
    engine->probabilities()->probabilities(angles, q);
    EXPECT_EQ(q, p);
    const MostProbable best = engine->strings()->most_probable(angles);
    EXPECT_EQ(best.index, static_cast<Index>(most - p.begin()));
    EXPECT_EQ(best.probability, *most);
  }
  const double planned = plan_execution(circuit, {}).engine_bytes;
  EXPECT_LE(static_cast<double>(alone->bytes()), planned + 16384);
  EXPECT_GT(static_cast<double>(alone->bytes()), 0.9 * planned);
}

TEST(Tensor, IsTheEngineForNoiseAndRefusesWhatItCannot) {
  Circuit circuit = make_circuit(Family::linear, 6, 4);
  const std::vector<double> cost(64);
  EXPECT_NE(plan_execution(circuit, {}).engine.kind, EngineKind::tensor);
  circuit.noise.two_qubit = 0.1;
  EXPECT_EQ(plan_execution(circuit, {}).engine.kind, EngineKind::tensor);
  const ExecutionPlan plan = plan_execution(circuit, {});
  // Sublayers 1 and 3 entangle qubits 1 and 2: 2 terms on known qubits, 5 on others.
  EXPECT_EQ(plan.chain->bonds, (std::vector<Index>{1, 25, 10, 25, 10, 25, 1}));
  const auto engine = make_engine(plan, cost);
  EXPECT_LE(static_cast<double>(engine->bytes()), plan.engine_bytes + 1024);
  EXPECT_GT(static_cast<double>(engine->bytes()), 0.5 * plan.engine_bytes);
  // Without noise the first sublayer leaves a product.
  circuit.noise = {};
  EXPECT_EQ(plan_chain(circuit).bonds, (std::vector<Index>{1, 16, 4, 16, 4, 16, 1}));
  EXPECT_EQ(plan_chain(make_circuit(Family::all_to_all, 4, 2)).bonds,
            (std::vector<Index>{1, 64, 256, 64, 1}));
  circuit.noise.two_qubit = 0.1;
  for (const EngineKind kind : {EngineKind::reference, EngineKind::sweep, EngineKind::cut})
    EXPECT_THROW(plan_execution(circuit, {{kind}}), InputError);
  EXPECT_THROW(plan_execution(circuit, {.engine = {EngineKind::tensor}, .ranks = 2}), InputError);
  EXPECT_THROW(plan_execution(circuit, {{EngineKind::tensor, Precision::float32}}), InputError);
  EXPECT_THROW(plan_execution(make_circuit(Family::all_to_all, 20, 3), {{EngineKind::tensor}}),
               InputError);
}

}  // namespace
}  // namespace qhn
