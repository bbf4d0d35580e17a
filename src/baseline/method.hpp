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

// How a classical method runs: a loss oracle (loss_oracle.hpp) stands between method and costs and
// keeps the ledger; a method (controls.hpp, trainer.hpp, nested.hpp) asks it; run_baseline makes
// the record of one restart of it; tune() chooses the settings of a campaign before its first
// restart.

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
/// Does it need networks and data, rather than any cost of bit strings?
bool trains_networks(Method method);

/// Named numbers a method is run with.
using Settings = std::map<std::string, double>;
/// "batch = 32, epochs = 27"; empty: "".
std::string to_string(const Settings& settings);
/// Undoes it. Throws RunError.
Settings parse_settings(const std::string& text);

/// One of them: what it is without tuning, where tuning looks, and what a user may set.
struct SettingRange {
  std::string name;
  double fallback;
  std::vector<double> values;  ///< empty: not tuned
  double low, high;            ///< allowed, both included
  bool whole;                  ///< a whole number
};

struct BaselineOptions {
  Method method = Method::descent;
  Outer outer = Outer::grid;                  ///< nested
  TrainerKind inner = TrainerKind::ste;       ///< nested
  Selection selection = Selection::training;  ///< methods that train networks
  double validation_fraction = 0.2;
  Settings fixed;  ///< by the user: not tuned
  std::uint64_t tuning =
      100000;  ///< budget in evaluations of the whole training loss; 0: fallbacks
};
/// "annealing", "nested grid ste".
std::string describe(const BaselineOptions& options);

/// The settings of options.method, with the sources of their ranges in method.cpp.
std::vector<SettingRange> setting_ranges(const BaselineOptions& options);
/// Fixed settings and fallbacks.
Settings default_settings(const BaselineOptions& options);
/// What tuning chooses from: every combination of the values that are not fixed.
std::vector<Settings> candidate_settings(const BaselineOptions& options);

/// The costs as methods see them. Shared by threads; what is pointed to must outlive it.
struct BaselineTask {
  int bits = 0;
  Losses losses;              ///< may be called by several threads at once
  std::uint64_t samples = 0;  ///< training samples behind one loss; 0 counts as 1
  const Network* network = nullptr;
  const DataSet* data = nullptr;  ///< training samples, in the order of the data
};

/// What all restarts of a campaign have in common.
struct BaselineRun {
  BaselineOptions options;
  Settings settings;
  std::uint64_t seed = 1;
  double minimum = 0.0;  ///< E_min, or the target where it is not known
  std::vector<double> epsilons;
};

/// One restart; depends on nothing but its arguments. `purpose`: baseline, or tuning, whose streams
/// are disjoint. In the result expectation and best_cost are the training loss of the network that
/// the method hands over (its reading is not billed), best_probability is 1, evaluations those of
/// all phases (at most 2^31 − 1; `oracle` is exact), and crossings those of the least loss so far.
/// A method that trains one network draws its choice cell at random. Status: converged where the
/// method came to its own end, iteration_limit where its limit ended it, diverged where it found no
/// finite loss.
RestartResult run_baseline(const BaselineTask& task, const BaselineRun& run, std::uint64_t id,
                           Stream purpose = Stream::baseline);

/// What a campaign is run with, and what it cost to find that.
struct Tuning {
  Settings settings;
  OracleCount bill;
};
/// Every candidate gets an equal share of the budget for restarts of its own; where that ends, so
/// does its last restart, unfinished but billed. The candidate whose restarts ended at the least
/// loss seen most often wins, of equals the first; if none finished a restart, the defaults stay.
/// Candidates run in parallel, with the same outcome for any number of threads. nullopt: `stop` was
/// set.
std::optional<Tuning> tune(const BaselineTask& task, const BaselineRun& run,
                           const std::atomic<bool>& stop);

/// Samples of the ledger of one inner training of a nested search: the unit in which the cost of
/// nesting is told.
std::uint64_t inner_training_samples(const BaselineTask& task, const BaselineRun& run);

}  // namespace qhn
