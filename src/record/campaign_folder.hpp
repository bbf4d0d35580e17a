#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "record/campaign_file.hpp"
#include "record/energy.hpp"
#include "record/id_set.hpp"
#include "record/journal.hpp"
#include "record/stopping.hpp"

namespace qhn {

/// Paths of the journals of a campaign folder, oldest run first; empty: none.
std::vector<std::string> journal_paths(const std::string& folder);

/// The header of the newest run in a folder, from a journal or from campaign.h5, which holds that
/// of the run it was made after. nullopt: neither exists. Throws InputError if two of them belong
/// to different campaigns or campaign.h5 cannot be read.
std::optional<JournalHeader> campaign_header(const std::string& folder);

/// The content of the journals and the campaign.h5 of a folder, without the records.
struct FolderScan {
  JournalHeader header;  ///< of the newest run
  IdSet done;
  PrefixCount prefix{0, 0, 0.0};  ///< at the tightest ε, with the campaign's rule
  std::map<std::uint64_t, RestartCheckpoint> begun;  ///< unfinished, still wanted
  std::vector<RunEnergy> energy;  ///< of the runs that ended cleanly, sorted by name
  std::vector<JournalReport> journals;
  std::uint64_t in_file = 0;     ///< records of campaign.h5
  std::uint64_t only_there = 0;  ///< records of campaign.h5 in no journal (any more)
  std::uint64_t file_end = 0;    ///< restarts of a complete campaign.h5; else 0
  std::string file_finished;     ///< end of the last run of campaign.h5; ISO 8601
};

/// A record and its place.
struct FoundRecord {
  RestartRecord record;
  bool again;             ///< a second record of its restart: a live run had counted as dead
  std::uint32_t journal;  ///< index in FolderScan::journals, or `campaign_h5`
  std::uint64_t offset;   ///< in bytes; in campaign.h5 the row
};
inline constexpr std::uint32_t campaign_h5 = 0xffffffff;

/// Reads campaign.h5 and all journals, also of running runs. Calls `record` for every record, but
/// only once if campaign.h5 and a journal both hold it. Memory: the gaps between ids, the restarts
/// in flight, and 17 bytes per record of campaign.h5. Throws InputError if there is neither,
/// RunError if a restart has one result in campaign.h5 and another in a journal.
FolderScan scan_campaign(const std::string& folder,
                         const std::function<void(FoundRecord&&)>& record = {});

/// One line for each damage that the scan found: file, offset, what is lost. A torn end of a
/// journal whose run is alive is no damage; live(run) tests that.
std::vector<std::string> describe_damage(const FolderScan& scan,
                                         const std::function<bool(const std::string& run)>& live);

/// One of several campaigns that shared a folder, after their separation.
struct SeparatedCampaign {
  std::string folder;  ///< its folder now
  std::size_t journals = 0;
  bool result = false;      ///< campaign.h5 belongs to it
  std::string differences;  ///< from the campaign that stays
};

/// Moves all campaigns in `folder` except one to their own folders: DIR-2, DIR-3, …, the first free
/// names. The campaign of campaign.identity stays, else that of campaign.h5, else that of the
/// oldest journal. Returns all of them, the one that stays first. Throws InputError, before
/// anything is moved, if the campaign of a journal with records is unknown.
std::vector<SeparatedCampaign> separate_campaigns(const std::string& folder);

/// Makes a campaign's result file from its journals and the existing file. No record of that file
/// is lost, even if journals were deleted. Memory: 41 bytes per record, and some thousand records.
class CampaignMerge {
 public:
  /// Reads journals and file: which records exist, and where.
  explicit CampaignMerge(const std::string& folder);

  const FolderScan& scan() const { return scan_; }
  /// If the rule of the campaign was satisfied, the campaign ends there: restarts_requested is that
  /// number, and later records are left out.
  const CampaignHead& head() const { return head_; }
  std::uint64_t records() const { return shape_.count; }

  /// Writes the file to `path`, unless there is no journal. Calls `record` for every record, in
  /// ascending id. Throws RunError if a restart has two different results.
  void write(const std::string& path, const std::function<void(const RestartRecord&)>& record);

 private:
  /// The place of a record.
  struct Place {
    std::uint64_t id, offset;
    std::uint32_t journal;   // index in scan_.journals, or campaign_h5
    std::uint32_t iterates;  // of its history
  };
  std::vector<RestartRecord> read(std::span<const Place> places) const;

  std::string folder_;
  std::optional<CampaignReader> file_;
  FolderScan scan_;
  CampaignHead head_;
  RecordShape shape_;
  std::vector<Place> places_;  // by id, then in the order of the journals
};

}  // namespace qhn
