#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "io/campaign_file.hpp"
#include "io/journal.hpp"
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
  std::vector<JournalReport> journals;
};

/// Reads all journals, running ones too; `record` gets every record, and whether there was one of
/// that restart already: only where a live run was taken for dead. Memory: the gaps between ids and
/// the restarts in flight. Throws InputError where there is no journal.
FolderScan scan_campaign(const std::string& folder,
                         const std::function<void(RestartRecord&&, bool again)>& record = {});

/// One line for whatever the scan found damaged: file, offset, what is lost. A torn end of a
/// journal whose run is still alive is no damage; `live` tells by the run's name.
std::vector<std::string> describe_damage(const FolderScan& scan,
                                         const std::function<bool(const std::string& run)>& live);

/// The campaign as the journals tell it, for write_campaign. Where its rule was satisfied, it ends
/// there: restarts_requested is that number and later records are left out. Throws RunError where
/// one restart has two different results. `scan`: what it went by.
CampaignFile collect_campaign(const std::string& folder, FolderScan& scan);

}  // namespace qhn
