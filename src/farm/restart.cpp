#include "farm/restart.hpp"

#include <algorithm>
#include <numbers>

#include "core/random.hpp"

namespace qhn {
namespace {

Status to_status(LbfgsStatus status) {
  switch (status) {
    case LbfgsStatus::converged:
      return Status::converged;
    case LbfgsStatus::iteration_limit:
      return Status::iteration_limit;
    case LbfgsStatus::stalled_line_search:
      return Status::stalled_line_search;
    default:
      return Status::diverged;
  }
}

void note_crossings(std::span<const double> epsilons, double gap, const LbfgsState& now,
                    std::vector<Crossing>& crossings) {
  for (std::size_t i = 0; i < epsilons.size(); ++i)
    if (crossings[i].iteration < 0 && gap < epsilons[i])
      crossings[i] = {now.iterations, now.evaluations};
}

bool all_known(const std::vector<Crossing>& crossings) {
  return std::ranges::none_of(crossings, [](const Crossing& c) { return c.iteration < 0; });
}

std::span<const double> view(const Eigen::VectorXd& x) {
  return {x.data(), static_cast<std::size_t>(x.size())};
}

}  // namespace

std::vector<double> start_angles(std::uint64_t seed, std::uint64_t id, int count) {
  CounterRng rng(seed, Stream::restart_angles, id);
  std::vector<double> angles(static_cast<std::size_t>(count));
  for (double& angle : angles) angle = 2.0 * std::numbers::pi * rng.uniform();
  return angles;
}

std::optional<RestartResult> run_restart(Engine& engine, const CostOf& cost_of, double minimum,
                                         const RestartOptions& options, std::uint64_t id,
                                         const RestartHooks& hooks) {
  RestartResult result;
  result.id = id;
  result.seed = options.seed;
  result.expectation_crossings.resize(options.epsilons.size());
  result.string_crossings.resize(options.epsilons.size());

  const Objective objective = [&engine](std::span<const double> x, std::span<double> gradient) {
    return engine.expectation_and_gradient(x, gradient);
  };
  std::optional<Lbfgs> optimizer;
  const auto save = [&] {
    if (!hooks.save || !optimizer) return;
    hooks.save({.id = id,
                .iterations = optimizer->state().iterations,
                .expectation_crossings = result.expectation_crossings,
                .string_crossings = result.string_crossings,
                .optimizer = optimizer->state().flatten()});
  };

  try {
    if (hooks.resume) {
      result.expectation_crossings = hooks.resume->expectation_crossings;
      result.string_crossings = hooks.resume->string_crossings;
      optimizer.emplace(objective, options.optimizer,
                        LbfgsState::unflatten(hooks.resume->optimizer));
    } else {
      optimizer.emplace(objective, options.optimizer,
                        start_angles(options.seed, id, options.angles));
    }
    const LbfgsState& now = optimizer->state();

    // May be done twice at one iterate.
    const auto note_iterate = [&] {
      note_crossings(options.epsilons, now.value - minimum, now, result.expectation_crossings);
      if (all_known(result.string_crossings)) return;
      const Index string = engine.most_probable(view(now.x)).index;
      note_crossings(options.epsilons, cost_of(string) - minimum, now, result.string_crossings);
    };
    note_iterate();
    while (now.status == LbfgsStatus::running) {
      const auto order = hooks.next ? hooks.next() : RestartHooks::Order::go_on;
      if (order != RestartHooks::Order::go_on) save();
      if (order == RestartHooks::Order::give_up) return std::nullopt;
      const int before = now.iterations;
      optimizer->iterate();
      if (now.iterations > before) note_iterate();
    }

    const MostProbable best = engine.most_probable(view(now.x));
    result.status = to_status(now.status);
    result.expectation = now.value;
    result.gap = now.value - minimum;
    result.gradient_norm = now.gradient_norm;
    result.iterations = now.iterations;
    result.evaluations = now.evaluations;
    result.best_string = best.index;
    result.best_probability = best.probability;
    result.best_cost = cost_of(best.index);
    if (options.keep_angles) result.angles.assign(now.x.begin(), now.x.end());
    return result;
  } catch (const Abandoned&) {
    save();
    return std::nullopt;
  }
}

}  // namespace qhn
