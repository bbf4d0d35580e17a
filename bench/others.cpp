// Rows of other simulators that CMake found on this machine: the same circuit, cost and run as the
// rows forward beside them.

#include <cmath>
#include <memory>

#include "bench.hpp"
#include "engine/engine.hpp"
#include "libquantum.h"
#include "truth.hpp"

namespace qhn {
namespace {

class LibquantumEvaluator {
 public:
  LibquantumEvaluator(int qubits, int sublayers, bool broken)
      : circuit_(make_circuit(Family::linear, qubits, sublayers)),
        cost_(dimension(qubits)),
        rng_(7, Stream::synthetic, static_cast<std::uint64_t>(qubits)),
        angles_(static_cast<std::size_t>(circuit_.angles)),
        gates_(circuit_.gates.size()),
        sign_(broken ? -1.0 : 1.0) {
    fill_random(cost_, 1, 1);
  }

  void run() {
    fill_angles(angles_, rng_);
    for (std::size_t i = 0; i < gates_.size(); ++i) {
      const Gate& g = circuit_.gates[i];
      const int kind = g.kind == GateKind::cx   ? qhn_gate_cx
                       : g.kind == GateKind::ry ? qhn_gate_ry
                                                : qhn_gate_rz;
      gates_[i] = {kind, g.first, g.second,
                   g.angle >= 0 ? angles_[static_cast<std::size_t>(g.angle)] : 0.0};
    }
    value_ = sign_ * qhn_libquantum_expectation(circuit_.qubits, static_cast<int>(gates_.size()),
                                                gates_.data(), cost_.data());
  }

  bool verify() {
    run();
    const double truth =
        make_engine(circuit_, cost_, {EngineKind::reference})->expectation(angles_);
    return near(value_, truth, 1e-3);  // it computes in single precision, and drops small terms
  }

 private:
  Circuit circuit_;
  AlignedVector<double> cost_;
  CounterRng rng_;
  std::vector<double> angles_;
  std::vector<qhn_gate> gates_;
  double sign_;
  double value_ = 0.0;
};

}  // namespace

void add_others(const BenchOptions& options, std::vector<Case>& cases) {
  const int qubits = options.pick(6, 10, 10);
  constexpr int sublayers = 4;
  const Row row{.benchmark = "forward-libquantum",
                .start = "zero",
                .qubits = qubits,
                .sublayers = sublayers,
                .work = expectation_work(plan_execution(
                    make_circuit(Family::linear, qubits, sublayers), {{EngineKind::sweep}})),
                .detail = "single precision; work: the sweep engine's"};
  const bool broken = options.breaks(row.benchmark);
  cases.push_back(
      {row, 1, 1e6, [=] {
         auto evaluator = std::make_shared<LibquantumEvaluator>(qubits, sublayers, broken);
         return Task{[=] { evaluator->run(); }, [=] { return evaluator->verify(); }, ""};
       }});
}

}  // namespace qhn
