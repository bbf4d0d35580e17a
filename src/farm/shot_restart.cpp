#include "farm/shot_restart.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>
#include <set>
#include <utility>

#include "core/aligned.hpp"
#include "core/error.hpp"
#include "core/random.hpp"
#include "state/measure.hpp"

namespace qhn {
namespace {

bool is_diagonal(GateKind kind) {
  return kind == GateKind::rz || kind == GateKind::rzz || kind == GateKind::cz;
}

bool all_finite(const std::vector<double>& numbers) {
  return std::all_of(numbers.begin(), numbers.end(), [](double x) { return std::isfinite(x); });
}

/// One restart in the making.
class ShotRestart {
 public:
  ShotRestart(Engine& engine, const Sampler& sampler, const CostOf& cost_of, const ShotTask& task,
              const RestartOptions& options, std::uint64_t id)
      : engine_(engine),
        sampler_(sampler),
        cost_of_(cost_of),
        task_(task),
        options_(options),
        live_(live_angles(*task.circuit)),
        x_(start_angles(options.seed, id, options.angles)),
        gradient_(x_.size()),
        adam_(task.shots.adam, x_.size()) {
    result_.id = id;
    result_.seed = options.seed;
    result_.expectation_crossings.resize(options.epsilons.size());
    result_.string_crossings.resize(options.epsilons.size());
  }

  bool done() const { return diverged_ || result_.iterations >= task_.shots.max_iterations; }

  /// One step; where it leads to no finite angles, or comes from no finite estimates, it is not
  /// taken and the restart is done.
  void iterate() {
    const ShotOptions& o = task_.shots;
    const std::vector<double> x = x_, gradient = gradient_;
    if (o.optimizer == ShotOptimizer::spsa || o.gradient == ShotGradient::spsa)
      estimate_by_perturbation();
    else
      estimate_by_shifts();
    if (o.optimizer == ShotOptimizer::adam) {
      adam_.step(gradient_, x_);
    } else {
      const double gain = o.spsa.step(result_.iterations);
      for (std::size_t k = 0; k < x_.size(); ++k) x_[k] -= gain * gradient_[k];
    }
    diverged_ = !all_finite(x_) || !all_finite(gradient_);
    if (diverged_) {
      x_ = x;
      gradient_ = gradient;
    } else {
      ++result_.iterations;
    }
  }

  /// What the simulation knows of this iterate; may be done twice.
  void note_iterate() {
    note(result_.expectation_crossings, [this] { return engine_.expectation(x_); });
    note(result_.string_crossings, [this] { return cost_of_(engine_.most_probable(x_).index); });
  }

  RestartResult finish() {
    select();
    RestartResult& r = result_;
    r.status = diverged_ ? Status::diverged : Status::iteration_limit;
    r.expectation = engine_.expectation(x_);
    r.gap = r.expectation - task_.minimum;
    r.gradient_norm =
        std::sqrt(std::inner_product(gradient_.begin(), gradient_.end(), gradient_.begin(), 0.0));
    r.oracle[OraclePhase::optimisation].unique = seen_.size();
    if (options_.keep_angles) r.angles = x_;
    return r;
  }

  RestartCheckpoint save() const {
    std::vector<double> numbers{static_cast<double>(result_.evaluations),
                                static_cast<double>(streams_)};
    const auto append = [&](const auto& more) {
      numbers.insert(numbers.end(), more.begin(), more.end());
    };
    append(x_);
    append(gradient_);
    append(adam_.flatten());
    append(seen_);  // below 2^53
    return {.id = result_.id,
            .iterations = result_.iterations,
            .expectation_crossings = result_.expectation_crossings,
            .string_crossings = result_.string_crossings,
            .optimizer = std::move(numbers)};
  }

  void restore(const RestartCheckpoint& saved) {
    const std::size_t n = x_.size(), adam = adam_.flatten().size();
    std::span<const double> numbers = saved.optimizer;
    if (numbers.size() < 2 + 2 * n + adam)
      throw RunError(fmt::format("restart {}: a saved state has {} numbers, not at least {}",
                                 saved.id, numbers.size(), 2 + 2 * n + adam));
    const auto take = [&](std::size_t count) {
      const auto taken = numbers.first(count);
      numbers = numbers.subspan(count);
      return taken;
    };
    result_.iterations = saved.iterations;
    result_.expectation_crossings = saved.expectation_crossings;
    result_.string_crossings = saved.string_crossings;
    result_.evaluations = static_cast<std::int32_t>(take(1)[0]);
    streams_ = static_cast<std::uint64_t>(take(1)[0]);
    std::ranges::copy(take(n), x_.begin());
    std::ranges::copy(take(n), gradient_.begin());
    adam_.restore(take(adam));
    for (const double w : numbers) seen_.insert(static_cast<Index>(w));
    bill(OraclePhase::optimisation,
         static_cast<std::uint64_t>(result_.evaluations) * task_.shots.shots);
  }

 private:
  CounterRng next_stream() {
    return {options_.seed, Stream::training_shots, result_.id << 32 | streams_++};
  }

  void bill(OraclePhase phase, std::uint64_t shots) {
    result_.oracle[phase] += {shots, 0, shots * std::max<std::uint64_t>(task_.samples, 1)};
  }

  /// E at `angles` as one circuit's shots tell it.
  double estimate(std::span<const double> angles) {
    double sum = 0.0;
    for (const Measured& m : sampler_(angles, task_.shots.shots, next_stream())) {
      sum += static_cast<double>(m.count) * m.cost;
      seen_.insert(m.network);
    }
    ++result_.evaluations;
    bill(OraclePhase::optimisation, task_.shots.shots);
    return sum / static_cast<double>(task_.shots.shots);
  }

  void estimate_by_perturbation() {
    CounterRng rng = next_stream();
    spsa_gradient([this](std::span<const double> at) { return estimate(at); }, x_,
                  task_.shots.spsa.perturbation(result_.iterations), rng, gradient_);
  }

  void estimate_by_shifts() {
    std::vector<double> shifted = x_;
    for (const int k : live_) {
      const auto at = static_cast<std::size_t>(k);
      shifted[at] = x_[at] + std::numbers::pi / 2;
      const double ahead = estimate(shifted);
      shifted[at] = x_[at] - std::numbers::pi / 2;
      gradient_[at] = (ahead - estimate(shifted)) / 2;
      shifted[at] = x_[at];
    }
  }

  void select() {
    const auto found = sampler_(x_, task_.shots.selection_shots, next_stream());
    const Measured& best = *std::ranges::min_element(found, {}, &Measured::cost);
    result_.best_string = best.network;
    result_.best_cost = best.cost;
    result_.best_probability = best.probability;
    bill(OraclePhase::selection, task_.shots.selection_shots);
    result_.oracle[OraclePhase::selection].unique = found.size();
  }

  template <class Value>
  void note(std::vector<Crossing>& crossings, const Value& value) {
    const auto open = [](const Crossing& c) { return c.iteration < 0; };
    if (std::none_of(crossings.begin(), crossings.end(), open)) return;
    const double gap = value() - task_.minimum;
    for (std::size_t e = 0; e < crossings.size(); ++e)
      if (open(crossings[e]) && gap < options_.epsilons[e])
        crossings[e] = {result_.iterations, result_.evaluations};
  }

  Engine& engine_;
  const Sampler& sampler_;
  const CostOf& cost_of_;
  const ShotTask& task_;
  const RestartOptions& options_;
  const std::vector<int> live_;
  RestartResult result_;
  std::uint64_t streams_ = 0;  // drawn so far
  std::vector<double> x_, gradient_;
  Adam adam_;
  bool diverged_ = false;
  std::set<Index> seen_;  // networks that shots of the optimisation came up with
};

}  // namespace

std::vector<int> live_angles(const Circuit& circuit) {
  std::set<int> live;
  bool last = true;  // nothing but diagonal gates and permutations comes later
  for (auto gate = circuit.gates.rbegin(); gate != circuit.gates.rend(); ++gate) {
    if (!has_angle(gate->kind)) continue;
    if (!is_diagonal(gate->kind)) last = false;
    if (gate->angle >= 0 && !last) live.insert(gate->angle);
  }
  return {live.begin(), live.end()};
}

void require_single_gates(const Circuit& circuit) {
  std::set<int> seen;
  for (const Gate& gate : circuit.gates)
    if (gate.angle >= 0 && !seen.insert(gate.angle).second)
      throw InputError(fmt::format(
          "parameter shift: angle '{}' belongs to several gates; allowed: an angle for each, or "
          "optimizer.gradient = \"spsa\"",
          circuit.angle_names.empty() ? std::to_string(gate.angle)
                                      : circuit.angle_names[static_cast<std::size_t>(gate.angle)]));
}

std::optional<RestartResult> run_shot_restart(Engine& engine, std::span<const double> costs,
                                              const ShotTask& task, const RestartOptions& options,
                                              std::uint64_t id, const RestartHooks& hooks) {
  AlignedVector<Complex> amplitudes(costs.size());
  const Sampler sampler = [&](std::span<const double> angles, std::uint64_t shots,
                              const CounterRng& rng) {
    engine.state(angles, amplitudes);
    std::vector<Measured> found;
    for (const auto& [w, count] : measure(amplitudes, shots, rng, 1))
      found.push_back({w, count, costs[w], std::norm(amplitudes[w])});
    return found;
  };
  const CostOf cost_of = [costs](Index w) { return costs[w]; };
  return run_shot_restart(engine, sampler, cost_of, task, options, id, hooks);
}

std::optional<RestartResult> run_shot_restart(Engine& engine, const Sampler& sampler,
                                              const CostOf& cost_of, const ShotTask& task,
                                              const RestartOptions& options, std::uint64_t id,
                                              const RestartHooks& hooks) {
  ShotRestart restart(engine, sampler, cost_of, task, options, id);
  if (hooks.resume) restart.restore(*hooks.resume);
  RestartCheckpoint accepted = restart.save();
  const auto save = [&] {
    if (hooks.save) hooks.save(RestartCheckpoint(accepted));
  };
  try {
    restart.note_iterate();
    while (!restart.done()) {
      accepted = restart.save();
      const auto order = hooks.next ? hooks.next() : RestartHooks::Order::go_on;
      if (order != RestartHooks::Order::go_on) save();
      if (order == RestartHooks::Order::give_up) return std::nullopt;
      restart.iterate();
      restart.note_iterate();
    }
    return restart.finish();
  } catch (const Abandoned&) {
    save();
    return std::nullopt;
  }
}

}  // namespace qhn
