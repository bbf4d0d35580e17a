#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "campaign/experiment.hpp"
#include "campaign/farm.hpp"
#include "campaign/group.hpp"
#include "campaign/memory.hpp"
#include "comm/mpi_session.hpp"
#include "perf/work.hpp"
#include "problem/data.hpp"
#include "problem/network.hpp"
#include "record/campaign_file.hpp"
#include "record/campaign_folder.hpp"
#include "record/claims.hpp"

namespace qhn {

/// Options of the verbs that run a campaign.
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
  std::string sstat;         ///< folder of Slurm's sstat; empty: PATH
  int ranks_per_writer = 0;  ///< 0: all ranks of a node
  int ranks_per_state = 1;
  double stale = stale_seconds;
};

/// Input of the choice of an engine; the same on all ranks.
struct EngineTerms {
  double engine_memory = 0.0;  ///< least memory_for_engine() of all ranks
  std::string begun_with;      ///< engine() of the campaign to continue; empty: a new one
};

/// What restarts are scored with.
struct TestCosts {
  std::span<const double> table;  ///< losses on the test samples; laid out as the costs
  std::shared_ptr<const Network> network = {};  ///< with its data, for accuracies
  DataSplit data = {};
};

/// What the restarts of a campaign compute: the part of a run that differs between verbs. Members
/// are in the order of their calls; all ranks make the same calls, except tune().
class Workload {
 public:
  virtual ~Workload() = default;

  /// Reads the experiment. Throws InputError also if this workload cannot run it.
  virtual Experiment read(const std::string& path, const std::vector<std::string>& overrides) = 0;
  /// Lower bound of the memory for networks of `bits` bits; called before the problem is loaded.
  virtual MemoryNeed least_memory(int bits) const = 0;
  /// `problem`: that of the experiment. Throws InputError.
  virtual void prepare(std::shared_ptr<const Problem> problem, const EngineTerms& terms) = 0;

  virtual std::string name() const = 0;              ///< of the campaign, as shown in results
  virtual std::string what() const = 0;              ///< describes a restart: "48 angles"
  virtual std::string engine() const = 0;            ///< for identity and provenance
  virtual std::string toml() const = 0;              ///< the keys that results depend on
  virtual std::string remark() const { return {}; }  ///< log line about engine(); empty: none
  virtual bool needs_table() const { return true; }
  /// Whether it needs test losses too.
  virtual bool scores() const { return false; }
  /// The part of the table on `rank` of a group, if states are distributed.
  virtual IndexMap table_part(int /*rank*/) const { return {}; }
  virtual bool polls() const = 0;  ///< FarmOptions::poll_inside
  /// Whether tune() may compute. Points of a sweep that do are trained one after the other.
  virtual bool tunes() const { return false; }
  /// Divides the threads of this rank among `restarts` restarts; returns how many run at once.
  virtual int assign_threads(const Resources& resources, std::uint64_t restarts) = 0;
  virtual MemoryNeed memory(int workers_on_node) const = 0;
  /// Provenance::plan, after assign_threads().
  virtual std::string plan() const { return {}; }
  /// End of the error message if memory() exceeds the `available` bytes of a node.
  virtual std::string remedies(double /*available*/) const { return {}; }

  /// `table`: empty without a cost table, this rank's part if states are distributed. It must
  /// outlive the runners.
  virtual void take(std::span<const double> table, const Reference& reference) = 0;
  /// Before the table, if scores().
  virtual void take(const TestCosts&) {}
  /// On rank 0 of a new campaign: finds the settings on this many threads. nullopt: stopped.
  virtual std::optional<MethodSummary> tune(int /*threads*/, const std::atomic<bool>& /*stop*/) {
    return MethodSummary{};
  }
  /// Takes the settings found by rank 0 in this or an earlier run.
  virtual void take(const MethodSummary&) {}
  /// Operations of a restart with this result, and of tuning; NaN: not counted.
  virtual Work work(const RestartResult& result) const = 0;
  virtual Work tuning_work(const MethodSummary&) const { return {}; }
  /// Called in every worker or, if states are distributed, once on every rank of a group. `group`
  /// is null otherwise.
  virtual RestartRunner make_runner(Group* group) const = 0;
};

/// Writes DIR/campaign.h5 and, unless `quietly`, prints its results; called on rank 0.
using MergeCampaign = std::function<FolderScan(const std::string& folder, bool quietly)>;

/// What the verbs bring along.
struct CampaignParts {
  std::function<std::unique_ptr<Workload>()> make_work;
  MergeCampaign merge;
  /// Prints the results of a sweep; called at its end, on rank 0.
  std::function<void(const std::string& folder)> print_sweep;
};

/// One run of a campaign, or of all points of a sweep: plans, loads, runs the restarts, writes
/// journals, merges. Returns the exit code; 75: not finished, the same call continues. Collective.
int run_campaign(MpiSession& session, const CampaignOptions& options, const CampaignParts& parts);

}  // namespace qhn
