#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "cli/options.hpp"
#include "cli/verbs.hpp"
#include "core/printable.hpp"
#include "report/campaign_statistics.hpp"
#include "report/statistics_tables.hpp"

namespace qhn {
namespace {

struct StatsOptions {
  std::vector<std::string> results;
  std::vector<double> epsilons;
  std::string format = "text";
};

void run_stats(const StatsOptions& options) {
  const auto campaigns = read_statistics(options.results, options.epsilons);
  if (options.format != "text")
    for (const CampaignStatistics& c : campaigns)
      for (const std::string& line : warnings(c)) spdlog::warn("{}", printable(line));
  fmt::print("{}", statistics_tables(campaigns, options.format));
}

}  // namespace

void add_stats(CLI::App& app) {
  auto options = std::make_shared<StatsOptions>();
  CLI::App* verb =
      app.add_subcommand("stats", "Print success probabilities of one or several campaigns");
  verb->add_option("RESULT", options->results, "Folders of campaigns, or campaign.h5 files")
      ->required();
  add_reals(*verb, "--epsilon", options->epsilons,
            "Gaps below which a restart succeeds, e.g. 1e-3,1e-5 (default: those of the campaigns)",
            positive_reals);
  verb->add_option("--format", options->format, "Output format (default: text)")
      ->check(CLI::IsMember(statistics_formats));
  verb->footer(
      "Examples:\n  qhn stats results/gaussian\n"
      "  qhn stats results/linear results/product --epsilon 1e-4,1e-5 --format markdown");
  verb->callback([options] { run_stats(*options); });
}

}  // namespace qhn
