#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstdlib>

#include "campaign/campaign_run.hpp"
#include "campaign/same_input.hpp"
#include "campaign/signals.hpp"
#include "campaign/slice.hpp"
#include "campaign/sweep_run.hpp"
#include "comm/launcher.hpp"
#include "core/paths.hpp"
#include "core/quantities.hpp"
#include "record/campaign_folder.hpp"

namespace qhn {
namespace {

std::string describe_workers(const CampaignRun& r) {
  const int ranks = r.session.size(), each = r.options.ranks_per_state;
  if (each > 1) return fmt::format("{} at once on {} ranks each", ranks / each, each);
  return ranks == 1 ? fmt::format("{} at once", r.workers)
                    : fmt::format("{} on each of {} ranks at once", r.workers, ranks);
}

}  // namespace

std::uint64_t finish(CampaignRun& r, const MergeCampaign& merge) {
  std::uint64_t missing = 0;
  r.session.agree([&] {
    if (!r.is_root()) return;
    const std::string folder = r.folder_path.string();
    const bool quietly = !r.point.empty();
    if (r.gave_up) {
      spdlog::warn("interrupted while waiting for another run: nothing was done");
      missing = std::max<std::uint64_t>(r.missing, 1);
      return;
    }
    r.journal.reset();
    r.folder->release();  // before claims(): of two runs that end at once, one sees both ended
    const auto claims = r.folder->claims();
    const auto live =
        std::count_if(claims.begin(), claims.end(), [](const ClaimState& c) { return c.live; });
    if (!campaign_header(folder)) {
      if (!quietly) spdlog::warn("interrupted: no restart is finished, nothing is written");
      missing = r.missing;
    } else if (live > 0) {
      if (!quietly)
        spdlog::info(
            "{} other run{} on {}: the last one to end writes campaign.h5 (or qhn merge {})", live,
            live == 1 ? " works" : "s work", folder, shell_quoted(folder));
      missing = r.folder->missing_in(scan_campaign(folder));
    } else {
      const FolderScan scan = merge(folder, quietly);
      missing = r.folder->missing_in(scan);
      if (missing > 0 && !quietly)
        spdlog::warn(
            "interrupted: {} of {} restarts are finished and kept, the estimates use the first "
            "{}",
            scan.done.size(), scan.prefix.end(), scan.prefix.restarts());
    }
  });
  return missing;
}

void train_alone(CampaignRun& run) {
  run.energy = make_energy_log(run);
  run.energy->begin();
  if (!load(run)) return;
  if (run.is_root())
    spdlog::info("{}: {}{} restarts of {}, {}", run.work->name(),
                 run.experiment.rule.active() ? "at most " : "", run.missing, run.work->what(),
                 describe_workers(run));
  const auto [finished, seconds] = train({&run}, *run.energy);
  if (run.is_root() && finished > 0)
    spdlog::info("{} restart{} in {}", finished, finished == 1 ? "" : "s", duration(seconds));
}

std::unique_ptr<CampaignRun> make_run(MpiSession& session, const CampaignOptions& options,
                                      const CampaignParts& parts) {
  std::unique_ptr<CampaignRun> run(new CampaignRun{session, options, parts.make_work()});
  if (options.ranks_per_state > 1)
    run->group.emplace(
        session.world(), options.ranks_per_state, interrupted,
        [](const std::string& message) { abort_parallel_run(message, 1); },
        [&session] { session.call_for_a_stop(); });
  return run;
}

// Launchers kill the other ranks, with output unwritten, if one exits with another code: it is 0 on
// all ranks but rank 0.
int run_campaign(MpiSession& session, const CampaignOptions& options, const CampaignParts& parts) {
  end_cleanly_on_signals();
  require_same_launch(session);
  session.agree([&] {
    refuse_lonely_rank(session.size(), std::getenv);
    require_ranks_per_state(options.ranks_per_state, session.size());
  });
  if (!session.narrow(session.size() / options.ranks_per_state * options.ranks_per_state,
                      &interrupted))
    return 0;

  std::vector<std::string> changes;
  Sweep sweep;
  session.agree([&] {
    changes = overrides_of(options);
    require_readable(options.experiment, session.size());
    sweep = read_sweep(options.experiment, changes);
  });
  require_same(session, {{options.experiment + ", points of [sweep]", describe(sweep), ""}});
  if (!sweep.empty()) return run_sweep(session, options, sweep, parts);
  const auto run = make_run(session, options, parts);
  prepare(*run);
  if (run->missing > 0) train_alone(*run);
  return finish(*run, parts.merge) > 0 ? incomplete : 0;
}

}  // namespace qhn
