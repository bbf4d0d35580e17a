#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "io/campaign_file.hpp"
#include "io/journal.hpp"
#include "record/energy.hpp"
#include "record/id_set.hpp"
#include "record/stopping.hpp"

namespace qhn {

/// Journals of a campaign folder, oldest run first. Empty: the folder holds none.
std::vector<std::string> journal_paths(const std::string& folder);

/// The header of the newest run that the folder knows of, by a journal or by campaign.h5, which
/// says the same of the run that it was made after. Throws InputError where two of them belong to
/// different campaigns, and where there is a campaign.h5 that cannot be read.
std::optional<JournalHeader> campaign_header(const std::string& folder);

/// All that the journals and the campaign.h5 of a folder hold, but for the records themselves.
struct FolderScan {
  JournalHeader header;  ///< of the newest run
  IdSet done;
  PrefixCount prefix{0, 0, 0.0};  ///< at the tightest ε, with the campaign's rule
  std::map<std::uint64_t, RestartCheckpoint> begun;  ///< in flight when last heard of, and wanted
  std::vector<RunEnergy> energy;  ///< of the runs that came to a clean end, by their names
  std::vector<JournalReport> journals;
  std::uint64_t in_file = 0;     ///< records of campaign.h5
  std::uint64_t only_there = 0;  ///< those of them that no journal holds (any more)
  std::uint64_t file_end = 0;    ///< where a campaign.h5 without gaps says that the campaign ends
  std::string file_finished;     ///< when campaign.h5 says that its last run ended; ISO 8601
};

/// A record and where it was found.
struct FoundRecord {
  RestartRecord record;
  bool again;             ///< there was one of its restart already: a live run was taken for dead
  std::uint32_t journal;  ///< of FolderScan::journals, or `campaign_h5`
  std::uint64_t offset;   ///< bytes; in campaign.h5 rows
};
inline constexpr std::uint32_t campaign_h5 = 0xffffffff;

/// Reads campaign.h5 and all journals, running ones too; `record` gets every record, but once only
/// those of campaign.h5 that a journal holds as well. Memory: the gaps between ids, the restarts in
/// flight, and 17 bytes a record of campaign.h5. Throws InputError where there is neither, RunError
/// where a restart has one result in campaign.h5 and another in a journal.
FolderScan scan_campaign(const std::string& folder,
                         const std::function<void(FoundRecord&&)>& record = {});

/// One line for whatever the scan found damaged: file, offset, what is lost. A torn end of a
/// journal whose run is still alive is no damage; `live` tells by the run's name.
std::vector<std::string> describe_damage(const FolderScan& scan,
                                         const std::function<bool(const std::string& run)>& live);

/// What became of one of several campaigns that shared a folder.
struct SeparatedCampaign {
  std::string folder;  ///< where it is now
  std::size_t journals = 0;
  bool result = false;      ///< it had the folder's campaign.h5
  std::string differences;  ///< from the campaign that stays
};

/// Moves every campaign in `folder` but one to folders of their own: DIR-2, DIR-3, …, the first
/// that are free. The one that campaign.identity names stays, else that of campaign.h5, else that
/// of the oldest journal. Returns them all, the one that stays first. Throws InputError where it
/// cannot be told what a journal with records belongs to, before anything is moved.
std::vector<SeparatedCampaign> separate_campaigns(const std::string& folder);

/// Makes a campaign's result file from its journals and from the file as it is, of which no record
/// is lost: journals may have been purged. Memory: 41 bytes a record, and some thousand records.
class CampaignMerge {
 public:
  /// Reads journals and file: what is there, and where.
  explicit CampaignMerge(const std::string& folder);

  const FolderScan& scan() const { return scan_; }
  /// Where the campaign's rule was satisfied, it ends there: restarts_requested is that number, and
  /// later records are left out.
  const CampaignHead& head() const { return head_; }
  std::uint64_t records() const { return shape_.count; }

  /// Writes the file to `path`, or leaves it alone where there is no journal; `record` sees every
  /// record, in ascending id. Throws RunError where one restart has two different results.
  void write(const std::string& path, const std::function<void(const RestartRecord&)>& record);

 private:
  /// Where a record is.
  struct Place {
    std::uint64_t id, offset;
    std::uint32_t journal;  // of scan_.journals, or campaign_h5
  };
  std::vector<RestartRecord> read(std::span<const Place> places) const;

  std::string folder_;
  std::optional<CampaignReader> file_;
  FolderScan scan_;
  CampaignHead head_;
  RecordShape shape_;
  std::vector<Place> places_;  // in ascending id; of one restart in the order of the journals
};

}  // namespace qhn
