#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "campaign/energy_log.hpp"
#include "campaign/experiment.hpp"
#include "campaign/folder_claim.hpp"
#include "campaign/group.hpp"
#include "campaign/output_folder.hpp"
#include "campaign/workload.hpp"
#include "comm/mpi_session.hpp"
#include "comm/shared_costs.hpp"
#include "problem/problem.hpp"
#include "record/journal.hpp"

namespace qhn {

/// A problem and its table, which the points of a sweep that agree on it share.
struct SharedProblem {
  std::shared_ptr<const Problem> problem = {};
  std::string data_sha256 = {};
  std::shared_ptr<const SharedCosts> table = {};       ///< whole; null: not made yet
  std::shared_ptr<const SharedCosts> test_table = {};  ///< of the test losses; null: not wanted
};

/// What the phases of one run of a campaign pass on; the same phases run on every rank.
struct CampaignRun {
  MpiSession& session;
  CampaignOptions options;
  std::unique_ptr<Workload> work;
  std::string point = {};           ///< its name in a sweep; empty: not of a sweep
  std::optional<Group> group = {};  ///< if several ranks hold a state
  std::map<std::string, SharedProblem>* tables = nullptr;  ///< of earlier points, by problem_key
  double memory = 0.0;  ///< plans with so many bytes; 0: with those available now

  // Set by prepare().
  Experiment experiment = {};
  IdRange slice = {};  ///< the restarts of this run
  std::filesystem::path folder_path = {};
  int threads = 1;
  int workers = 1;         ///< restarts that this rank runs at once
  MemoryNeed need = {};    ///< of this rank's node, while restarts run
  double available = 0.0;  ///< bytes of this rank's node, not counting the problem's data
  std::shared_ptr<const Problem> problem = {};  ///< until load() has made the table
  std::string data_sha256 = {};
  std::string problem_key = {};  ///< points that agree on it have the same problem
  SharedProblem shared = {};     ///< from `tables`, or empty
  Provenance provenance = {};
  std::uint64_t missing = 0;               ///< restarts to run
  std::string run = {};                    ///< the name of this run
  int writer = 0;                          ///< rank of crew() that writes this rank's records
  bool writes = false;                     ///< whether this rank writes
  std::unique_ptr<EnergyLog> energy = {};  ///< not of a point: a stage measures them together

  // Set by load().
  std::shared_ptr<const SharedCosts> table = {};
  std::shared_ptr<const SharedCosts> test_table = {};  ///< if restarts are scored
  double table_seconds = 0.0;                          ///< 0: another point made the table
  Work table_work = {};                                ///< on rank 0
  TableSummary summary = {};

  // On rank 0. Destroyed after the journal.
  std::optional<FolderClaim> folder = {};
  bool gave_up = false;  ///< interrupted while waiting for the claim
  std::optional<Announcements> announcements = {};
  std::optional<Journal> journal = {};  ///< on ranks that write records

  bool is_root() const { return session.rank() == 0; }
  bool leads() const { return !group || group->leads(); }
  /// Ranks of the farm: all, or the leaders of their groups.
  const Communicator& crew() const { return group ? group->leaders() : session.world(); }
  /// Rank 0: the header of the newest run in the folder. Null: a new campaign, or another rank.
  const JournalHeader* before() const {
    return folder && folder->before() ? &*folder->before() : nullptr;
  }
};

/// The command line's changes to the experiment. Throws InputError.
std::vector<std::string> overrides_of(const CampaignOptions& options);

/// The restarts of this run: all, or those of --ids or --array-task. Throws InputError.
IdRange asked_slice(const CampaignOptions& options, const Experiment& experiment);

/// Validates all input before any work, claims the restarts and plans. Collective.
void prepare(CampaignRun& run);

/// The meter of a run of this experiment. Collective.
std::unique_ptr<EnergyLog> make_energy_log(const CampaignRun& run);

/// Computes the cost table, tunes, and opens the journals. False: interrupted. Collective.
bool load(CampaignRun& run);

/// Bound of the ids of restarts in a run that is not alone.
constexpr std::uint64_t most_ids = std::uint64_t{1} << 40;

struct TrainingOutcome {
  std::uint64_t finished = 0;  ///< restarts
  double seconds = 0.0;        ///< of them, without the measurement of idle power
};

/// Runs the missing restarts of all `runs` through one farm and writes their records. Phases that
/// are too short to measure their energy are repeated if there is one run. Joules and seconds of
/// several are divided among them by the seconds of their tables and restarts. Several have neither
/// groups nor stopping rules, the same number of workers, and ids below most_ids. Returns the same
/// on all ranks. Collective.
TrainingOutcome train(const std::vector<CampaignRun*>& runs, EnergyLog& energy);

/// Ends a run: its claim is given up and, if no other run works on the campaign, campaign.h5
/// written. Returns the number of missing restarts on rank 0. Collective.
std::uint64_t finish(CampaignRun& run, const MergeCampaign& merge);

/// Whether `interrupted` is set on any rank. Collective.
bool any_interrupted(MpiSession& session);

}  // namespace qhn
