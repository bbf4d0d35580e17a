#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "gradient/engine.hpp"
#include "optim/lbfgs.hpp"
#include "record/record.hpp"

namespace qhn {

/// What all restarts of a campaign have in common.
struct RestartOptions {
  std::uint64_t seed = 1;        ///< of the campaign
  int angles = 0;                ///< length of the circuit's angle vector
  std::vector<double> epsilons;  ///< ladder of gaps whose first crossing is recorded
  bool keep_angles = false;      ///< put the final angles into the record
  LbfgsOptions optimizer;
};

/// Angles that restart `id` starts from: uniform in [0, 2π), stream (seed, id), in flat order.
std::vector<double> start_angles(std::uint64_t seed, std::uint64_t id, int count);

/// Thrown through an evaluation by whatever abandons it.
struct Abandoned {};

/// What run_restart asks between two iterations and tells meanwhile.
struct RestartHooks {
  enum class Order { go_on, save, give_up };
  std::function<Order()> next;  ///< asked between two iterations
  /// Where the restart stands: once for every Order::save, and before it gives up unless it has not
  /// begun. Seconds are the caller's to fill in.
  std::function<void(RestartCheckpoint&&)> save;
  const RestartCheckpoint* resume = nullptr;  ///< go on from here; null: from the start angles
};

/// C(w), wherever the table is.
using CostOf = std::function<double(Index)>;

/// Minimises E(θ) from the start angles of `id`. `cost_of` tells the costs of `engine`'s table and
/// `minimum` is the least of them. Depends on nothing else: the same on any rank and thread. A
/// crossing at the start has iteration 0, evaluation 1. The most probable string is looked for at
/// every accepted iterate until its gap is below every ε, and at the last; that costs forward
/// passes but no evaluations. nullopt: given up by `hooks`, or Abandoned by the engine; resumed
/// from what was saved then, the result is the same to the bit.
std::optional<RestartResult> run_restart(Engine& engine, const CostOf& cost_of, double minimum,
                                         const RestartOptions& options, std::uint64_t id,
                                         const RestartHooks& hooks = {});
/// The same where the table is here.
inline std::optional<RestartResult> run_restart(Engine& engine, std::span<const double> costs,
                                                double minimum, const RestartOptions& options,
                                                std::uint64_t id, const RestartHooks& hooks = {}) {
  return run_restart(
      engine, [costs](Index w) { return costs[w]; }, minimum, options, id, hooks);
}

}  // namespace qhn
