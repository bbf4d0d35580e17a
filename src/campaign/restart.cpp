#include "campaign/restart.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numbers>

#include "core/error.hpp"
#include "core/random.hpp"

namespace qhn {
namespace {

Status to_status(OptimizerStatus status) {
  switch (status) {
    case OptimizerStatus::converged:
      return Status::converged;
    case OptimizerStatus::iteration_limit:
      return Status::iteration_limit;
    case OptimizerStatus::stalled_line_search:
      return Status::stalled_line_search;
    default:
      return Status::diverged;
  }
}

/// Fills in the crossings whose gap is met for the first time; `gap()` is called only if some are
/// open.
template <class Gap>
void note_crossings(std::span<const double> epsilons, Crossing now, const Gap& gap,
                    std::vector<Crossing>& crossings) {
  const auto open = [](const Crossing& c) { return c.iteration < 0; };
  if (std::ranges::none_of(crossings, open)) return;
  const double value = gap();
  for (std::size_t e = 0; e < crossings.size(); ++e)
    if (open(crossings[e]) && value < epsilons[e]) crossings[e] = now;
}

/// A checkpoint's numbers: how many are the optimizer's, these, the estimator's.
std::vector<double> joined(const std::vector<double>& optimizer,
                           const std::vector<double>& estimator) {
  std::vector<double> numbers{static_cast<double>(optimizer.size())};
  numbers.reserve(1 + optimizer.size() + estimator.size());
  numbers.insert(numbers.end(), optimizer.begin(), optimizer.end());
  numbers.insert(numbers.end(), estimator.begin(), estimator.end());
  return numbers;
}

void restore(const RestartCheckpoint& saved, Optimizer& optimizer, CircuitEstimator& estimator) {
  const std::span<const double> numbers = saved.optimizer;
  const double count = numbers.empty() ? -1.0 : numbers[0];
  if (!(count >= 0.0 && count <= static_cast<double>(numbers.size() - 1)))
    throw RunError(fmt::format("restart {}: its saved state is not complete", saved.id));
  optimizer.restore(numbers.subspan(1, static_cast<std::size_t>(count)));
  estimator.restore(numbers.subspan(1 + static_cast<std::size_t>(count)));
}

}  // namespace

std::vector<double> start_angles(std::uint64_t seed, std::uint64_t id, int count) {
  CounterRng rng(seed, Stream::restart_angles, id);
  std::vector<double> angles(static_cast<std::size_t>(count));
  for (double& angle : angles) angle = 2.0 * std::numbers::pi * rng.uniform();
  return angles;
}

std::optional<RestartResult> run_restart(const Simulation& simulation, CircuitEstimator& estimator,
                                         const RestartOptions& options, std::uint64_t id,
                                         const RestartHooks& hooks) {
  RestartResult result;
  result.id = id;
  result.seed = options.seed;
  result.expectation_crossings.resize(options.epsilons.size());
  result.string_crossings.resize(options.epsilons.size());

  const auto optimizer = make_optimizer(options.optimizer, estimator);
  std::optional<std::vector<double>> accepted;  // state of the estimator at the last iterate
  const auto save = [&] {
    if (!hooks.save || !accepted) return;
    hooks.save({.id = id,
                .iterations = optimizer->iterations(),
                .expectation_crossings = result.expectation_crossings,
                .string_crossings = result.string_crossings,
                .optimizer = joined(optimizer->save(), *accepted)});
  };
  const auto expectation = [&] {
    const std::optional<double> known = estimator.exact() ? optimizer->value() : std::nullopt;
    return known ? *known : simulation.engine.expectation(optimizer->x());
  };
  // May be done twice at one iterate.
  const auto note_iterate = [&] {
    const Crossing now{optimizer->iterations(), estimator.evaluations()};
    const double reference = simulation.reference;
    note_crossings(
        options.epsilons, now, [&] { return expectation() - reference; },
        result.expectation_crossings);
    StringSearch* const strings = simulation.engine.strings();
    if (strings == nullptr) return;
    note_crossings(
        options.epsilons, now,
        [&] {
          const Index network = strings->most_probable(optimizer->x()).index;
          return simulation.costs(BitString(simulation.costs.bits(), network)) - reference;
        },
        result.string_crossings);
  };

  try {
    if (hooks.resume) {
      result.expectation_crossings = hooks.resume->expectation_crossings;
      result.string_crossings = hooks.resume->string_crossings;
      restore(*hooks.resume, *optimizer, estimator);
    } else {
      optimizer->start(start_angles(options.seed, id, options.angles));
    }
    accepted = estimator.save();
    note_iterate();
    while (optimizer->status() == OptimizerStatus::running) {
      const auto order = hooks.next ? hooks.next() : RestartHooks::Order::go_on;
      if (order != RestartHooks::Order::go_on) save();
      if (order == RestartHooks::Order::give_up) return std::nullopt;
      const int before = optimizer->iterations();
      optimizer->iterate();
      if (optimizer->iterations() == before) continue;
      accepted = estimator.save();
      note_iterate();
    }

    const ReturnedNetwork best = estimator.select(optimizer->x());
    result.status = to_status(optimizer->status());
    result.expectation = expectation();
    result.gap = result.expectation - simulation.reference;
    result.gradient_norm = optimizer->gradient_norm();
    result.iterations = optimizer->iterations();
    result.evaluations = estimator.evaluations();
    result.best_string = best.network;
    result.best_probability = best.probability;
    result.best_cost = best.cost;
    result.oracle = estimator.oracle();
    if (options.keep_angles) result.angles.assign(optimizer->x().begin(), optimizer->x().end());
    return result;
  } catch (const Abandoned&) {
    save();
    return std::nullopt;
  }
}

std::optional<RestartResult> run_restart(const Simulation& simulation,
                                         const RestartOptions& options, std::uint64_t id,
                                         const RestartHooks& hooks) {
  const auto estimator = make_exact_estimator(simulation.engine, simulation.costs);
  return run_restart(simulation, *estimator, options, id, hooks);
}

}  // namespace qhn
