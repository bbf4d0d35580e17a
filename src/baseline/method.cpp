#include "baseline/method.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <exception>
#include <limits>
#include <sstream>
#include <utility>

#include "baseline/controls.hpp"
#include "core/costs.hpp"
#include "core/error.hpp"
#include "problem/problem.hpp"

namespace qhn {
namespace {

constexpr double many = 1e9;

// For a network trained without an outer loop the settings of the optimizer are those of the
// method. The ranges are those of the nested search.
std::vector<SettingRange> trainer_ranges(TrainerKind kind) {
  const SearchRange& range = search_range(kind);
  const double rate = range.learning_rates[range.learning_rates.size() / 2];
  std::vector<SettingRange> ranges{{"learning_rate", rate, range.learning_rates, 1e-9, many, false},
                                   {"batch", range.batches[0], range.batches, 1, many, true},
                                   {"epochs", 9, {3, 9, 27}, 1, 1e6, true}};
  if (kind == TrainerKind::proxquant)
    ranges.push_back({"regularizer", 1e-4, range.regularizers, 0, many, false});
  return ranges;
}

TrainerKind trainer_of(const BaselineOptions& options) {
  switch (options.method) {
    case Method::proxquant:
      return TrainerKind::proxquant;
    case Method::signsgd:
      return TrainerKind::signsgd;
    case Method::nested:
      return options.inner;
    default:
      return TrainerKind::ste;
  }
}

TrainingTask training_task(const BaselineTask& task, const BaselineOptions& options) {
  return {task.network, task.data, options.selection, options.validation_fraction};
}

std::int32_t clamped(std::uint64_t n) {
  constexpr auto most = std::numeric_limits<std::int32_t>::max();
  return static_cast<std::int32_t>(std::min<std::uint64_t>(n, most));
}

struct Outcome {
  Status status = Status::converged;
  Index network = 0;
};

Outcome run_method(const BaselineTask& task, const BaselineRun& run, LossOracle& loss,
                   CounterRng& rng) {
  const auto number = [&](const char* name) { return run.settings.at(name); };
  const auto whole = [&](const char* name) { return static_cast<int>(number(name)); };
  const auto count = [&](const char* name) { return static_cast<std::uint64_t>(number(name)); };
  const TrainingTask training = training_task(task, run.options);
  switch (run.options.method) {
    case Method::random:
      random_search(loss, task.costs->bits(), count("budget"), rng);
      break;
    case Method::descent:
      steepest_descent(loss, task.costs->bits(), random_string(task.costs->bits(), rng));
      break;
    case Method::annealing:
      anneal(loss, task.costs->bits(), {count("sweeps"), number("temperature_ratio")}, rng);
      break;
    case Method::cross_entropy: {
      const int population = std::max(2, whole("population_per_bit") * task.costs->bits());
      const Status status = cross_entropy(
          loss, task.costs->bits(),
          {population, number("elite"), number("smoothing"), whole("iterations")}, rng);
      return {status, loss.best().network};
    }
    case Method::enumeration:
      loss.enumerate();
      break;
    case Method::ste:
    case Method::proxquant:
    case Method::signsgd: {
      const Index choice = random_string(task.network->choice_bits(), rng);
      const TrainerKind kind = trainer_of(run.options);
      const double regularizer = kind == TrainerKind::proxquant ? number("regularizer") : 0.0;
      Trial trial(training, {kind, number("learning_rate"), whole("batch"), regularizer}, choice,
                  rng);
      trial.train(whole("epochs"), loss, rng);
      return {Status::converged, trial.network()};
    }
    case Method::nested:
      return {Status::converged,
              nested_search(training,
                            {run.options.outer, run.options.inner, whole("epochs"),
                             whole("initialisations"), count("budget")},
                            loss, rng)};
  }
  return {Status::converged, loss.best().network};
}

// The restarts of one candidate of tuning.
struct Attempts {
  std::vector<double> losses;  // one per restart
  OracleCount bill;
  bool exhausted = false;
};

}  // namespace

const char* to_string(Method method) {
  switch (method) {
    case Method::random:
      return "random";
    case Method::descent:
      return "descent";
    case Method::annealing:
      return "annealing";
    case Method::cross_entropy:
      return "cross-entropy";
    case Method::enumeration:
      return "enumeration";
    case Method::ste:
      return "ste";
    case Method::proxquant:
      return "proxquant";
    case Method::signsgd:
      return "signsgd";
    case Method::nested:
      return "nested";
  }
  return "unknown";
}

bool trains_networks(Method method) {
  return method == Method::ste || method == Method::proxquant || method == Method::signsgd ||
         method == Method::nested;
}

std::string to_string(const Settings& settings) {
  std::vector<std::string> parts;
  for (const auto& [name, value] : settings) parts.push_back(fmt::format("{} = {}", name, value));
  return fmt::format("{}", fmt::join(parts, ", "));
}

Settings parse_settings(const std::string& text) {
  Settings settings;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, ',');) {
    std::istringstream words(part);
    std::string name, equals;
    double value = 0.0;
    if (!(words >> name >> equals >> value) || equals != "=")
      throw RunError(fmt::format("damaged settings of a method: '{}'", text));
    settings[name] = value;
  }
  return settings;
}

std::string describe(const BaselineOptions& options) {
  std::string text = to_string(options.method);
  if (options.method == Method::nested)
    text += fmt::format(" {} {}", to_string(options.outer), to_string(options.inner));
  if (trains_networks(options.method) && options.selection == Selection::validation)
    text += " validation";
  return text;
}

std::vector<SettingRange> setting_ranges(const BaselineOptions& options) {
  switch (options.method) {
    case Method::random:
      return {{"budget", 1000, {}, 1, 1e15, true}};  // only the total number of draws counts
    case Method::annealing:  // Johnson et al. (controls.cpp) vary the length over two decades
      return {{"sweeps", 100, {10, 30, 100, 300}, 1, many, true},
              {"temperature_ratio", 1e-2, {1e-1, 1e-2, 1e-3}, 1e-12, 1, false}};
    case Method::cross_entropy:  // de Boer et al. (controls.hpp): 5 to 10 n, 0.01 to 0.1, 0.4 to
                                 // 0.9
      return {{"population_per_bit", 10, {5, 10, 20}, 1, 1e6, true},
              {"elite", 0.1, {0.05, 0.1, 0.2}, 1e-9, 1, false},
              {"smoothing", 0.7, {0.4, 0.7, 0.9}, 1e-9, 1, false},
              {"iterations", 1000, {}, 1, many, true}};
    case Method::ste:
    case Method::proxquant:
    case Method::signsgd:
      return trainer_ranges(trainer_of(options));
    case Method::nested: {
      std::vector<SettingRange> ranges{{"epochs", 9, {3, 9, 27}, 1, 1e6, true},
                                       {"initialisations", 1, {1, 3}, 1, 1e6, true},
                                       {"budget", 16, {}, 1, many, true}};
      if (options.outer == Outer::random) ranges[2].values = {8, 16, 32};
      return ranges;
    }
    case Method::descent:
    case Method::enumeration:
      break;
  }
  return {};
}

Settings default_settings(const BaselineOptions& options) {
  Settings settings;
  for (const SettingRange& range : setting_ranges(options)) {
    const auto fixed = options.fixed.find(range.name);
    settings[range.name] = fixed == options.fixed.end() ? range.fallback : fixed->second;
  }
  return settings;
}

std::vector<Settings> candidate_settings(const BaselineOptions& options) {
  std::vector<Settings> candidates{default_settings(options)};
  for (const SettingRange& range : setting_ranges(options)) {
    if (range.values.empty() || options.fixed.contains(range.name)) continue;
    std::vector<Settings> more;
    for (const Settings& candidate : candidates)
      for (const double value : range.values) {
        more.push_back(candidate);
        more.back()[range.name] = value;
      }
    candidates = std::move(more);
  }
  return candidates;
}

namespace {

RestartResult run_restart_of(const BaselineTask& task, const BaselineRun& run, std::uint64_t id,
                             Stream purpose, LossOracle& loss) {
  CounterRng rng(run.seed, purpose, id);
  const Outcome outcome = run_method(task, run, loss, rng);

  RestartResult result;
  result.id = id;
  result.seed = run.seed;
  result.status = outcome.status;
  result.best_string = BitString(task.costs->bits(), outcome.network);
  result.expectation = (*task.costs)(result.best_string);
  if (!std::isfinite(result.expectation)) result.status = Status::diverged;
  result.gap = result.expectation - run.reference;
  result.gradient_norm = 0.0;
  result.iterations = loss.iterations();
  result.evaluations = clamped(loss.bill().total().evaluations);
  result.best_probability = 1.0;
  result.best_cost = result.expectation;
  result.oracle = loss.bill();

  // With selection by validation the training loss is known only at the end.
  auto course = loss.improvements();
  if (course.empty())
    course.push_back(
        {loss.iterations(), loss.bill().total().evaluations, result.expectation, outcome.network});
  for (const double epsilon : run.epsilons) {
    const auto first = std::find_if(course.begin(), course.end(), [&](const auto& improvement) {
      return improvement.loss - run.reference < epsilon;
    });
    result.expectation_crossings.push_back(
        first == course.end() ? Crossing{}
                              : Crossing{first->iteration, clamped(first->evaluation)});
  }
  result.string_crossings = result.expectation_crossings;
  return result;
}

}  // namespace

RestartResult run_baseline(const BaselineTask& task, const BaselineRun& run, std::uint64_t id,
                           Stream purpose) {
  LossOracle loss(*task.costs, task.samples);
  return run_restart_of(task, run, id, purpose, loss);
}

std::optional<Tuning> tune(const BaselineTask& task, const BaselineRun& run,
                           const std::atomic<bool>& stop) {
  const std::vector<Settings> candidates = candidate_settings(run.options);
  if (candidates.size() == 1 || run.options.tuning == 0)
    return Tuning{default_settings(run.options), {}};
  const std::uint64_t share =
      run.options.tuning * std::max<std::uint64_t>(task.samples, 1) / candidates.size();

  std::vector<Attempts> attempts(candidates.size());
  std::exception_ptr failure;
#pragma omp parallel for schedule(dynamic)
  for (std::size_t k = 0; k < candidates.size(); ++k) {
    try {
      BaselineRun candidate = run;
      candidate.settings = candidates[k];
      Attempts& mine = attempts[k];
      for (std::uint64_t id = 0; mine.bill.samples < share && !mine.exhausted && !stop; ++id) {
        LossOracle loss(*task.costs, task.samples, share - mine.bill.samples);
        try {
          mine.losses.push_back(
              run_restart_of(task, candidate, id, Stream::tuning, loss).expectation);
        } catch (const LossOracle::Exhausted&) {
          mine.exhausted = true;
        }
        mine.bill += loss.bill().total();
      }
    } catch (...) {
#pragma omp critical
      failure = std::current_exception();
    }
  }
  if (failure) std::rethrow_exception(failure);
  if (stop) return std::nullopt;

  double least = std::numeric_limits<double>::infinity(), largest = -least;
  for (const Attempts& each : attempts)
    for (const double loss : each.losses) {
      least = std::min(least, loss);
      largest = std::max(largest, loss);
    }
  Tuning tuning{default_settings(run.options), {}};
  std::ptrdiff_t most = 0;
  for (std::size_t k = 0; k < candidates.size(); ++k) {
    const auto hits =
        std::count_if(attempts[k].losses.begin(), attempts[k].losses.end(),
                      [&](double loss) { return loss <= minimizer_limit(least, largest); });
    if (hits > most) {
      most = hits;
      tuning.settings = candidates[k];
    }
    tuning.bill += attempts[k].bill;
  }
  return tuning;
}

std::uint64_t inner_training_samples(const BaselineTask& task, const BaselineRun& run) {
  return training_task(task, run.options).epoch_samples() *
         static_cast<std::uint64_t>(run.settings.at("epochs"));
}

}  // namespace qhn
