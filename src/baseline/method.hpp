#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "baseline/loss_oracle.hpp"
#include "baseline/nested.hpp"
#include "core/random.hpp"
#include "record/record.hpp"

namespace qhn {

// run_baseline() runs one restart of a method (controls.hpp, trainer.hpp, nested.hpp) and makes its
// record. The method gets its losses from a loss oracle (loss_oracle.hpp), which keeps the ledger.
// tune() chooses the settings of a campaign before its first restart.

enum class Method {
  random,
  descent,
  annealing,
  cross_entropy,
  enumeration,
  ste,
  proxquant,
  signsgd,
  nested
};
const char* to_string(Method method);
inline constexpr Method all_methods[] = {
    Method::random,        Method::descent,     Method::annealing,
    Method::cross_entropy, Method::enumeration, Method::ste,
    Method::proxquant,     Method::signsgd,     Method::nested};
/// True if the method needs networks and data, not only a cost of bit strings.
bool trains_networks(Method method);

/// Settings of a method: name → number.
using Settings = std::map<std::string, double>;
/// "batch = 32, epochs = 27"; empty: "".
std::string to_string(const Settings& settings);
/// Inverse of to_string(). Throws RunError.
Settings parse_settings(const std::string& text);

/// One setting: its value without tuning, the values that tuning tries, and the allowed range.
struct SettingRange {
  std::string name;
  double fallback;
  std::vector<double> values;  ///< empty: not tuned
  double low, high;            ///< allowed range, ends included
  bool whole;                  ///< integers only
};

struct BaselineOptions {
  Method method = Method::descent;
  Outer outer = Outer::grid;                  ///< nested
  TrainerKind inner = TrainerKind::ste;       ///< nested
  Selection selection = Selection::training;  ///< for methods that train networks
  double validation_fraction = 0.2;
  Settings fixed;                 ///< set by the user, not tuned
  std::uint64_t tuning = 100000;  ///< budget in full training losses; 0: use the fallbacks
};
/// "annealing", "nested grid ste".
std::string describe(const BaselineOptions& options);

/// The settings of options.method; method.cpp cites the sources of their ranges.
std::vector<SettingRange> setting_ranges(const BaselineOptions& options);
/// The fixed settings, and the fallbacks of the others.
Settings default_settings(const BaselineOptions& options);
/// The candidates of tuning: all combinations of the values of settings that are not fixed.
std::vector<Settings> candidate_settings(const BaselineOptions& options);

/// The problem of a classical method. Shared by threads; `network` and `data` must outlive it.
struct BaselineTask {
  const CostFunction* costs = nullptr;  ///< called by several threads at once
  std::uint64_t samples = 0;            ///< training samples per loss; 0 counts as 1
  const Network* network = nullptr;
  const DataSet* data = nullptr;  ///< training samples, in the order of the data
};

/// Common to all restarts of a campaign.
struct BaselineRun {
  BaselineOptions options;
  Settings settings;
  std::uint64_t seed = 1;
  double reference = 0.0;  ///< what gaps are measured from
  std::vector<double> epsilons;
};

/// Runs one restart; the result depends only on the arguments. `purpose`: baseline or tuning, whose
/// random streams are disjoint. In the result, expectation and best_cost are the training loss of
/// the returned network (this reading is not charged), best_probability is 1, evaluations counts
/// all phases (at most 2^31 − 1; `oracle` is exact), and crossings are those of the least loss so
/// far. A method that trains one network draws its choice cell (values of the choice bits) at
/// random. Status: converged if the method came to its own end, iteration_limit if its limit ended
/// it, diverged if it found no finite loss.
RestartResult run_baseline(const BaselineTask& task, const BaselineRun& run, std::uint64_t id,
                           Stream purpose = Stream::baseline);

/// The settings of a campaign, and the evaluations spent on finding them.
struct Tuning {
  Settings settings;
  OracleCount bill;
};
/// Gives every candidate an equal share of the budget for restarts of its own. A restart that would
/// exceed the share ends unfinished; its evaluations are charged. The candidate with the most
/// restarts that ended at the least loss of all candidates wins (ties: the first). If no restart
/// finished, the defaults stay. Candidates run in parallel, with the same result for any number of
/// threads. nullopt: `stop` was set.
std::optional<Tuning> tune(const BaselineTask& task, const BaselineRun& run,
                           const std::atomic<bool>& stop);

/// Ledger samples of one inner training of a nested search: the unit of the reported cost of
/// nesting.
std::uint64_t inner_training_samples(const BaselineTask& task, const BaselineRun& run);

}  // namespace qhn
