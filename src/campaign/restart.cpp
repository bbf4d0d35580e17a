#include "campaign/restart.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
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

double distance(std::span<const double> a, std::span<const double> b) {
  double sum = 0.0;
  for (std::size_t k = 0; k < a.size(); ++k) sum += (a[k] - b[k]) * (a[k] - b[k]);
  return std::sqrt(sum);
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

/// One restart while it runs.
class RunningRestart {
 public:
  RunningRestart(const Simulation& simulation, CircuitEstimator& estimator,
                 const RestartOptions& options, std::uint64_t id, const RestartHooks& hooks)
      : simulation_(simulation),
        estimator_(estimator),
        options_(options),
        hooks_(hooks),
        optimizer_(make_optimizer(options.optimizer, estimator)) {
    result_.id = id;
    result_.seed = options.seed;
    result_.expectation_crossings.resize(options.epsilons.size());
    result_.string_crossings.resize(options.epsilons.size());
  }

  /// nullopt: gave up.
  std::optional<RestartResult> run() {
    try {
      begin();
      while (optimizer_->status() == OptimizerStatus::running) {
        const auto order = hooks_.next ? hooks_.next() : RestartHooks::Order::go_on;
        if (order != RestartHooks::Order::go_on) save();
        if (order == RestartHooks::Order::give_up) return std::nullopt;
        iterate();
      }
      accepted_ = estimator_.save();  // of the evaluations of a step that failed too
      complete();
      return std::move(result_);
    } catch (const Abandoned&) {
      save();
      return std::nullopt;
    }
  }

 private:
  void begin() {
    if (hooks_.resume) {
      resume(*hooks_.resume);
    } else {
      const std::vector<double> start = start_angles(options_.seed, result_.id, options_.angles);
      optimizer_->start(start);
      begin_history_entry(start);
    }
    accepted_ = estimator_.save();
    note_iterate();
  }

  void resume(const RestartCheckpoint& saved) {
    result_.expectation_crossings = saved.expectation_crossings;
    result_.string_crossings = saved.string_crossings;
    result_.history = saved.history;
    restore(saved, *optimizer_, estimator_);
    const std::size_t entries =
        options_.keep_history ? static_cast<std::size_t>(optimizer_->iterations()) + 1 : 0;
    if (saved.iterations != optimizer_->iterations() || result_.history.size() != entries)
      throw RunError(fmt::format("restart {}: its saved state is not complete", result_.id));
  }

  void iterate() {
    const int before = optimizer_->iterations();
    std::vector<double> angles_before;
    if (options_.keep_history) angles_before.assign(optimizer_->x().begin(), optimizer_->x().end());
    optimizer_->iterate();
    if (optimizer_->iterations() == before) return;
    accepted_ = estimator_.save();
    expectation_.reset();
    begin_history_entry(angles_before);
    note_iterate();
  }

  void save() {
    if (!hooks_.save || !accepted_) return;
    hooks_.save({.id = result_.id,
                 .iterations = optimizer_->iterations(),
                 .expectation_crossings = result_.expectation_crossings,
                 .string_crossings = result_.string_crossings,
                 .optimizer = joined(optimizer_->save(), *accepted_),
                 .history = result_.history});
  }

  /// E at the current iterate.
  double expectation() {
    if (!expectation_ && estimator_.exact()) expectation_ = optimizer_->value();
    if (!expectation_) expectation_ = simulation_.engine.expectation(optimizer_->x());
    return *expectation_;
  }

  /// Its expectation is filled in by note_iterate(), which may be interrupted.
  void begin_history_entry(std::span<const double> angles_before) {
    if (!options_.keep_history) return;
    RestartHistory& h = result_.history;
    h.expectation.push_back(std::numeric_limits<double>::quiet_NaN());
    h.gradient_norm.push_back(static_cast<float>(optimizer_->gradient_norm()));
    h.step.push_back(static_cast<float>(distance(optimizer_->x(), angles_before)));
    h.evaluations.push_back(estimator_.evaluations());
  }

  /// May be done twice at one iterate.
  void note_iterate() {
    if (options_.keep_history) result_.history.expectation.back() = expectation();
    const Crossing now{optimizer_->iterations(), estimator_.evaluations()};
    const double reference = simulation_.reference;
    note_crossings(
        options_.epsilons, now, [&] { return expectation() - reference; },
        result_.expectation_crossings);
    StringSearch* const strings = simulation_.engine.strings();
    if (strings == nullptr) return;
    note_crossings(
        options_.epsilons, now,
        [&] {
          const Index network = strings->most_probable(optimizer_->x()).index;
          return simulation_.costs(BitString(simulation_.costs.bits(), network)) - reference;
        },
        result_.string_crossings);
  }

  void complete() {
    const std::span<const double> angles = optimizer_->x();
    const ReturnedNetwork best = estimator_.select(angles);
    result_.status = to_status(optimizer_->status());
    result_.expectation = expectation();
    result_.gap = result_.expectation - simulation_.reference;
    result_.gradient_norm = optimizer_->gradient_norm();
    result_.iterations = optimizer_->iterations();
    result_.evaluations = estimator_.evaluations();
    result_.best_string = best.network;
    result_.best_probability = best.probability;
    result_.best_cost = best.cost;
    result_.oracle = estimator_.oracle();
    if (options_.keep_angles) result_.angles.assign(angles.begin(), angles.end());
    if (!simulation_.score) return;
    result_.scores = simulation_.score(angles, best.network);
    result_.scored = 1;
  }

  const Simulation& simulation_;
  CircuitEstimator& estimator_;
  const RestartOptions& options_;
  const RestartHooks& hooks_;
  const std::unique_ptr<Optimizer> optimizer_;
  RestartResult result_;
  std::optional<double> expectation_;
  std::optional<std::vector<double>> accepted_;  ///< state of the estimator at the last iterate
};

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
  return RunningRestart(simulation, estimator, options, id, hooks).run();
}

std::optional<RestartResult> run_restart(const Simulation& simulation,
                                         const RestartOptions& options, std::uint64_t id,
                                         const RestartHooks& hooks) {
  const auto estimator = make_exact_estimator(simulation.engine, simulation.costs);
  return run_restart(simulation, *estimator, options, id, hooks);
}

}  // namespace qhn
