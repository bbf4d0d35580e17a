#pragma once

#include <span>
#include <string>
#include <vector>

#include "record/campaign_file.hpp"

namespace qhn {

/// Full enumeration is the last row of every table of a comparison, not one of its methods.
bool is_full_enumeration(const CampaignFile& campaign);

/// The keys of the problem, which all compared results share. The hash of the data stands for its
/// path. Without the seed it is the same for all instances of the problem.
std::string problem_text(const CampaignFile& campaign, bool with_seed);

/// Returns one name per campaign; instances of one method share it. Names of methods of one kind
/// contain the keys in which these differ, those of results on the same data the keys of the runs.
std::vector<std::string> method_names(std::span<const CampaignFile> campaigns);

}  // namespace qhn
