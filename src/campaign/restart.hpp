#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "campaign/circuit_estimator.hpp"
#include "engine/engine.hpp"
#include "optim/optimizer.hpp"
#include "record/record.hpp"

namespace qhn {

/// Settings that all restarts of a campaign share.
struct RestartOptions {
  std::uint64_t seed = 1;        ///< of the campaign
  int angles = 0;                ///< length of the circuit's angle vector
  std::vector<double> epsilons;  ///< ladder of gaps whose first crossing is recorded
  bool keep_angles = false;      ///< put the final angles into the record
  bool keep_history = false;     ///< put all iterates into the record
  OptimizerOptions optimizer;
};

/// Start angles of restart `id`: uniform in [0, 2π), random stream (seed, id), in flat order.
std::vector<double> start_angles(std::uint64_t seed, std::uint64_t id, int count);

/// Thrown through an evaluation in order to abandon it.
struct Abandoned {};

/// What run_restart() asks between two iterations, and what it reports meanwhile.
struct RestartHooks {
  enum class Order { go_on, save, give_up };
  std::function<Order()> next;  ///< asked between two iterations
  /// State of the restart: once for every Order::save, and before it gives up, unless it has not
  /// begun. The caller fills in the seconds.
  std::function<void(RestartCheckpoint&&)> save;
  const RestartCheckpoint* resume = nullptr;  ///< go on from here; null: from the start angles
};

/// Scores the final angles of a restart and the network that it returns.
using RestartScorer =
    std::function<RestartScores(std::span<const double> angles, const BitString& best)>;

/// What the simulation knows exactly, however an optimizer estimates it.
struct Simulation {
  Engine& engine;
  const CostFunction& costs;
  double reference = 0.0;    ///< what gaps are measured from
  RestartScorer score = {};  ///< null: not wanted
};

/// Minimizes E(θ) from the start angles of `id`, as `estimator` shows it to the optimizer. The
/// result is the same on any rank and thread.
///
/// Crossings are those of the exact E(θ) and of the most probable network at accepted iterates; the
/// start has iteration 0. The most probable network is computed until its gap is below every ε:
/// that takes forward passes, which are no evaluations and are not billed.
///
/// Returns nullopt where `hooks` gave up, or an evaluation threw Abandoned. Resumed from what was
/// saved then, the result is bit-identical to that of an uninterrupted restart.
std::optional<RestartResult> run_restart(const Simulation& simulation, CircuitEstimator& estimator,
                                         const RestartOptions& options, std::uint64_t id,
                                         const RestartHooks& hooks = {});

/// The same with exact expectations.
std::optional<RestartResult> run_restart(const Simulation& simulation,
                                         const RestartOptions& options, std::uint64_t id,
                                         const RestartHooks& hooks = {});

}  // namespace qhn
