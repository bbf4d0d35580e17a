#include <gtest/gtest.h>

#include <cmath>

#include "core/error.hpp"
#include "predict/load.hpp"
#include "predict/machine.hpp"
#include "predict/measure.hpp"

namespace qhn {
namespace {

/// Eight cores; all curves level but for the passes of one core.
Machine made_up() {
  Machine m;
  m.name = std::string("made up");
  m.cores = 8;
  m.one = {1e9, {{10, 20}, {4e9, 2e9}}, {}};
  m.all = {8e9, {{10}, {8e9}}, {}};
  for (CoreRates* rates : {&m.one, &m.all}) rates->share.fill({{10}, {0.5}});
  m.each.fill({{10}, {0.25}});
  m.node = Link{1e-3, 1e9};
  return m;
}

TEST(Curve, IsStraightBetweenAndLevelBeyondItsPoints) {
  const Curve curve{{10, 12, 20}, {1, 3, 7}};
  EXPECT_EQ(curve.at(5), 1);
  EXPECT_EQ(curve.at(10), 1);
  EXPECT_EQ(curve.at(11), 2);
  EXPECT_EQ(curve.at(16), 5);
  EXPECT_EQ(curve.at(30), 7);
}

TEST(Prediction, IsTheSlowerOfFlopsAndBytes) {
  const Machine m = made_up();
  EvaluationLoad load;
  load.work.flops = 2e9;
  load.qubits = 15;
  EXPECT_DOUBLE_EQ(evaluation_seconds(m, load, 1, 1, {}), 4.0);
  EXPECT_DOUBLE_EQ(evaluation_seconds(m, load, 8, 8, {}), 0.5);
  load.work.bytes = 9e9;  // 3e9 a second at 15 qubits
  EXPECT_DOUBLE_EQ(evaluation_seconds(m, load, 1, 1, {}), 6.0);
  EXPECT_DOUBLE_EQ(evaluation_seconds(m, load, 8, 8, {}), 2.25);
  // Eight states at once take twice as long, two of them 2^(1/3) times.
  EXPECT_DOUBLE_EQ(evaluation_seconds(m, load, 1, 8, {}), 12.0);
  EXPECT_DOUBLE_EQ(evaluation_seconds(m, load, 1, 2, {}), 6.0 * std::cbrt(2.0));
}

TEST(Prediction, AddsWhatIsSent) {
  const Machine m = made_up();
  EvaluationLoad load;
  load.work.flops = 2e9;
  load.qubits = 15;
  // Two ranks of a node with half the flops each are as two cores with all of them.
  const double together = evaluation_seconds(m, load, 2, 2, {});
  load.work.flops = 1e9;
  EXPECT_DOUBLE_EQ(evaluation_seconds(m, load, 1, 2, {1, 2, 1, 2}), together);
  load.exchanged_bytes = 5e8;
  load.messages = 10;
  EXPECT_DOUBLE_EQ(evaluation_seconds(m, load, 1, 2, {1, 2, 1, 2}), together + 0.5 + 0.01);
  EXPECT_THROW(evaluation_seconds(m, load, 1, 1, {2, 1, 1, 2}), InputError);  // no network
}

TEST(Load, OfASpreadStateIsThatOfTheWholeSharedOut) {
  const Circuit circuit = make_circuit(Family::linear, 12, 4);
  const CutCircuit cut = cheapest_proper_cut(circuit, Purpose::expectation);
  const ExchangePlan plan = plan_exchanges(circuit, 10, Purpose::expectation);
  for (const bool gradient : {false, true}) {
    const EvaluationLoad whole = sweep_load(circuit, Precision::float64, gradient);
    const EvaluationLoad quarter = sweep_load(plan, Precision::float64, gradient);
    EXPECT_EQ(whole.qubits, 12);
    EXPECT_EQ(quarter.qubits, 10);
    // But for small tables and the trips that stages have in common.
    EXPECT_NEAR(4.0 * quarter.work.flops / whole.work.flops, 1.0, 0.25);
    EXPECT_EQ(sweep_load(plan, Precision::float32, gradient).work.bytes, quarter.work.bytes / 2);
    // Of a cut, the table is shared out, the registers are not.
    const EvaluationLoad all = cut_load(cut, 1, Precision::float64, gradient);
    const EvaluationLoad rows = cut_load(cut, 4, Precision::float64, gradient);
    EXPECT_EQ(rows.work.bytes, all.work.bytes / 4);
    EXPECT_LT(rows.work.flops, all.work.flops);
    EXPECT_GT(rows.work.flops, all.work.flops / 4);
  }
}

TEST(Load, LargeSweepsReadAndWriteTheStateOnceAStage) {
  const Circuit circuit = make_circuit(Family::linear, 20, 4);
  const EvaluationLoad load = sweep_load(circuit, Precision::float64, true);
  EXPECT_EQ(load.kernel, Kernel::blocks_gradient);
  EXPECT_EQ(sweep_load(make_circuit(Family::linear, 19, 4), Precision::float64, false).kernel,
            Kernel::sweep);
  // Two stages: φ is written; read, with the table, and φ, λ written; φ, λ read.
  EXPECT_EQ(load.work.bytes, (2 + 2 + 1 + 4 + 4) * 8.0 * (1 << 20));
}

TEST(Load, ClassesFollowTheBranches) {
  const auto kernel = [](int sublayers) {
    const Circuit circuit = make_circuit(Family::linear, 16, sublayers);
    return cut_load(cheapest_proper_cut(circuit, Purpose::expectation), 1, Precision::float64, true)
        .kernel;
  };
  EXPECT_EQ(kernel(4), Kernel::cut_2_gradient);
  EXPECT_EQ(kernel(6), Kernel::cut_4_gradient);
  EXPECT_EQ(kernel(8), Kernel::cut_more_gradient);
}

TEST(Measure, GivesEveryCoreAStateOfItsOwn) {
  const CoreRates roof{1e12, {{12}, {1e12}}, {}};
  const Shares shares = measure_crowd(roof, 2, 2 * 48.0 * 4096);  // memory for 12 qubits each
  for (const Curve& share : shares) {
    EXPECT_EQ(share.qubits, std::vector<double>{12});
    ASSERT_EQ(share.values.size(), 1u);
    EXPECT_GT(share.values[0], 0.0);
    EXPECT_LT(share.values[0], 1.0);  // of a roof no core has
  }
}

}  // namespace
}  // namespace qhn
