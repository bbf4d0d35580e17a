#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "record/campaign_folder.hpp"
#include "record/id_set.hpp"

namespace qhn {

/// The restarts of --ids A:B or --array-task K/M among `count` restarts; all if both are empty. At
/// most one may be given. Throws InputError.
IdRange slice_of(const std::string& ids, const std::string& array_task, std::uint64_t count);

/// The first `count` of `ids`, shifted by `repetition` · 2^28: restarts that a repetition runs for
/// energy measurements. A campaign of 2^28 restarts needs no repetition, so no id is used twice.
std::vector<IdRange> fresh_ids(const std::vector<IdRange>& ids, std::uint64_t count,
                               int repetition);

/// Exit code of an incomplete campaign; the same command continues it.
constexpr int incomplete = 75;

/// The requested restarts of a campaign: all, or those of --ids or --array-task. The campaign has
/// `restarts` restarts, or as many as its runs have requested if that is more. Throws InputError.
IdRange wanted_of(const FolderScan& scan, const std::string& ids, const std::string& array_task,
                  std::uint64_t restarts);

/// Whether the wanted_of() restarts are all finished. Throws InputError if `folder` has no
/// campaign.
bool is_complete(const std::string& folder, const std::string& ids = "",
                 const std::string& array_task = "", std::uint64_t restarts = 0);

}  // namespace qhn
