#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <filesystem>
#include <memory>

#include "campaign/progress.hpp"
#include "campaign/slice.hpp"
#include "cli/merge.hpp"
#include "cli/options.hpp"
#include "cli/verbs.hpp"
#include "core/costs.hpp"
#include "core/error.hpp"
#include "core/printable.hpp"
#include "record/campaign_folder.hpp"
#include "record/claims.hpp"
#include "record/sweep_index.hpp"
#include "report/campaign_statistics.hpp"

namespace qhn {
namespace {

struct StatusOptions {
  std::string folder;
  double stale = stale_seconds;
  std::string ids, array_task;
  std::uint64_t restarts = 0;  // 0: the number that the folder records
  bool quiet = false;
};

void run_status(const StatusOptions& options) {
  const std::string& folder = options.folder;
  const double stale = options.stale;
  const auto header = campaign_header(folder);
  std::vector<std::pair<std::uint64_t, Status>> endings;
  std::vector<PrefixCount> ladder;
  FoundNetwork best;
  if (header)
    for (const double epsilon : header->epsilons)
      ladder.emplace_back(0, header->restarts_requested, epsilon, header->rule);
  const FolderScan scan = scan_campaign(folder, [&](FoundRecord&& found) {
    if (found.again) return;
    const RestartResult& result = found.record.result;
    endings.emplace_back(result.id, result.status);
    best.include(result);
    for (PrefixCount& count : ladder) count.add(result.id, result.gap);
  });
  const auto claims = list_claims(folder, stale);
  const auto live = liveness(claims);

  const IdRange wanted = wanted_of(scan, options.ids, options.array_task, options.restarts);
  const std::uint64_t end = wanted.end(), done = scan.done.count(wanted);
  const bool open_end = scan.header.rule.active() && !scan.prefix.satisfied();
  fmt::print("{}: {} of {}{} restarts done, {} missing\n", printable(scan.header.name), done,
             open_end ? "at most " : "", wanted.count, wanted.count - done);
  if (scan.only_there > 0)
    fmt::print("  {} of them are only in campaign.h5; their journals are missing\n",
               scan.only_there);
  std::array<std::uint64_t, 4> counts{};
  for (const auto& [id, status] : endings)  // a stopping rule may exclude later ids
    if (id >= wanted.first && id < end) ++counts.at(static_cast<std::size_t>(status));
  std::vector<std::string> parts;
  for (std::size_t s = 0; s < counts.size(); ++s)
    if (counts[s] > 0)
      parts.push_back(fmt::format("{} {}", counts[s], to_string(static_cast<Status>(s))));
  if (!parts.empty()) fmt::print("  ended: {}\n", fmt::join(parts, ", "));
  if (!scan.begun.empty())
    fmt::print("  {} unfinished restart{} saved\n", scan.begun.size(),
               scan.begun.size() == 1 ? "" : "s");

  double rate = 0.0;
  for (const JournalReport& journal : scan.journals) {
    const auto seconds = static_cast<double>(journal.modified - journal.started);
    const std::string run = journal.run();
    if (live(run) && journal.records > 0)
      rate += static_cast<double>(journal.records) / std::max(seconds, 1.0);
  }
  if (rate > 0)
    fmt::print("  rate: {:.3g}/s, {} left\n", rate,
               Progress::clock_time(static_cast<double>(wanted.count - done) / rate));
  for (const ClaimState& claim : claims)
    fmt::print("  {}: {}\n", claim.live ? "running" : "heartbeat lost",
               printable(describe(claim.holder)));
  if (claims.empty() && done < wanted.count)
    fmt::print("  no run is active; the same qhn command resumes the campaign\n");

  const TableSummary& table = scan.header.table;
  fmt::print("  gaps are counted from {}\n", describe_reference(table));
  if (!table.enumerated() && best.any())
    fmt::print("  the best network found has cost {:.10g}: {} (restart {})\n", best.cost,
               best.network.text(), best.restart);
  for (const PrefixCount& count : ladder) {
    if (count.restarts() == 0) continue;
    const Interval interval = clopper_pearson(count.successes(), count.restarts());
    const bool reached =
        !table.enumerated() && count.epsilon() == target_slack(table.reference.cost);
    fmt::print("  P({}) = {:.4f} [{:.4f}, {:.4f}] {}/{}\n",
               reached ? "target reached" : fmt::format("gap < {:g}", count.epsilon()),
               static_cast<double>(count.successes()) / static_cast<double>(count.restarts()),
               interval.low, interval.high, count.successes(), count.restarts());
  }
  if (scan.prefix.restarts() < scan.prefix.end() || scan.prefix.waiting() > 0)
    fmt::print(
        "  estimates use the first {} restarts; {} more count once earlier ones are finished\n",
        scan.prefix.restarts(), scan.prefix.waiting());
  for (const std::string& line : describe_damage(scan, live)) fmt::print("  {}\n", printable(line));
}

// Restarts of a point: requested (or of --ids or --array-task) and done.
struct PointState {
  std::uint64_t wanted = 0, done = 0;
};
PointState state_of(const IndexedPoint& point, const StatusOptions& options, bool counts_swept) {
  const std::string folder = (std::filesystem::path(options.folder) / point.folder).string();
  const std::uint64_t restarts =
      counts_swept ? point.restarts : std::max(options.restarts, point.restarts);
  if (!campaign_header(folder))
    return {slice_of(options.ids, options.array_task, restarts).count, 0};
  const FolderScan scan = scan_campaign(folder);
  const IdRange wanted = wanted_of(scan, options.ids, options.array_task, restarts);
  return {wanted.count, scan.done.count(wanted)};
}

// A line for the sweep and one for each point. Returns whether all are complete.
bool sweep_status(const SweepIndex& sweep, const StatusOptions& options) {
  PointState all;
  std::string lines;
  std::size_t complete = 0;
  const bool counts_swept = std::ranges::find(sweep.keys, "restarts.count") != sweep.keys.end();
  for (const IndexedPoint& point : sweep.points) {
    const PointState state = state_of(point, options, counts_swept);
    all.wanted += state.wanted;
    all.done += state.done;
    if (state.done == state.wanted) ++complete;
    lines += fmt::format("  {}: {} of {}\n", printable(point.folder), state.done, state.wanted);
  }
  if (!options.quiet)
    fmt::print("{}: {} of {} restarts done, {} missing; {} of {} points complete\n{}",
               printable(sweep.name), all.done, all.wanted, all.wanted - all.done, complete,
               sweep.points.size(), lines);
  return complete == sweep.points.size();
}

}  // namespace

void add_status(CLI::App& app) {
  auto options = std::make_shared<StatusOptions>();
  CLI::App* verb =
      app.add_subcommand("status", "Show the progress of a campaign, also while it runs");
  verb->add_option("DIR", options->folder, "Folder of a campaign or of a sweep")
      ->required()
      ->check(CLI::ExistingDirectory);
  add_stale(*verb, options->stale, "a run");
  CLI::Option* ids = verb->add_option("--ids", options->ids, "A:B: only restarts A to B-1");
  verb->add_option("--array-task", options->array_task, "K/M: only part K of M, as in qhn train")
      ->excludes(ids);
  add_integer(*verb, "--restarts", options->restarts,
              "Requested number of restarts, if larger than the number that DIR records", 1);
  verb->add_flag("--quiet", options->quiet,
                 "Print nothing; exit code 0: complete, 75: incomplete, 2: DIR holds no campaign");
  verb->footer(
      "Examples:\n  qhn status results/gaussian\n"
      "  qhn status --quiet results/gaussian --array-task 3/10 && echo complete");
  verb->callback([options] {
    if (const auto sweep = read_sweep_index(options->folder)) {
      if (!sweep_status(*sweep, *options) && options->quiet) throw CLI::RuntimeError(incomplete);
      return;
    }
    if (!options->quiet) return run_status(*options);
    if (!is_complete(options->folder, options->ids, options->array_task, options->restarts))
      throw CLI::RuntimeError(incomplete);
  });
}

}  // namespace qhn
