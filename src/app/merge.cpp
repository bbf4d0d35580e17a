#include "app/merge.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <memory>

#include "app/stats.hpp"
#include "app/verbs.hpp"
#include "io/campaign_file.hpp"
#include "io/claims.hpp"

namespace qhn {

FolderScan merge_campaign(const std::string& folder) {
  CampaignMerge merge(folder);
  const auto claims = list_claims(folder, stale_seconds);
  const auto live = [&](const std::string& run) {
    return std::any_of(claims.begin(), claims.end(),
                       [&](const auto& c) { return c.live && c.holder.run == run; });
  };
  for (const std::string& line : describe_damage(merge.scan(), live)) spdlog::warn("{}", line);
  if (merge.records() == 0) {
    spdlog::warn("{}: no restart is finished, no campaign.h5 is written", folder);
    return merge.scan();
  }
  const std::string path = (std::filesystem::path(folder) / "campaign.h5").string();
  Summary summary(path, merge.head());
  merge.write(path, [&](const RestartRecord& record) { summary.add(record); });
  const CampaignStatistics statistics = summary.statistics();
  if (statistics.restarts > 0) fmt::print("{}\n", success_text({statistics}));
  fmt::print("{}\n", path);
  return merge.scan();
}

void add_merge(CLI::App& app) {
  auto folder = std::make_shared<std::string>();
  CLI::App* verb = app.add_subcommand("merge", "Make campaign.h5 from a campaign's journals");
  verb->add_option("DIR", *folder, "Folder of a campaign")
      ->required()
      ->check(CLI::ExistingDirectory);
  verb->footer("Works at any time, while runs go on too. Example:\n  qhn merge results/gaussian");
  verb->callback([folder] { merge_campaign(*folder); });
}

}  // namespace qhn
