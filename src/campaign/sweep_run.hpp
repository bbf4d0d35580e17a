#pragma once

#include <memory>

#include "campaign/campaign_run.hpp"
#include "campaign/sweep.hpp"

namespace qhn {

/// A run that is not prepared yet. Collective.
std::unique_ptr<CampaignRun> make_run(MpiSession& session, const CampaignOptions& options,
                                      const CampaignParts& parts);

/// What follows prepare() for a run with missing restarts, through a farm of its own. Collective.
void train_alone(CampaignRun& run);

/// Runs all points of a sweep, each as a campaign in a folder of its own below that of the sweep.
/// Points go through one farm as long as their tables fit into the memory and they need the same
/// workers; points with a stopping rule, a distributed state or a method that is tuned have a farm
/// each. Returns the exit code. Collective.
int run_sweep(MpiSession& session, const CampaignOptions& options, const Sweep& sweep,
              const CampaignParts& parts);

}  // namespace qhn
