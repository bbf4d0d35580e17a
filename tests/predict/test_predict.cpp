#include <gtest/gtest.h>

#include "core/error.hpp"
#include "predict/load.hpp"
#include "predict/machine.hpp"

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
  // Eight states at once: the memory passes 8e9 bytes a second for all of them.
  EXPECT_DOUBLE_EQ(evaluation_seconds(m, load, 1, 8, {}), 9.0);
}

TEST(Prediction, AddsWhatIsSent) {
  const Machine m = made_up();
  EvaluationLoad load;
  load.work.flops = 2e9;
  load.qubits = 15;
  load.exchanged_bytes = 5e8;
  load.messages = 10;
  EXPECT_DOUBLE_EQ(evaluation_seconds(m, load, 1, 2, {1, 2, 1, 2}), 4.0 + 0.5 + 0.01);
  EXPECT_THROW(evaluation_seconds(m, load, 1, 1, {2, 1, 1, 2}), InputError);  // no network
}

TEST(Load, OfASpreadStateIsThatOfTheWholeSharedOut) {
  const Circuit circuit = make_circuit(Family::linear, 12, 4);
  for (const bool gradient : {false, true}) {
    const EvaluationLoad whole =
        local_load(circuit, EngineKind::sweep, Precision::float64, gradient);
    // Nothing is sent, and the closed form of the first sublayers is the only difference.
    const EvaluationLoad one = spread_load(plan_exchanges(circuit, 12, Purpose::expectation),
                                           Precision::float64, gradient);
    EXPECT_EQ(one.exchanged_bytes, 0.0);
    EXPECT_NEAR(one.work.flops / whole.work.flops, 1.0, 0.25);
    const ExchangePlan plan = plan_exchanges(circuit, 10, Purpose::expectation);
    const EvaluationLoad quarter = spread_load(plan, Precision::float64, gradient);
    EXPECT_NEAR(4.0 * quarter.work.flops / whole.work.flops, 1.0, 0.25);
    EXPECT_EQ(quarter.exchanged_bytes,
              (gradient ? 3.0 : 1.0) * plan.exchanged_states() * 16.0 * 1024.0);
    EXPECT_EQ(spread_load(plan, Precision::float32, gradient).exchanged_bytes,
              quarter.exchanged_bytes / 2);
  }
}

TEST(Load, ClassesFollowTheBranches) {
  const auto kernel = [](int sublayers, EngineKind kind) {
    const Circuit circuit = make_circuit(Family::linear, 16, sublayers);
    return local_load(circuit, kind, Precision::float64, true).kernel;
  };
  EXPECT_EQ(kernel(4, EngineKind::sweep), Kernel::sweep_gradient);
  EXPECT_EQ(kernel(4, EngineKind::cut), Kernel::cut_2_gradient);
  EXPECT_EQ(kernel(6, EngineKind::cut), Kernel::cut_4_gradient);
  EXPECT_EQ(kernel(8, EngineKind::cut), Kernel::cut_more_gradient);
}

}  // namespace
}  // namespace qhn
