#pragma once

#include <cstdint>
#include <string>

#include "io/campaign_folder.hpp"
#include "record/id_set.hpp"

namespace qhn {

/// Exit code of what is not finished, but can be gone on with (spec section 10).
constexpr int incomplete = 75;

/// The restarts of a campaign that are asked about: all, or those of --ids or --array-task. It has
/// `restarts`, where that is more than its runs have asked for so far.
IdRange wanted_of(const FolderScan& scan, const std::string& ids, const std::string& array_task,
                  std::uint64_t restarts);

/// Are they all finished? Throws InputError where `folder` holds no campaign.
bool is_complete(const std::string& folder, const std::string& ids = "",
                 const std::string& array_task = "", std::uint64_t restarts = 0);

}  // namespace qhn
