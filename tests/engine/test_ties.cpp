// Of equally probable bit strings the lowest wins: in every engine, wherever the strings lie.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "core/error.hpp"
#include "engine/diagonal_cost.hpp"
#include "engine/engine.hpp"
#include "engine/reference.hpp"
#include "support/random_circuit.hpp"
#include "support/twins.hpp"

namespace qhn {
namespace {

std::vector<EngineOptions> all_engines(int qubits) {
  std::vector<EngineOptions> engines{{EngineKind::reference}};
  for (const Precision precision : {Precision::float64, Precision::float32})
    for (const int threads : {1, 3}) {
      engines.push_back({EngineKind::cut, precision, threads});
      for (const int block : {0, 5, qubits - 2}) {
        engines.push_back({EngineKind::sweep, precision, threads});
        engines.back().block_qubits = block;
      }
    }
  return engines;
}

std::string name_of(const EngineOptions& o) {
  return std::string(to_string(o.kind)) + " " + to_string(o.precision) + " threads " +
         std::to_string(o.threads) + " block " + std::to_string(o.block_qubits);
}

// Pieces of 2^14 amplitudes, blocks of the table, tiles of 16 × 256: the two strings lie in one of
// them or in different ones, and the lower is now in the one that is looked at first, now in the
// other.
TEST(Ties, TheLowerOfTwoStringsWinsInEveryEngine) {
  CounterRng rng(5, Stream::synthetic, 0);
  for (const int qubits : {14, 15, 16, 17}) {
    const std::vector<double> cost(dimension(qubits), 1.0);
    for (int trial = 0; trial < 6; ++trial) {
      const bool low = trial < 4;  // the two are made by the lowest qubits, which every block has
      const test::Twins twins = test::random_twins(qubits, low ? 4 : qubits, trial % 2 == 1, rng);
      const Circuit circuit = make_custom_circuit(qubits, twins.gates);
      const auto state = reference_state(circuit, {});
      ASSERT_EQ(std::norm(state[twins.low]), std::norm(state[twins.high]));
      ASSERT_NEAR(std::norm(state[twins.low]), 0.25, 1e-12);
      for (const EngineOptions& options : all_engines(qubits)) {
        if (options.kind == EngineKind::reference && trial > 1) continue;  // slow
        // In blocks a CX from outside turns angles round, and the two are rounded differently.
        if (options.block_qubits > 0 && !low) continue;
        const MostProbable best = make_engine(circuit, cost, options)->strings()->most_probable({});
        EXPECT_EQ(best.index, twins.low) << name_of(options) << ", not " << twins.high;
        EXPECT_NEAR(best.probability, 0.25, 1e-6) << name_of(options);
      }
    }
  }
}

// Of the two strings the lower comes later: in tiles of 16 rows, columns of the table go before
// rows; in blocks whose qubits are the highest, the lowest bits go before them.
TEST(Ties, TheLowerWinsWhereItIsLookedAtLater) {
  const auto expect_low = [](int qubits, const test::Twins& twins, const EngineOptions& options) {
    const Circuit circuit = make_custom_circuit(qubits, twins.gates);
    const std::vector<double> cost(dimension(qubits), 1.0);
    EXPECT_EQ(make_engine(circuit, cost, options)->strings()->most_probable({}).index, twins.low)
        << name_of(options) << ", not " << twins.high;
  };
  for (const Precision precision : {Precision::float64, Precision::float32})
    for (const int threads : {1, 3}) {
      for (const int qubits : {17, 19})
        for (int column = 7; column < 10; ++column)
          for (int row = column + 1; row < 14; ++row)  // the lower has the column's bit
            expect_low(
                qubits,
                test::twins(qubits, 0, 1, 2, dimension(row), dimension(column) | dimension(row)),
                {EngineKind::cut, precision, threads});
      for (const int bit : {0, 1, 3})
        for (const int block : {6, 10}) {
          EngineOptions options{EngineKind::sweep, precision, threads};
          options.block_qubits = block;
          expect_low(18, test::twins(18, 17, 16, 15, dimension(bit), dimension(bit)), options);
        }
    }
}

// Not a tie: wherever the one string is, no piece, tile or vector is left out.
TEST(Ties, TheMostProbableStringIsFoundInEveryPlace) {
  const int qubits = 15;
  const std::vector<double> cost(dimension(qubits), 1.0);
  const Circuit circuit = make_circuit(Family::product, qubits, 1);
  std::vector<double> angles(static_cast<std::size_t>(circuit.angles), 0.0);
  std::vector<Index> places{
      0, 1, 15, 16, 255, 256, 257, 16383, 16384, dimension(qubits) - 2, dimension(qubits) - 1};
  CounterRng rng(6, Stream::synthetic, 0);
  for (int k = 0; k < 6; ++k) places.push_back(rng() % dimension(qubits));
  for (EngineOptions options : all_engines(qubits)) {
    if (options.kind == EngineKind::reference) continue;
    const auto engine = make_engine(circuit, cost, options);
    for (const Index place : places) {
      for (int q = 0; q < qubits; ++q)
        angles[static_cast<std::size_t>(ry_angle(qubits, 1, q))] = bit(place, q) ? 2.8 : 0.3;
      EXPECT_EQ(engine->strings()->most_probable(angles).index, place) << name_of(options);
    }
  }
}

// An engine may keep what it computed last, but for the same angles only.
TEST(Ties, TheMostProbableStringBelongsToItsAngles) {
  for (const int depth : {4, 9}) {  // the cut with pair products and with amplitudes
    const Circuit circuit = make_circuit(Family::linear, 11, depth);
    const auto cost = random_numbers(dimension(11), 0.0, 1.0, 1);
    const auto count = static_cast<std::size_t>(circuit.angles);
    const auto first = random_numbers(count, -3.0, 3.0, 2);
    auto second = first;
    second[count / 2 + 5] -= 2.0;  // one angle of many, far behind
    for (const EngineOptions& options : all_engines(11)) {
      const auto engine = make_engine(circuit, cost, options);
      std::vector<double> gradient(count);
      const MostProbable a = engine->strings()->most_probable(first),
                         b = engine->strings()->most_probable(second);
      engine->expectation_and_gradient(first, gradient);
      EXPECT_EQ(engine->strings()->most_probable(second).index, b.index) << name_of(options);
      EXPECT_EQ(engine->strings()->most_probable(second).probability, b.probability)
          << name_of(options);
      EXPECT_NE(a.probability, b.probability);
      engine->expectation(second);
      EXPECT_EQ(engine->strings()->most_probable(first).index, a.index) << name_of(options);
      EXPECT_EQ(engine->strings()->most_probable(first).probability, a.probability)
          << name_of(options);
    }
  }
}

// The table in pieces: equal probabilities of any two places, of many, and of all.
template <class T>
void expect_lowest() {
  const Index size = dimension(16);
  const std::vector<double> cost(size, 1.0);
  CounterRng rng(7, Stream::synthetic, 0);
  AlignedVector<T> phi(2 * size);
  for (const int threads : {1, 3}) {
    DiagonalCost<T> diagonal(cost, threads);
    for (int trial = 0; trial < 40; ++trial) {
      std::fill(phi.begin(), phi.end(), static_cast<T>(0.001));
      Index lowest = size;
      for (int k = 0; k < (trial % 4 == 3 ? 500 : 2); ++k) {
        const Index x = rng() % size;
        phi[x] = static_cast<T>(k % 2 == 0 ? -0.5 : 0.001);
        phi[size + x] = static_cast<T>(k % 2 == 0 ? 0.001 : -0.5);
        lowest = std::min(lowest, x);
      }
      EXPECT_EQ(diagonal.most_probable(phi.data()).index, lowest);
    }
    std::fill(phi.begin(), phi.end(), static_cast<T>(0.5));
    EXPECT_EQ(diagonal.most_probable(phi.data()).index, 0u);
    std::fill(phi.begin(), phi.end(), T{0});  // nothing at all
    EXPECT_EQ(diagonal.most_probable(phi.data()).index, 0u);
  }
}

TEST(Ties, PiecesOfATableKeepTheLowest) {
  expect_lowest<double>();
  expect_lowest<float>();
}

TEST(Ties, LessProbableIsAnOrder) {
  const MostProbable low{3, 0.5}, high{9, 0.5}, rare{1, 0.25};
  EXPECT_TRUE(less_probable(high, low));
  EXPECT_FALSE(less_probable(low, high));
  EXPECT_FALSE(less_probable(low, low));
  EXPECT_TRUE(less_probable(rare, low));
  EXPECT_FALSE(less_probable(low, rare));
}

TEST(Engines, TakeTablesOfTheirOwnSizeOnly) {
  const Circuit circuit = make_circuit(Family::linear, 5, 2);
  for (const EngineKind kind : {EngineKind::reference, EngineKind::sweep, EngineKind::cut})
    for (const std::size_t size : {0u, 16u, 31u, 33u, 64u}) {
      const std::vector<double> cost(size, 1.0);
      EXPECT_THROW(make_engine(circuit, cost, {kind}), InputError) << size;
    }
  const std::vector<double> cost(32, 1.0);
  EXPECT_THROW(make_engine(circuit, cost, {EngineKind::reference, Precision::float32}), InputError);
  EXPECT_THROW(make_engine(make_circuit(Family::linear, 1, 2), std::vector<double>(2, 1.0),
                           {EngineKind::cut}),
               InputError);
}

}  // namespace
}  // namespace qhn
