#include "predict/load.hpp"

#include <cmath>

#include "gradient/sweep_engine.hpp"

namespace qhn {
namespace {

/// Vectors hold twice as many floats, and so does every byte.
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

}  // namespace

EvaluationLoad sweep_load(const Circuit& circuit, Precision precision, bool gradient) {
  const EngineKind kind = EngineKind::sweep;
  const Work work = gradient ? gradient_work(circuit, kind) : expectation_work(circuit, kind);
  return sweep_load(work, circuit.qubits, precision, gradient,
                    sweep_block_qubits(circuit.qubits) > 0);
}

EvaluationLoad sweep_load(const ExchangePlan& plan, Precision precision, bool gradient) {
  Work work = diagonal_work(plan.local_qubits, gradient);
  for (const RankStage& stage : plan_for_rank(plan, 0).stages) {
    work += forward_work(stage.program);
    if (gradient) work += backward_work(stage.program);
  }
  return sweep_load(work, plan.local_qubits, precision, gradient, false);
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

EvaluationLoad evaluation_load(const Circuit& circuit, const Distribution& distribution,
                               Precision precision, bool gradient) {
  constexpr double longest_message = 1 << 18;
  const Distribution& d = distribution;
  EvaluationLoad load = d.kind == EngineKind::cut ? cut_load(d.cut, d.ranks, precision, gradient)
                        : d.ranks == 1            ? sweep_load(circuit, precision, gradient)
                                                  : sweep_load(d.plan, precision, gradient);
  load.exchanged_bytes = gradient ? d.gradient_bytes(precision) : d.expectation_bytes(precision);
  load.messages = std::ceil(load.exchanged_bytes / longest_message);
  return load;
}

}  // namespace qhn
