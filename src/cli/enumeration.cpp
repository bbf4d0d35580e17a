#include "cli/enumeration.hpp"

#include <fmt/format.h>
#include <omp.h>

#include <algorithm>
#include <chrono>

#include "campaign/memory.hpp"
#include "campaign/node_memory.hpp"
#include "cli/options.hpp"
#include "comm/processors.hpp"
#include "core/costs.hpp"
#include "core/error.hpp"

namespace qhn {

void add_enumeration_options(CLI::App& verb, EnumerationOptions& options) {
  verb.add_option("EXPERIMENT", options.experiment, "Experiment file (TOML)")->required();
  add_set(verb, options.overrides);
  add_integer(verb, "--threads", options.threads,
              "Threads (default: OMP_NUM_THREADS, or all cores)", 1, max_threads);
}

void use_threads(int threads) {
  if (threads == 0) return;
  if (threads > omp_get_thread_limit())
    throw InputError(fmt::format("--threads {}: OpenMP allows {} here (OMP_THREAD_LIMIT)", threads,
                                 omp_get_thread_limit()));
  omp_set_num_threads(threads);
}

Enumeration enumerate(const EnumerationOptions& options, const EnumerationLimits& limits) {
  use_threads(options.threads);
  Enumeration e;
  e.experiment = read_experiment(options.experiment, options.overrides);
  if (limits.check) limits.check(e.experiment.problem);
  require_memory_for_data(options.experiment, e.experiment.problem, available_memory());
  const auto check = [&](int qubits) {
    if (qubits > limits.qubits)
      throw InputError(fmt::format("{}: found networks of {} bits; allowed: at most {} here",
                                   options.experiment, qubits, limits.qubits));
    const MemoryNeed need{qubits, (8.0 + limits.more) * static_cast<double>(dimension(qubits)),
                          0.0};
    require_memory(options.experiment, need, available_memory());
  };
  if (e.experiment.problem.kind != ProblemKind::table) check(network_bits(e.experiment.problem));
  e.problem = make_problem(e.experiment.problem);
  print_remarks(*e.problem);
  check(e.qubits());
  e.costs.resize(dimension(e.qubits()));
  const auto start = std::chrono::steady_clock::now();
  e.problem->costs(0, e.costs);
  require_finite(e.costs, [](Index w) { return w; });
  e.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();

  const auto [least, most] = std::ranges::minmax_element(e.costs);
  e.minimum = *least;
  e.maximum = *most;
  const double limit = minimizer_limit(e.minimum, e.maximum);
  e.tolerance = limit - e.minimum;
  const auto is_minimum = [limit](double cost) { return cost <= limit; };
  e.minimizers = static_cast<std::uint64_t>(std::ranges::count_if(e.costs, is_minimum));
  e.best_index = static_cast<Index>(std::ranges::find_if(e.costs, is_minimum) - e.costs.begin());
  return e;
}

std::string bits_of(Index w, int qubits) { return BitString(qubits, w).text(); }

void print_network(const Problem& problem, Index w) {
  if (problem.network() == nullptr) return;
  for (const DecodedValue& value : problem.decode(w))
    fmt::print("  {:<10} {}\n", value.name, value.value);
}

nlohmann::ordered_json network_json(const Problem& problem, Index w) {
  if (problem.network() == nullptr) return nullptr;
  nlohmann::ordered_json values;
  for (const DecodedValue& value : problem.decode(w)) values[value.name] = value.value;
  return values;
}

void print_scores(const Problem& problem, Index w) {
  const auto print = [](const char* name, const std::optional<Score>& score, const DataSet& data) {
    if (score)
      fmt::print("{:<12} accuracy {:.4f} (commoner label: {:.4f}), loss {:.10g} on {} samples\n",
                 name, score->accuracy, majority_accuracy(data), score->loss, score->samples);
  };
  if (problem.data() == nullptr) return;
  print("training", problem.train_score(w), problem.data()->train);
  print("test", problem.test_score(w), problem.data()->test);
}

nlohmann::ordered_json scores_json(const Problem& problem, Index w) {
  nlohmann::ordered_json out;
  const auto add = [&](const std::string& name, const std::optional<Score>& score,
                       const DataSet& data) {
    using Json = nlohmann::ordered_json;
    out[name + "_samples"] = score ? Json(score->samples) : Json(nullptr);
    out[name + "_loss"] = score ? Json(score->loss) : Json(nullptr);
    out[name + "_accuracy"] = score ? Json(score->accuracy) : Json(nullptr);
    out[name + "_majority_accuracy"] = score ? Json(majority_accuracy(data)) : Json(nullptr);
  };
  const DataSplit none;
  const DataSplit& data = problem.data() != nullptr ? *problem.data() : none;
  add("train", problem.train_score(w), data.train);
  add("test", problem.test_score(w), data.test);
  return out;
}

void print_locality(const Locality& locality) {
  fmt::print("spectrum     S, W(S), share of the variance\n");
  const auto last = std::ranges::find_if(locality.weights.rbegin(), locality.weights.rend(),
                                         [](double weight) { return weight != 0.0; });
  const auto count = static_cast<std::size_t>(locality.weights.rend() - last);
  for (std::size_t s = 0; s < count; ++s)
    fmt::print("  {:>3}  {:<24.17g}{}\n", s, locality.weights[s],
               s == 0 ? std::string() : fmt::format("  {:.6f}", locality.share(s)));
  if (count < locality.weights.size()) fmt::print("  beyond: 0 up to rounding\n");
}

double majority_accuracy(const DataSet& samples) {
  const auto ones = static_cast<double>(std::ranges::count(samples.labels, 1));
  const auto all = static_cast<double>(samples.size());
  return std::max(ones, all - ones) / all;
}

}  // namespace qhn
