#pragma once

#include <string>

#include "record/campaign_folder.hpp"

namespace qhn {

/// Writes campaign.h5 in `folder` from the journals there and the existing campaign.h5, which stays
/// until the new one is complete. Prints success probabilities to stdout and damage to stderr.
/// Returns the scan of the folder.
FolderScan merge_campaign(const std::string& folder);

}  // namespace qhn
