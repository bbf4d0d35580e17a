#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "campaign/experiment.hpp"
#include "campaign/output_folder.hpp"
#include "record/campaign_folder.hpp"
#include "record/claims.hpp"
#include "record/folder_identity.hpp"
#include "record/journal.hpp"
#include "record/stopping.hpp"

namespace qhn {

/// The folder of a campaign in the hands of one run: the folder is this campaign's, a range of its
/// restarts is claimed for this run, and it is known which of them the folder lacks. Rank 0 only.
class FolderClaim {
 public:
  /// Makes the folder if it does not exist. `stale`: seconds without a heartbeat after which a run
  /// counts as dead. Throws InputError.
  FolderClaim(const std::filesystem::path& path, double stale);

  /// Reads the header of the newest run in the folder. To be called once before take_up().
  void read_header();
  /// That header; nullopt: a new campaign.
  const std::optional<JournalHeader>& before() const { return before_; }

  /// Claims `slice` of the campaign `identity` for this run and finds the restarts that the
  /// folder's journals lack. False: `stop` was set while another run was claiming. Throws
  /// InputError if the folder is another campaign's or a live run holds some of the restarts.
  bool take_up(const std::string& identity, const Experiment& experiment, IdRange slice,
               const std::atomic<bool>& stop);

  const std::string& identity() const { return identity_; }
  const ClaimHolder& self() const { return self_; }
  const std::vector<IdRange>& missing() const { return missing_; }  ///< of the slice, ascending
  std::uint64_t missing_count() const;
  std::uint64_t done_before() const { return done_before_; }  ///< of the slice
  /// Checkpoints of missing restarts, by id.
  const std::map<std::uint64_t, RestartCheckpoint>& checkpoints() const { return checkpoints_; }
  PrefixCount& prefix() { return prefix_; }
  /// Whether campaign.h5 holds all restarts that are requested now.
  bool file_is_whole() const { return file_is_whole_; }
  /// The claimed restarts of `scan` that are not finished.
  std::uint64_t missing_in(const FolderScan& scan) const;

  /// Throws RunError if another run took the claim over.
  void check() const { claim_->check(); }
  /// Throws InputError if the folder now belongs to another campaign. After the journals exist.
  void confirm() const { whose_->confirm(); }
  /// All claims on the folder.
  std::vector<ClaimState> claims() const { return list_claims(folder_, stale_); }
  /// Ends the claim.
  void release();

 private:
  void claim(const std::atomic<bool>& stop);
  void require_this_campaign() const;
  void find_missing(const Experiment& experiment);

  OutputFolder made_;
  std::string folder_;
  double stale_;
  std::string identity_;
  std::optional<JournalHeader> before_;
  IdRange slice_;
  ClaimHolder self_;
  std::vector<IdRange> missing_;
  std::uint64_t done_before_ = 0;
  bool file_is_whole_ = false;
  std::map<std::uint64_t, RestartCheckpoint> checkpoints_;
  PrefixCount prefix_{0, 0, 0.0};
  std::optional<Claim> claim_;  // destroyed after the identity, before the folder
  std::optional<FolderIdentity> whose_;
};

}  // namespace qhn
