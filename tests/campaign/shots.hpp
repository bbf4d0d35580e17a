#pragma once

#include <optional>
#include <span>

#include "campaign.hpp"
#include "campaign/restart.hpp"

namespace qhn::test {

/// A training from measured shots in one place: optimizer and estimator.
struct Shots {
  OptimizerKind optimizer = OptimizerKind::adam;
  ShotGradient gradient = ShotGradient::shift;  ///< of adam; spsa has its own
  std::uint64_t shots = 1000, selection_shots = 1000;
  int max_iterations = 200;
  AdamOptions adam;
  SpsaOptions spsa;
  QnSpsaOptions qnspsa;
  std::uint64_t fidelity_shots = 1000;
};

struct ShotTask {
  const Circuit* circuit = nullptr;
  double minimum = 0.0;
  std::uint64_t samples = 0;
  Shots shots;
};

/// As if 30 samples stood behind a cost.
inline ShotTask task_of(const Campaign& campaign, const Shots& shots) {
  return {&campaign.circuit, campaign.minimum, 30, shots};
}

inline std::optional<RestartResult> run_shot_restart(Engine& engine, const Sampler& sampler,
                                                     const CostFunction& costs,
                                                     const ShotTask& task, RestartOptions options,
                                                     std::uint64_t id,
                                                     const RestartHooks& hooks = {}) {
  const Shots& s = task.shots;
  options.optimizer = {s.optimizer, {}, s.adam, s.spsa, s.max_iterations, s.qnspsa};
  const bool natural = s.optimizer == OptimizerKind::qnspsa;
  const bool spsa = natural || s.optimizer == OptimizerKind::spsa;
  const SpsaOptions widths = natural ? SpsaOptions{.width = s.qnspsa.width, .gamma = 0} : s.spsa;
  const auto estimator =
      make_shot_estimator(*task.circuit, sampler,
                          {spsa ? ShotGradient::spsa : s.gradient, s.shots, s.selection_shots,
                           widths, s.fidelity_shots},
                          task.samples, options.seed, id,
                          natural ? make_fidelities(engine, task.circuit->qubits) : Fidelities());
  return run_restart({engine, costs, task.minimum}, *estimator, options, id, hooks);
}

inline std::optional<RestartResult> run_shot_restart(Engine& engine, std::span<const double> costs,
                                                     const ShotTask& task,
                                                     const RestartOptions& options,
                                                     std::uint64_t id,
                                                     const RestartHooks& hooks = {}) {
  return run_shot_restart(engine, make_sampler(engine, costs), CostsInMemory(costs), task, options,
                          id, hooks);
}

}  // namespace qhn::test
