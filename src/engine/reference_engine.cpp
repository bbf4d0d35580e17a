#include "engine/reference_engine.hpp"

#include <algorithm>

#include "engine/reference.hpp"

namespace qhn {
namespace {

/// −i/2 times the generator of the gate, so that dU/dθ = (−i G/2) U. Diagonal for Rz and Rzz.
void apply_generator(const Gate& gate, std::span<Complex> state) {
  const Complex i(0.0, 1.0);
  const Index first = Index{1} << gate.first;
  const Index second = gate.second >= 0 ? Index{1} << gate.second : 0;
  for (Index x = 0; x < state.size(); ++x) {
    const bool a = x & first, b = x & second;
    switch (gate.kind) {
      case GateKind::rx:
        if (!a) {
          std::swap(state[x], state[x | first]);
          state[x] *= -0.5 * i;
          state[x | first] *= -0.5 * i;
        }
        break;
      case GateKind::ry:
        if (!a) {
          const Complex lo = state[x];
          state[x] = -0.5 * state[x | first];
          state[x | first] = 0.5 * lo;
        }
        break;
      case GateKind::rz:
        state[x] *= a ? i : Complex(0.0);
        break;
      case GateKind::rzz:
        state[x] *= a == b ? -0.5 * i : 0.5 * i;
        break;
      case GateKind::cx:
      case GateKind::cz:
        break;
    }
  }
}

class ReferenceEngine final : public Engine, public StringSearch, public AmplitudeSource {
 public:
  ReferenceEngine(const Circuit& circuit, std::span<const double> cost)
      : circuit_(circuit),
        cost_(cost),
        phi_(cost.size()),
        lambda_(cost.size()),
        work_(cost.size()) {}

  EngineKind kind() const override { return EngineKind::reference; }

  double expectation(std::span<const double> angles) override {
    run(angles);
    return reference_expectation(phi_, cost_);
  }

  double expectation_and_gradient(std::span<const double> angles,
                                  std::span<double> gradient) override {
    const double value = expectation(angles);
    std::fill(gradient.begin(), gradient.end(), 0.0);
    for (Index x = 0; x < phi_.size(); ++x) lambda_[x] = cost_[x] * phi_[x];
    for (auto gate = circuit_.gates.rbegin(); gate != circuit_.gates.rend(); ++gate) {
      if (gate->angle >= 0) {
        std::copy(phi_.begin(), phi_.end(), work_.begin());
        apply_generator(*gate, work_);
        double sum = 0.0;
        for (Index x = 0; x < phi_.size(); ++x) sum += (std::conj(lambda_[x]) * work_[x]).real();
        gradient[static_cast<std::size_t>(gate->angle)] += 2.0 * sum;
      }
      // CX and CZ are their own inverse and ignore the angle.
      apply_gate_reference(*gate, -gate_angle(*gate, angles), phi_);
      apply_gate_reference(*gate, -gate_angle(*gate, angles), lambda_);
    }
    return value;
  }

  StringSearch* strings() override { return this; }
  AmplitudeSource* amplitudes() override { return this; }

  MostProbable most_probable(std::span<const double> angles) override {
    run(angles);
    MostProbable best;
    for (Index x = 0; x < phi_.size(); ++x)
      if (std::norm(phi_[x]) > best.probability) best = {x, std::norm(phi_[x])};
    return best;
  }

  void state(std::span<const double> angles, std::span<Complex> amplitudes) override {
    run(angles);
    std::copy(phi_.begin(), phi_.end(), amplitudes.begin());
  }

  std::size_t bytes() const override {
    return (phi_.size() + lambda_.size() + work_.size()) * sizeof(Complex);
  }

 private:
  void run(std::span<const double> angles) {
    std::fill(phi_.begin(), phi_.end(), Complex(0.0));
    phi_[0] = 1.0;
    for (const Gate& gate : circuit_.gates)
      apply_gate_reference(gate, gate_angle(gate, angles), phi_);
  }

  Circuit circuit_;
  std::span<const double> cost_;
  std::vector<Complex> phi_, lambda_, work_;
};

}  // namespace

std::unique_ptr<Engine> make_reference_engine(const Circuit& circuit,
                                              std::span<const double> cost) {
  return std::make_unique<ReferenceEngine>(circuit, cost);
}

}  // namespace qhn
