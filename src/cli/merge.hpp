#pragma once

#include <string>

#include "record/campaign_folder.hpp"

namespace qhn {

/// Writes campaign.h5 in `folder` from the journals there and the existing campaign.h5, which stays
/// until the new one is complete. Prints success probabilities to stdout, unless `quietly`, and
/// damage to stderr. Returns the scan of the folder.
FolderScan merge_campaign(const std::string& folder, bool quietly);

/// Prints the success probabilities of the points of a sweep that have results.
void print_sweep(const std::string& folder);

}  // namespace qhn
