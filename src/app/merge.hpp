#pragma once

#include <string>

#include "io/campaign_folder.hpp"

namespace qhn {

/// Makes DIR/campaign.h5 from the journals in DIR and from that file as it is, and prints what came
/// of it: the success probabilities on stdout, damage on stderr. Returns what it went by. An old
/// campaign.h5 stays until the new one is whole.
FolderScan merge_campaign(const std::string& folder);

/// Seconds without a heartbeat after which a run is taken for dead, unless told otherwise.
constexpr double stale_seconds = 60.0;

}  // namespace qhn
