#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "record/campaign_file.hpp"

namespace qhn {

/// The results of a campaign, without what they cost.
inline std::vector<RestartResult> results_of(const CampaignFile& campaign) {
  std::vector<RestartResult> results;
  for (const RestartRecord& record : campaign.records) results.push_back(record.result);
  return results;
}
inline std::vector<RestartResult> results_of(const std::string& folder) {
  return results_of(read_campaign(folder));
}

inline void expect_words(const std::string& text, const std::vector<std::string>& words) {
  for (const std::string& word : words)
    EXPECT_NE(text.find(word), std::string::npos) << "'" << word << "' not in: " << text;
}

}  // namespace qhn
