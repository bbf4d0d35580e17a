#include "perf/load.hpp"

#include <cmath>

#include "engine/distributed_stage.hpp"
#include "engine/sweep_engine.hpp"

namespace qhn {
namespace {

/// A vector holds twice as many floats as doubles, and a float takes half the bytes.
double scale_of(Precision precision) { return precision == Precision::float64 ? 1.0 : 0.5; }

EvaluationLoad sweep_load(const Work& work, int qubits, Precision precision, bool gradient,
                          bool blocks) {
  EvaluationLoad load;
  if (blocks)
    load.kernel = gradient ? Kernel::blocks_gradient : Kernel::blocks;
  else
    load.kernel = gradient ? Kernel::sweep_gradient : Kernel::sweep;
  load.work = scale_of(precision) * work;
  load.qubits = qubits;
  return load;
}

/// The products with the table are those of the cut engine with four branches. The tensors run at a
/// quarter of that rate (measured: 13 of 45 GFLOP/s, 14 qubits, six sublayers).
EvaluationLoad tensor_load(const ExecutionPlan& plan, bool gradient) {
  constexpr double slower = 4.0;
  const double products =
      (gradient ? 4.0 : 2.0) * std::ldexp(plan.chain->middle_bond(), plan.circuit.qubits);
  EvaluationLoad load;
  load.kernel = gradient ? Kernel::cut_4_gradient : Kernel::cut_4;
  load.work = gradient ? gradient_work(plan) : expectation_work(plan);
  load.work.flops = products + slower * (load.work.flops - products);
  load.qubits = plan.circuit.qubits;
  return load;
}

/// The load without messages.
EvaluationLoad local_load(const ExecutionPlan& plan, Precision precision, bool gradient) {
  if (plan.engine.kind == EngineKind::tensor) return tensor_load(plan, gradient);
  if (plan.engine.kind == EngineKind::cut)
    return cut_load(plan.cut, plan.ranks, precision, gradient);
  return plan.ranks == 1 ? sweep_load(plan.circuit, precision, gradient)
                         : sweep_load(plan.exchanges, precision, gradient);
}

}  // namespace

EvaluationLoad sweep_load(const Circuit& circuit, Precision precision, bool gradient) {
  const ExecutionPlan plan = plan_execution(circuit, {{EngineKind::sweep}});
  const Work work = gradient ? gradient_work(plan) : expectation_work(plan);
  return sweep_load(work, circuit.qubits, precision, gradient,
                    sweep_block_qubits(circuit.qubits) > 0);
}

EvaluationLoad sweep_load(const ExchangePlan& plan, Precision precision, bool gradient) {
  const int block = sweep_block_qubits(plan.local_qubits);
  Work work = diagonal_work(plan.local_qubits, gradient);
  for (const RankStage& stage : plan_for_rank(plan, 0).stages) {
    if (stage.circuit.gates.empty()) continue;
    if (block > 0) {  // a stage that runs during an exchange is also one pass over the part
      work += block_stages_work(plan_blocks(stage.circuit, block, stage.purpose),
                                starts_in_zero(stage.purpose), gradient);
      continue;
    }
    work += forward_work(stage.schedule);
    if (gradient) work += backward_work(stage.schedule);
  }
  // One pass instead of four: φ and the table are read, φ and λ written, 7 planes instead of 22.
  if (block > 0 && gradient && turns_back_in_cache(plan, precision))
    work.bytes -= 15 * sizeof(double) * static_cast<double>(dimension(plan.local_qubits));
  return sweep_load(work, plan.local_qubits, precision, gradient, block > 0);
}

EvaluationLoad cut_load(const CutCircuit& cut, int ranks, Precision precision, bool gradient) {
  EvaluationLoad load;
  const int first = static_cast<int>(cut.branches() <= 2   ? Kernel::cut_2
                                     : cut.branches() <= 4 ? Kernel::cut_4
                                                           : Kernel::cut_more);
  load.kernel = static_cast<Kernel>(first + (gradient ? 1 : 0));
  load.work = scale_of(precision) * cut_work(cut, gradient, ranks);
  load.qubits = cut.qubits() - static_cast<int>(std::log2(ranks));
  return load;
}

EvaluationLoad evaluation_load(const ExecutionPlan& plan, bool gradient) {
  constexpr double longest_message = 1 << 18;
  EvaluationLoad load = local_load(plan, plan.engine.precision, gradient);
  load.exchanged_bytes = gradient ? plan.gradient_exchange : plan.expectation_exchange;
  load.messages = std::ceil(load.exchanged_bytes / longest_message);
  return load;
}

Work evaluation_work(const ExecutionPlan& plan, bool gradient) {
  if (plan.ranks == 1) return gradient ? gradient_work(plan) : expectation_work(plan);
  Work work = local_load(plan, Precision::float64, gradient).work;
  work.exchanged = gradient ? plan.gradient_exchange : plan.expectation_exchange;
  return plan.ranks * work;
}

}  // namespace qhn
