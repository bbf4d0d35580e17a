// The bench's flop model against the kernels themselves, compiled for a counting scalar.
#include <gtest/gtest.h>
#include <hwy/highway.h>

#include <vector>

#include "core/random.hpp"
#include "gradient/sweep_engine.hpp"
#include "predict/work.hpp"

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
                    expectation_work(c.circuit, kind).flops);
          EXPECT_EQ(
              Counted::flops([&] { c.engine->expectation_and_gradient(c.angles, c.gradient); }),
              gradient_work(c.circuit, kind).flops);
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
                    expectation_work(c.circuit, kind, own_start, block).flops);
          EXPECT_EQ(Counted::flops([&] { engine->expectation_and_gradient(c.angles, c.gradient); }),
                    gradient_work(c.circuit, kind, own_start, block).flops);
          if (own_start) continue;
          EXPECT_EQ(Counted::flops([&] { engine->most_probable(c.angles); }),
                    most_probable_work(c.circuit, kind, block).flops);
        }
}

TEST(Work, CountsTheFlopsFromAnyStart) {
  for (Family family : families) {
    Counted c(family, 9, 4, EngineKind::sweep);
    const std::vector<Complex> start(c.cost.size(), 0.1);
    auto engine = make_sweep_engine_from(c.circuit, c.cost, start, {});
    EXPECT_EQ(Counted::flops([&] { engine->expectation(c.angles); }),
              expectation_work(c.circuit, EngineKind::sweep, true).flops);
    EXPECT_EQ(Counted::flops([&] { engine->expectation_and_gradient(c.angles, c.gradient); }),
              gradient_work(c.circuit, EngineKind::sweep, true).flops);
  }
}

TEST(Work, CountsTheFlopsOfTheMostProbableString) {
  for (Family family : families)
    for (EngineKind kind : {EngineKind::sweep, EngineKind::cut}) {
      Counted c(family, 10, 4, kind);
      c.engine->expectation_and_gradient(c.angles, c.gradient);
      EXPECT_EQ(Counted::flops([&] { c.engine->most_probable(c.angles); }),
                most_probable_work(c.circuit, kind).flops)
          << to_string(family) << " " << to_string(kind);
    }
}

}  // namespace
}  // namespace qhn
