// The model of flops against the kernels themselves, compiled for a counting scalar, and that of
// bytes against a count by hand.
#include <gtest/gtest.h>
#include <hwy/highway.h>

#include <vector>

#include "core/random.hpp"
#include "engine/sweep_engine.hpp"
#include "perf/work.hpp"

namespace qhn {
namespace {

class Counted {
 public:
  Counted(Family family, int qubits, int sublayers, EngineKind kind)
      : circuit(make_circuit(family, qubits, sublayers)),
        cost(dimension(qubits)),
        angles(static_cast<std::size_t>(circuit.angles)),
        gradient(angles.size()) {
    CounterRng rng(1, Stream::synthetic, 0);
    for (double& c : cost) c = rng.uniform();
    for (double& a : angles) a = 6.0 * rng.uniform();
    engine = make_engine(circuit, cost, {kind});
  }

  template <class Run>
  static double flops(Run run) {
    counted_flops = 0;
    run();
    return static_cast<double>(counted_flops);
  }

  Circuit circuit;
  std::vector<double> cost, angles, gradient;
  std::unique_ptr<Engine> engine;
};

ExecutionPlan plan_of(const Circuit& circuit, EngineKind kind, int block_qubits = 0) {
  return plan_execution(circuit, {{.kind = kind, .block_qubits = block_qubits}});
}

constexpr Family families[] = {Family::product, Family::linear, Family::all_to_all};

TEST(Work, CountsTheFlopsOfEveryEngine) {
  for (Family family : families)
    for (int sublayers : {1, 2, 3, 4, 6})
      for (int qubits : {5, 10, 13})
        for (EngineKind kind : {EngineKind::sweep, EngineKind::cut, EngineKind::automatic}) {
          Counted c(family, qubits, sublayers, kind);
          SCOPED_TRACE(testing::Message() << to_string(family) << " N " << qubits << " D "
                                          << sublayers << " " << to_string(kind));
          EXPECT_EQ(Counted::flops([&] { c.engine->expectation(c.angles); }),
                    expectation_work(plan_of(c.circuit, kind)).flops);
          EXPECT_EQ(
              Counted::flops([&] { c.engine->expectation_and_gradient(c.angles, c.gradient); }),
              gradient_work(plan_of(c.circuit, kind)).flops);
        }
}

TEST(Work, CountsTheFlopsOfBlocks) {
  for (Family family : families)
    for (int sublayers : {1, 4, 7})
      for (bool own_start : {false, true})
        for (int block : {4, 8}) {
          Counted c(family, 11, sublayers, EngineKind::sweep);
          SCOPED_TRACE(testing::Message() << to_string(family) << " D " << sublayers << " start "
                                          << own_start << " blocks of " << block);
          EngineOptions options{EngineKind::sweep};
          options.block_qubits = block;
          const std::vector<Complex> start(own_start ? c.cost.size() : 0, 0.1);
          auto engine = make_sweep_engine_from(c.circuit, c.cost, start, options);
          const EngineKind kind = EngineKind::sweep;
          EXPECT_EQ(Counted::flops([&] { engine->expectation(c.angles); }),
                    expectation_work(plan_of(c.circuit, kind, block), own_start).flops);
          EXPECT_EQ(Counted::flops([&] { engine->expectation_and_gradient(c.angles, c.gradient); }),
                    gradient_work(plan_of(c.circuit, kind, block), own_start).flops);
          if (own_start) continue;
          EXPECT_EQ(Counted::flops([&] { engine->strings()->most_probable(c.angles); }),
                    most_probable_work(plan_of(c.circuit, kind, block)).flops);
        }
}

TEST(Work, CountsTheFlopsFromAnyStart) {
  for (Family family : families) {
    Counted c(family, 9, 4, EngineKind::sweep);
    const std::vector<Complex> start(c.cost.size(), 0.1);
    auto engine = make_sweep_engine_from(c.circuit, c.cost, start, {});
    EXPECT_EQ(Counted::flops([&] { engine->expectation(c.angles); }),
              expectation_work(plan_of(c.circuit, EngineKind::sweep), true).flops);
    EXPECT_EQ(Counted::flops([&] { engine->expectation_and_gradient(c.angles, c.gradient); }),
              gradient_work(plan_of(c.circuit, EngineKind::sweep), true).flops);
  }
}

TEST(Work, CountsTheFlopsOfTheMostProbableString) {
  for (Family family : families)
    for (EngineKind kind : {EngineKind::sweep, EngineKind::cut}) {
      Counted c(family, 10, 4, kind);
      c.engine->expectation_and_gradient(c.angles, c.gradient);
      EXPECT_EQ(Counted::flops([&] { c.engine->strings()->most_probable(c.angles); }),
                most_probable_work(plan_of(c.circuit, kind)).flops)
          << to_string(family) << " " << to_string(kind);
    }
}

// Planes of `real` numbers that a step reads and writes of φ, each 8 bytes an amplitude. Registers
// of so few qubits take one pass for all qubits of a rotation.
double planes_forward(const Step& step) {
  if (std::holds_alternative<Rotation>(step)) return 4;  // re and im, read and written
  if (std::holds_alternative<Phase>(step)) return 4;
  if (std::holds_alternative<Sign>(step)) return 4;
  if (std::holds_alternative<Permutation>(step)) return 8;  // to the scratch plane and back
  return 6;
}

// Counted independently of perf/work.cpp: forward the state is moved once, on the way back φ and
// λ are; between the two, |φ|² and E(θ) take five planes, λ = C φ (φ and C in, λ out) five more.
TEST(Work, TheWayBackMovesTwoVectorsInsteadOfOne) {
  for (const Family family : families)
    for (const int sublayers : {1, 3, 4}) {
      const int qubits = 8;
      SCOPED_TRACE(testing::Message() << to_string(family) << " D " << sublayers);
      const Circuit circuit = make_circuit(family, qubits, sublayers);
      const CutCircuit whole = plan_of(circuit, EngineKind::sweep).cut;
      ASSERT_EQ(whole.high.qubits, 0);
      double planes = 0.0;
      for (const Step& step : whole.low.steps) planes += planes_forward(step);
      EXPECT_GT(planes, 0.0);
      const double plane = 8.0 * (1 << qubits);
      EXPECT_EQ(forward_work(whole.low).bytes, planes * plane);
      EXPECT_EQ(backward_work(whole.low).bytes, 2 * planes * plane);
      EXPECT_EQ(diagonal_work(qubits, false).bytes, 5 * plane);
      EXPECT_EQ(diagonal_work(qubits, true).bytes, 10 * plane);
      const EngineKind kind = EngineKind::sweep;
      EXPECT_EQ(expectation_work(plan_of(circuit, kind)).bytes, (planes + 5) * plane);
      EXPECT_EQ(gradient_work(plan_of(circuit, kind)).bytes, (3 * planes + 10) * plane);
      EXPECT_EQ(most_probable_work(plan_of(circuit, kind)).bytes, (planes + 3) * plane);
      // A start state of one's own is copied from complex numbers.
      EXPECT_GE(expectation_work(plan_of(circuit, kind), true).bytes, (planes + 5 + 2) * plane);
    }
}

// Of a cut circuit only the table is large.
TEST(Work, ACutReadsItsTableOnce) {
  const Circuit circuit = make_circuit(Family::linear, 12, 4);
  for (const bool gradient : {false, true}) {
    const CutCircuit cut = cheapest_proper_cut(circuit, Purpose::expectation);
    EXPECT_EQ(cut_work(cut, gradient).bytes, 8.0 * 4096);
    EXPECT_EQ(cut_work(cut, gradient, 4).bytes, 8.0 * 1024);
  }
  EXPECT_EQ(expectation_work(plan_of(circuit, EngineKind::cut)).bytes, 8.0 * 4096);
  EXPECT_EQ(gradient_work(plan_of(circuit, EngineKind::cut)).bytes, 8.0 * 4096);
}

TEST(Work, AddsUpFieldByField) {
  const Work sum = Work{1, 2, 3, 4} + 10 * Work{5, 6, 7, 8};
  EXPECT_EQ(sum.flops, 51);
  EXPECT_EQ(sum.bytes, 62);
  EXPECT_EQ(sum.popcounts, 73);
  EXPECT_EQ(sum.exchanged, 84);
}

}  // namespace
}  // namespace qhn
