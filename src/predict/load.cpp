#include "predict/load.hpp"

#include <algorithm>
#include <cmath>

namespace qhn {
namespace {

double size_of(Precision precision) { return precision == Precision::float64 ? 8.0 : 4.0; }

/// Vectors hold twice as many floats, and so does every byte.
Work in_precision(const Work& work, Precision precision) { return size_of(precision) / 8.0 * work; }

constexpr double message = 1 << 20;  // bytes, at most

}  // namespace

EvaluationLoad local_load(const Circuit& circuit, EngineKind kind, Precision precision,
                          bool gradient) {
  EvaluationLoad load;
  const Work work = gradient ? gradient_work(circuit, kind) : expectation_work(circuit, kind);
  load.work = in_precision(work, precision);
  load.qubits = circuit.qubits;
  const CutCircuit cut = planned_cut(circuit, kind);
  const bool is_cut = cut.high.qubits > 0;
  load.held_bytes = (is_cut     ? 1.0
                     : gradient ? 4.0
                                : 2.0) *
                    size_of(precision) * std::ldexp(1.0, circuit.qubits);
  load.shared = is_cut;
  const int first = cut.high.qubits == 0  ? 0
                    : cut.branches() <= 2 ? 2
                    : cut.branches() <= 4 ? 4
                                          : 6;
  load.kernel = static_cast<Kernel>(first + (gradient ? 1 : 0));
  return load;
}

EvaluationLoad spread_load(const ExchangePlan& plan, Precision precision, bool gradient) {
  EvaluationLoad load;
  load.kernel = gradient ? Kernel::sweep_gradient : Kernel::sweep;
  load.qubits = plan.local_qubits;
  Work work = diagonal_work(plan.local_qubits, gradient);
  for (const RankStage& stage : plan_for_rank(plan, 0).stages) {
    work += forward_work(stage.program);
    if (gradient) work += backward_work(stage.program);
  }
  load.work = in_precision(work, precision);
  const double state = 2.0 * size_of(precision) * std::ldexp(1.0, plan.local_qubits);
  load.held_bytes = (gradient ? 2.0 : 1.0) * state;
  for (const Exchange& exchange : plan.exchanges) {
    const double sent = (gradient ? 3.0 : 1.0) * exchange.fraction() * state;
    load.exchanged_bytes += sent;
    load.messages += std::ceil(sent / message);
  }
  return load;
}

double buffer_bytes(int local_qubits, Precision precision) {
  const double state = 2.0 * size_of(precision) * std::ldexp(1.0, local_qubits);
  return std::min(state / 16.0, 4.0 * message);
}

double spread_bytes(int local_qubits, Precision precision) {
  const double entries = std::ldexp(1.0, local_qubits), size = size_of(precision);
  const double table = precision == Precision::float64 ? 0.0 : size * entries;  // a copy in float
  return 4.0 * size * entries + table + buffer_bytes(local_qubits, precision);
}

}  // namespace qhn
