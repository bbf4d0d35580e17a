#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "campaign/experiment.hpp"
#include "core/types.hpp"
#include "problem/data.hpp"
#include "problem/locality.hpp"
#include "problem/problem.hpp"

namespace qhn {

/// What the verbs that look at an experiment's costs have in common.
struct EnumerationOptions {
  std::string experiment;
  std::vector<std::string> overrides;
  int threads = 0;  ///< 0: OMP_NUM_THREADS, or all cores
};

void add_enumeration_options(CLI::App& verb, EnumerationOptions& options);

/// Sets the number of OpenMP threads if it was given. Throws InputError.
void use_threads(int threads);

/// An experiment, its problem and the costs of all 2^N networks.
struct Enumeration {
  Experiment experiment;
  std::unique_ptr<Problem> problem;
  std::vector<double> costs;
  double minimum = 0.0;  ///< E_min
  double maximum = 0.0;
  double tolerance = 0.0;        ///< costs up to this above E_min count as E_min
  std::uint64_t minimizers = 0;  ///< how many
  Index best_index = 0;          ///< the lowest of the minimizers
  double seconds = 0.0;          ///< that the costs took

  int qubits() const { return problem->bits(); }
};

/// Limits of a verb; what exceeds them is refused before anything is computed.
struct EnumerationLimits {
  double more = 0.0;  ///< bytes for each network besides its cost
  int qubits = 63;    ///< at most
  /// May refuse the problem before its data is read.
  std::function<void(const ProblemOptions&)> check = {};
};

/// Reads and enumerates. Throws InputError.
Enumeration enumerate(const EnumerationOptions& options, const EnumerationLimits& limits);

/// Parameter 0 first.
std::string bits_of(Index w, int qubits);

/// The values of network `w`, "  W1[0,0]    -1", a line each; nothing if there are no networks.
void print_network(const Problem& problem, Index w);
/// Name and value of each; null if there are no networks.
nlohmann::ordered_json network_json(const Problem& problem, Index w);

/// Loss and accuracy of network `w` on training and test samples, a line each, beside the accuracy
/// of always answering the commoner label.
void print_scores(const Problem& problem, Index w);
/// The same; null where there are no samples.
nlohmann::ordered_json scores_json(const Problem& problem, Index w);

/// W(S) and the shares of the variance, a line for each S up to the last that is not 0.
void print_locality(const Locality& locality);

/// The share of the commoner label.
double majority_accuracy(const DataSet& samples);

}  // namespace qhn
