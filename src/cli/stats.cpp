#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>

#include "cli/options.hpp"
#include "cli/verbs.hpp"
#include "core/error.hpp"
#include "core/printable.hpp"
#include "record/sweep_index.hpp"
#include "report/campaign_statistics.hpp"
#include "report/statistics_tables.hpp"
#include "report/sweep_tables.hpp"

namespace qhn {
namespace {

struct StatsOptions {
  std::vector<std::string> results;
  std::vector<double> epsilons;
  std::string format = "text";
  bool energy = false;
};

void run_stats(const StatsOptions& options) {
  if (const auto sweep = read_sweep_index(options.results.front());
      sweep && options.results.size() == 1 && options.format == "text") {
    const std::string& folder = options.results.front();
    fmt::print("{}",
               sweep_text(*sweep, read_points(folder, *sweep, options.epsilons), options.energy));
    return;
  }
  std::vector<std::string> results;
  for (const std::string& result : options.results) {
    const auto sweep = read_sweep_index(result);
    if (!sweep) results.push_back(result);
    if (!sweep) continue;
    for (const PointStatistics& p : read_points(result, *sweep, options.epsilons))
      results.push_back((std::filesystem::path(result) / p.point.folder).string());
  }
  if (results.empty())
    throw InputError(fmt::format("{}: no point of the sweep has restarts to count yet",
                                 options.results.front()));
  const auto campaigns = read_statistics(results, options.epsilons);
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
  verb->add_option("RESULT", options->results,
                   "Folders of campaigns or of sweeps, or campaign.h5 files")
      ->required();
  add_reals(*verb, "--epsilon", options->epsilons,
            "Gaps below which a restart succeeds, e.g. 1e-3,1e-5 (default: those of the campaigns)",
            positive_reals);
  verb->add_option("--format", options->format, "Output format (default: text)")
      ->check(CLI::IsMember(statistics_formats));
  verb->add_flag(
      "--energy", options->energy,
      "Also print the joules of the points of a sweep; those of campaigns are always printed");
  verb->footer(
      "Examples:\n  qhn stats results/gaussian\n"
      "  qhn stats results/linear results/product --epsilon 1e-4,1e-5 --format markdown");
  verb->callback([options] { run_stats(*options); });
}

}  // namespace qhn
