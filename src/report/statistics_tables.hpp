#pragma once

#include <string>
#include <vector>

#include "report/campaign_statistics.hpp"

namespace qhn {

/// Success probabilities of several campaigns side by side, as text for users. All campaigns must
/// have the same epsilons.
std::string success_text(const std::vector<CampaignStatistics>& campaigns);

/// The joules of their phases; part of success_text().
std::string energy_text(const std::vector<CampaignStatistics>& campaigns);

/// The same as success_text() in a format of statistics_formats; "text" is success_text().
std::string statistics_tables(const std::vector<CampaignStatistics>& campaigns,
                              const std::string& format);
inline const std::vector<std::string> statistics_formats{"text", "csv", "markdown", "latex",
                                                         "json"};

/// Warnings about numbers that may mislead. Contained in success_text(), in no other format.
std::vector<std::string> warnings(const CampaignStatistics& campaign);

}  // namespace qhn
