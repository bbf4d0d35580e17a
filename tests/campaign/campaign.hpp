#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <vector>

#include "campaign/restart.hpp"
#include "core/random.hpp"
#include "engine/engine.hpp"

namespace qhn::test {

/// A small campaign: random costs on a linear circuit of 4 qubits, 3 sublayers.
struct Campaign {
  Circuit circuit = make_circuit(Family::linear, 4, 3);
  std::vector<double> costs = [] {
    CounterRng rng(5, Stream::synthetic, 0);
    std::vector<double> c(16);
    for (double& x : c) x = rng.uniform();
    return c;
  }();
  CostsInMemory function{costs};
  double minimum = *std::ranges::min_element(costs);
  RestartOptions options{.seed = 11,
                         .angles = circuit.angles,
                         .epsilons = {1e-1, 1e-2, 1e-4},
                         .keep_angles = true,
                         .keep_history = true,
                         .optimizer = {}};

  std::unique_ptr<Engine> engine() const {
    EngineOptions plain;
    plain.kind = EngineKind::reference;
    return make_engine(circuit, costs, plain);
  }

  Simulation simulation(Engine& of) const { return {of, function, minimum}; }

  /// Restarts 0 … count − 1, one after the other on this thread.
  std::vector<RestartResult> serial(std::uint64_t count) const {
    const auto e = engine();
    std::vector<RestartResult> results;
    for (std::uint64_t id = 0; id < count; ++id)
      results.push_back(*run_restart(simulation(*e), options, id));
    return results;
  }
};

/// An engine that does something else first.
class Disturbed : public Engine {
 public:
  Disturbed(std::unique_ptr<Engine> engine, std::function<void()> before)
      : engine_(std::move(engine)), before_(std::move(before)) {}
  EngineKind kind() const override { return engine_->kind(); }
  double expectation(std::span<const double> angles) override {
    return engine_->expectation(angles);
  }
  double expectation_and_gradient(std::span<const double> angles,
                                  std::span<double> gradient) override {
    before_();
    return engine_->expectation_and_gradient(angles, gradient);
  }
  StringSearch* strings() override { return engine_->strings(); }
  AmplitudeSource* amplitudes() override { return engine_->amplitudes(); }
  std::size_t bytes() const override { return engine_->bytes(); }

 private:
  std::unique_ptr<Engine> engine_;
  std::function<void()> before_;
};

}  // namespace qhn::test
