#include <gtest/gtest.h>

#include <cmath>

#include "core/error.hpp"
#include "engine/execution_plan.hpp"
#include "perf/load.hpp"
#include "perf/machine.hpp"
#include "perf/measure.hpp"

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
  EXPECT_EQ(curve.at(14), 4);  // not in the middle
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

// Eight ranks on two nodes hold one state: four of them share the network of their node.
TEST(Prediction, RanksOfANodeShareItsNetwork) {
  Machine m = made_up();
  m.network = Link{1e-2, 2e9};
  EvaluationLoad load;
  load.work.flops = 1e9;
  load.qubits = 15;
  load.exchanged_bytes = 3e8;
  load.messages = 7;
  EvaluationLoad silent = load;
  silent.exchanged_bytes = silent.messages = 0;
  const auto sent = [&](const Layout& layout) {
    return evaluation_seconds(m, load, 1, 4, layout) - evaluation_seconds(m, silent, 1, 4, layout);
  };
  EXPECT_NEAR(sent({2, 4, 1, 8}), 4 * 3e8 / 2e9 + 7e-2, 1e-12);
  EXPECT_NEAR(sent({8, 1, 1, 8}), 3e8 / 2e9 + 7e-2, 1e-12);
  // Within a node the link is that between two ranks; it is nobody else's.
  EXPECT_NEAR(sent({2, 4, 1, 4}), 3e8 / 1e9 + 7e-3, 1e-12);
  EXPECT_NEAR(sent({2, 4, 1, 2}), 3e8 / 1e9 + 7e-3, 1e-12);
  m.node.reset();
  EXPECT_NEAR(sent({2, 4, 1, 8}), 4 * 3e8 / 2e9 + 7e-2, 1e-12);  // not needed
  try {
    sent({2, 4, 1, 4});
    ADD_FAILURE() << "no link";
  } catch (const InputError& error) {
    EXPECT_NE(std::string(error.what()).find("[links.node]"), std::string::npos);
  }
  m.network.reset();
  try {
    sent({2, 4, 1, 8});
    ADD_FAILURE() << "no link";
  } catch (const InputError& error) {
    EXPECT_NE(std::string(error.what()).find("[links.network]"), std::string::npos);
  }
  // Who sends nothing needs none.
  EXPECT_GT(evaluation_seconds(m, silent, 1, 4, {2, 4, 1, 8}), 0.0);
}

// All cores together are not eight times one core: between them rates and shares follow log cores.
TEST(Prediction, FollowsTheLogarithmOfTheCores) {
  Machine m = made_up();
  m.all.fma = 4e9;
  m.one.pass = {{10, 20}, {4e9, 2e9}};
  m.all.pass = {{10, 20}, {8e9, 6e9}};
  m.all.share.fill({{10}, {0.2}});
  EvaluationLoad load;
  load.qubits = 15;
  load.work.flops = 1e9;
  // Two cores: 2e9 of one alone, 1e9 of all; a third of the way. Shares 0.5 and 0.2.
  const double third = 1.0 / 3;
  const double fma = 2e9 + (1e9 - 2e9) * third, share = 0.5 + (0.2 - 0.5) * third;
  EXPECT_NEAR(evaluation_seconds(m, load, 2, 2, {}), 1e9 / fma / share, 1e-9);
  load.work = {0.0, 1e9};
  const double pass = 6e9 + (7e9 / 4 - 6e9) * third;  // at 15 qubits
  EXPECT_NEAR(evaluation_seconds(m, load, 2, 2, {}), 1e9 / pass / share, 1e-9);
  // Four ranks of one core hold 2^15 amplitudes each: passes are those over 17 qubits.
  const double two_thirds = 2 * third;
  const double pass4 = 4 * 2.6e9 + (6.6e9 / 2 - 4 * 2.6e9) * two_thirds;
  const double share4 = 0.5 + (0.2 - 0.5) * two_thirds;
  EXPECT_NEAR(evaluation_seconds(m, load, 1, 4, {1, 4, 1, 4}), 4 * 1e9 / pass4 / share4, 1e-9);
  // More threads than cores are as many as there are.
  EXPECT_NEAR(evaluation_seconds(m, load, 16, 8, {}), 1e9 / 7e9 / 0.2, 1e-9);
  // A machine of one core has no way between.
  m.cores = 1;
  EXPECT_NEAR(evaluation_seconds(m, load, 1, 1, {}), 1e9 / 7e9 / 0.2, 1e-9);
}

TEST(Prediction, EveryKernelHasItsOwnShare) {
  Machine m = made_up();
  for (std::size_t k = 0; k < kernels; ++k) {
    for (CoreRates* rates : {&m.one, &m.all}) rates->share[k] = {{10}, {0.01 * (1.0 + k)}};
    m.each[k] = m.one.share[k];
  }
  EvaluationLoad load;
  load.work.flops = 1e9;
  for (std::size_t k = 0; k < kernels; ++k) {
    load.kernel = static_cast<Kernel>(k);
    EXPECT_NEAR(evaluation_seconds(m, load, 1, 1, {}), 100.0 / (1.0 + k), 1e-9);
  }
  EXPECT_STREQ(to_string(Kernel::blocks_gradient), "blocks_gradient");
  EXPECT_STREQ(to_string(Kernel::cut_more), "cut_more");
}

// Against the plan's own exchanges: forward the state is sent, on the way back φ and λ are; no
// message is longer than 256 KiB.
TEST(Load, SendsThreeTimesAsMuchForAGradient) {
  const Circuit circuit = make_circuit(Family::linear, 20, 6);
  const auto on = [&](int ranks, Precision precision) {
    return plan_execution(circuit, {.engine = {EngineKind::sweep, precision}, .ranks = ranks});
  };
  const ExecutionPlan four = on(4, Precision::float64);
  ASSERT_EQ(four.exchanges.local_qubits, 18);
  double sent = 0.0;
  for (const Exchange& exchange : four.exchanges.exchanges)
    sent += 1.0 - std::ldexp(1.0, -static_cast<int>(exchange.swaps.size()));
  sent *= 16.0 * (1 << 18);
  ASSERT_GT(sent, 0.0);
  for (const bool gradient : {false, true}) {
    const double bytes = gradient ? 3 * sent : sent;
    const EvaluationLoad load = evaluation_load(four, gradient);
    EXPECT_EQ(load.exchanged_bytes, bytes);
    EXPECT_EQ(load.messages, std::ceil(bytes / 262144));
    EXPECT_EQ(load.qubits, 18);
    EXPECT_EQ(evaluation_load(on(4, Precision::float32), gradient).exchanged_bytes, bytes / 2);
    EXPECT_EQ(load.kernel, gradient ? Kernel::sweep_gradient : Kernel::sweep);
    const EvaluationLoad alone = evaluation_load(on(1, Precision::float64), gradient);
    EXPECT_EQ(alone.exchanged_bytes, 0.0);
    EXPECT_EQ(alone.messages, 0.0);
    EXPECT_EQ(alone.qubits, 20);
  }
  // A cut circuit sends sums, a part of a message.
  const Circuit shallow = make_circuit(Family::linear, 16, 4);
  const EvaluationLoad load =
      evaluation_load(plan_execution(shallow, {.engine = {EngineKind::cut}, .ranks = 4}), false);
  EXPECT_EQ(load.messages, 1.0);
  EXPECT_EQ(load.exchanged_bytes, 2 * 8 * 2);  // a double to and from each of log2(4) partners
  EXPECT_EQ(load.qubits, 14);
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
    // But for small tables and the passes that stages have in common.
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
  // Without the way back φ is written, and read beside the table.
  const EvaluationLoad forward = sweep_load(circuit, Precision::float64, false);
  EXPECT_EQ(forward.kernel, Kernel::blocks);
  EXPECT_EQ(forward.work.bytes, (2 + 2 + 1) * 8.0 * (1 << 20));
  EXPECT_LT(forward.work.flops, load.work.flops / 2);
  // A part of one distributed over two ranks: one stage writes φ and reads φ, λ, the next reads and
  // writes all of them; after the exchange φ and the table are read, φ and λ written.
  const ExchangePlan plan =
      plan_exchanges(make_circuit(Family::linear, 21, 4), 20, Purpose::expectation);
  const EvaluationLoad part = sweep_load(plan, Precision::float64, true);
  EXPECT_EQ(part.kernel, Kernel::blocks_gradient);
  EXPECT_EQ(part.work.bytes, ((2 + 4) + (4 + 8) + (2 + 1 + 4)) * 8.0 * (1 << 20));
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
