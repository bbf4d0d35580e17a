#pragma once

#include <CLI/CLI.hpp>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "app/experiment.hpp"
#include "app/machine.hpp"
#include "app/merge.hpp"
#include "app/mpi_session.hpp"
#include "farm/farm.hpp"
#include "farm/group.hpp"
#include "farm/launch.hpp"
#include "io/campaign_file.hpp"
#include "predict/work.hpp"

namespace qhn {

/// What every verb that runs a campaign is asked.
struct CampaignOptions {
  std::string experiment;
  std::vector<std::string> overrides;
  std::string out;
  std::optional<std::uint64_t> restarts;
  std::optional<std::uint64_t> seed;
  std::string simd;
  int threads = 0;  ///< 0: default_threads()
  std::string ids, array_task;
  std::string announce;
  std::string sstat;         ///< folder of Slurm's program; empty: PATH
  int ranks_per_writer = 0;  ///< 0: those of a node
  int ranks_per_state = 1;
  double stale = stale_seconds;
};
void add_campaign_options(CLI::App& verb, CampaignOptions& options);

/// The costs of a campaign; the span is empty where there is no table, and one rank's part where
/// states are spread.
struct Costs {
  std::span<const double> table;
  double minimum = 0.0;  ///< E_min, or the experiment's target
};

/// What decides which engine a run takes where that is left to it; the same on all ranks.
struct EngineTerms {
  double room = 0.0;       ///< engine_room() of the rank that has least
  std::string begun_with;  ///< the engine() of the campaign that goes on; empty: a new one
};

/// What the restarts of a campaign compute: all that differs between the verbs. The members are in
/// the order of the calls; all ranks make the same ones, but for tune().
class Workload {
 public:
  virtual ~Workload() = default;

  /// Throws InputError where this workload cannot run what the file asks for.
  virtual Experiment read(const std::string& path, const std::vector<std::string>& overrides) = 0;
  /// What is needed at least, with so many bits; before there is a problem.
  virtual MemoryNeed least_memory(int bits) const = 0;
  /// `problem` is that experiment's.
  virtual void prepare(std::shared_ptr<const Problem> problem, const EngineTerms& terms) = 0;

  virtual std::string name() const = 0;    ///< of the campaign, as results show it
  virtual std::string what() const = 0;    ///< of restarts: "48 angles"
  virtual std::string engine() const = 0;  ///< for identity and provenance
  virtual std::string toml() const = 0;    ///< the experiment as far as results depend on it
  virtual std::string remark() const { return {}; }  ///< what to say of engine(); empty: nothing
  virtual bool needs_table() const { return true; }
  /// What `rank` of a group holds of the table, where a state is spread.
  virtual IndexMap table_part(int /*rank*/) const { return {}; }
  virtual bool polls() const = 0;  ///< FarmOptions::poll_inside
  /// `memory_for_all`: there is enough for a restart on every thread.
  virtual ThreadPlan plan(const Resources& resources, std::uint64_t restarts,
                          bool memory_for_all) const = 0;
  virtual MemoryNeed memory(const ThreadPlan& plan, int workers_on_node) const = 0;
  /// What to say besides where that is more than the `available` bytes of a node.
  virtual std::string remedies(double /*available*/) const { return {}; }

  virtual void take(const Costs& costs) = 0;
  /// Rank 0 of a new campaign: finds its settings, on so many threads. nullopt: `stop` was set.
  virtual std::optional<MethodSummary> tune(int /*threads*/, const std::atomic<bool>& /*stop*/) {
    return MethodSummary{};
  }
  /// Rank 0's, of this or an earlier run.
  virtual void take(const MethodSummary&) {}
  /// What a restart that ended so, and tuning, executed; NaN: it is not counted.
  virtual Work work(const RestartResult& result) const = 0;
  virtual Work tuning_work(const MethodSummary&) const { return {}; }
  /// In every worker; where a state is spread, once on every rank of its `group`, else null.
  virtual RestartRunner make_runner(const ThreadPlan& plan, Group* group) const = 0;
};

/// One run of a campaign: plans, loads, farms out, journals, merges. Returns the exit code; 75: not
/// finished, the same call goes on. Collective.
int run_campaign(MpiSession& session, const CampaignOptions& options, Workload& work);

}  // namespace qhn
