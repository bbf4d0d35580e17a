#include "cli/merge.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>

#include "cli/verbs.hpp"
#include "core/error.hpp"
#include "core/printable.hpp"
#include "record/campaign_file.hpp"
#include "record/claims.hpp"
#include "record/output.hpp"
#include "record/sweep_index.hpp"
#include "report/campaign_statistics.hpp"
#include "report/statistics_tables.hpp"
#include "report/sweep_tables.hpp"

namespace qhn {

FolderScan merge_campaign(const std::string& folder, bool quietly) {
  CampaignMerge merge(folder);
  const auto live = liveness(list_claims(folder, stale_seconds));
  for (const std::string& line : describe_damage(merge.scan(), live)) spdlog::warn("{}", line);
  const FolderScan& scan = merge.scan();
  if (scan.only_there > 0)
    spdlog::info("{}: {} of {} restarts are only in campaign.h5; their journals are missing",
                 folder, scan.only_there, scan.done.size());
  if (merge.records() == 0) {
    spdlog::warn("{}: no restart is finished, so campaign.h5 is not written", folder);
    return merge.scan();
  }
  const std::string path = (std::filesystem::path(folder) / "campaign.h5").string();
  Summary summary(path, merge.head());
  merge.write(path, [&](const RestartRecord& record) { summary.add(record); });
  const CampaignStatistics statistics = summary.statistics();
  if (quietly) return scan;
  if (statistics.restarts > 0) print_result(success_text({statistics}) + '\n');
  print_result(printable(path) + '\n');
  return merge.scan();
}

void print_sweep(const std::string& folder) {
  const SweepIndex sweep = read_sweep_index(folder).value();
  print_result(sweep_text(sweep, read_points(folder, sweep, {}), false) + '\n' + printable(folder) +
               '\n');
}

namespace {

// Merges the campaign, or those of a sweep.
void merge_all(const std::string& folder) {
  if (!read_sweep_index(folder)) {
    merge_campaign(folder, false);
    return;
  }
  for (const std::string& its : campaigns_in(folder)) merge_campaign(its, true);
  print_sweep(folder);
}

// Moves all campaigns but the first to folders of their own, then merges each.
void separate(const std::string& folder) {
  for (const ClaimState& claim : list_claims(folder, stale_seconds))
    if (claim.live)
      throw InputError(fmt::format("{}: a run is using it: {}; allowed: once that run has ended",
                                   folder, describe(claim.holder)));
  const std::vector<SeparatedCampaign> campaigns = separate_campaigns(folder);
  for (std::size_t k = 0; k < campaigns.size(); ++k) {
    const SeparatedCampaign& c = campaigns[k];
    fmt::print("{}: {} journal{}{}{}\n", c.folder, c.journals, c.journals == 1 ? "" : "s",
               c.result ? " and campaign.h5" : "",
               k == 0 ? campaigns.size() == 1 ? "; there is only one campaign" : " stay"
                      : fmt::format(" moved here: {}", c.differences));
  }
  for (const SeparatedCampaign& c : campaigns) merge_campaign(c.folder, false);
}

}  // namespace

void add_merge(CLI::App& app) {
  auto folder = std::make_shared<std::string>();
  auto apart = std::make_shared<bool>(false);
  CLI::App* verb = app.add_subcommand("merge", "Merge the journals of a campaign into campaign.h5");
  verb->add_option("DIR", *folder, "Folder of a campaign, or of a sweep: then all its points")
      ->required()
      ->check(CLI::ExistingDirectory);
  verb->add_flag(
      "--separate", *apart,
      "If DIR holds several campaigns, move the others to DIR-2, DIR-3, …, and merge each");
  verb->footer(
      "Works at any time, also during a run. Restarts in campaign.h5 are kept, even if their "
      "journals are gone.\n"
      "Example:\n  qhn merge results/gaussian");
  verb->callback([folder, apart] {
    if (*apart)
      separate(*folder);
    else
      merge_all(*folder);
  });
}

}  // namespace qhn
