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

/// The header of the newest run that has a readable one. Throws InputError where two journals
/// belong to different campaigns.
std::optional<JournalHeader> campaign_header(const std::string& folder);

/// All that the journals of a folder hold, but for the records themselves.
struct FolderScan {
  JournalHeader header;  ///< of the newest run
  IdSet done;
  PrefixCount prefix{0, 0, 0.0};  ///< at the tightest ε, with the campaign's rule
  std::map<std::uint64_t, RestartCheckpoint> begun;  ///< in flight when last heard of, and wanted
  std::vector<RunEnergy> energy;                     ///< of the runs that came to a clean end
  std::vector<JournalReport> journals;
};

/// A record and where it was found.
struct FoundRecord {
  RestartRecord record;
  bool again;             ///< there was one of its restart already: a live run was taken for dead
  std::uint32_t journal;  ///< of FolderScan::journals
  std::uint64_t offset;
};

/// Reads all journals, running ones too; `record` gets every record. Memory: the gaps between ids
/// and the restarts in flight. Throws InputError where there is no journal.
FolderScan scan_campaign(const std::string& folder,
                         const std::function<void(FoundRecord&&)>& record = {});

/// One line for whatever the scan found damaged: file, offset, what is lost. A torn end of a
/// journal whose run is still alive is no damage; `live` tells by the run's name.
std::vector<std::string> describe_damage(const FolderScan& scan,
                                         const std::function<bool(const std::string& run)>& live);

/// Makes a campaign's result file from its journals. Memory: 24 bytes a record, and some thousand
/// records.
class CampaignMerge {
 public:
  /// Reads the journals: what is there, and where.
  explicit CampaignMerge(const std::string& folder);

  const FolderScan& scan() const { return scan_; }
  /// Where the campaign's rule was satisfied, it ends there: restarts_requested is that number, and
  /// later records are left out.
  const CampaignHead& head() const { return head_; }
  std::uint64_t records() const { return shape_.count; }

  /// Writes the file to `path`; `record` sees every record, in ascending id. Throws RunError where
  /// one restart has two different results.
  void write(const std::string& path, const std::function<void(const RestartRecord&)>& record);

 private:
  /// Where a record is.
  struct Place {
    std::uint64_t id, offset;
    std::uint32_t journal;  // of scan_.journals
  };
  std::vector<RestartRecord> read(std::span<const Place> places) const;

  std::string folder_;
  FolderScan scan_;
  CampaignHead head_;
  RecordShape shape_;
  std::vector<Place> places_;  // in ascending id; of one restart in the order of the journals
};

}  // namespace qhn
