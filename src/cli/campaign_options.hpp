#pragma once

#include <CLI/CLI.hpp>

#include "campaign/workload.hpp"

namespace qhn {

/// Adds the options shared by the verbs that run campaigns (train, baseline).
void add_campaign_options(CLI::App& verb, CampaignOptions& options);

}  // namespace qhn
