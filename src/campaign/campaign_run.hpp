#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

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

/// What the phases of one run of a campaign pass on; the same phases run on every rank.
struct CampaignRun {
  MpiSession& session;
  const CampaignOptions& options;
  Workload& work;
  std::optional<Group> group = {};  ///< if several ranks hold a state

  // Set by prepare().
  Experiment experiment = {};
  IdRange slice = {};  ///< the restarts of this run
  std::filesystem::path folder_path = {};
  int threads = 1;
  int workers = 1;         ///< restarts that this rank runs at once
  double available = 0.0;  ///< bytes of this rank's node, not counting the problem's data
  std::shared_ptr<const Problem> problem = {};  ///< until load() has made the table
  Provenance provenance = {};
  std::uint64_t missing = 0;  ///< restarts to run
  std::string run = {};       ///< the name of this run
  int writer = 0;             ///< rank of crew() that writes this rank's records
  bool writes = false;        ///< whether this rank writes
  std::optional<EnergyLog> energy = {};

  // Set by load().
  std::optional<SharedCosts> table = {};
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

/// Validates all input before any work, claims the restarts and plans. Collective.
void prepare(CampaignRun& run);

/// Computes the cost table, tunes, and opens the journals. False: interrupted. Collective.
bool load(CampaignRun& run);

struct TrainingOutcome {
  std::uint64_t finished = 0;  ///< restarts
  double seconds = 0.0;        ///< of them, without the measurement of idle power
};

/// Runs the missing restarts, writes their records, and repeats short phases to measure their
/// energy. Returns the same on all ranks. Collective.
TrainingOutcome train(CampaignRun& run);

/// Whether `interrupted` is set on any rank. Collective.
bool any_interrupted(MpiSession& session);

}  // namespace qhn
