#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <memory>

#include "baseline/method.hpp"
#include "campaign/classical_work.hpp"
#include "campaign/same_input.hpp"
#include "campaign/slice.hpp"
#include "campaign/sweep.hpp"
#include "cli/campaign_options.hpp"
#include "cli/merge.hpp"
#include "cli/verbs.hpp"
#include "comm/mpi_session.hpp"
#include "core/error.hpp"
#include "record/campaign_folder.hpp"

namespace qhn {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> methods_of(const Experiment& experiment) {
  std::vector<std::string> names;
  for (const Method method : experiment.methods) names.emplace_back(to_string(method));
  if (!names.empty()) return names;
  for (const Method method : all_methods) {
    if (trains_networks(method) && !has_networks(experiment.problem)) continue;
    // A problem with a target has too many networks to enumerate.
    if (method == Method::enumeration && experiment.problem.target) continue;
    names.emplace_back(to_string(method));
  }
  return names;
}

// Logs the mean number of loss evaluations of a restart.
void tell_costs(const std::string& folder) {
  const CampaignReader campaign(folder);
  OracleCount sum;
  campaign.for_each([&](RestartRecord&& record) { sum += record.result.oracle.total(); });
  const auto restarts = static_cast<double>(campaign.shape().count);
  spdlog::info("mean per restart: {:.1f} losses, {:.1f} of them distinct, {:.4g} samples",
               static_cast<double>(sum.evaluations) / restarts,
               static_cast<double>(sum.unique) / restarts,
               static_cast<double>(sum.samples) / restarts);
  if (const std::uint64_t inner = campaign.head().method.inner_samples)
    spdlog::info("the whole nested search costs {:.2f} inner trainings",
                 static_cast<double>(sum.samples) / restarts / static_cast<double>(inner));
}

// The experiment, or the first point of its sweep.
Experiment first_experiment(const CampaignOptions& options) {
  const Sweep sweep = read_sweep(options.experiment, options.overrides);
  return read_experiment(
      options.experiment,
      sweep.empty() ? options.overrides : sweep.points.front().on_top_of(options.overrides));
}

// Sets `methods`, if empty, and `folder`, in which each method has its own folder.
void choose(const CampaignOptions& options, std::vector<std::string>& methods, fs::path& folder) {
  const Experiment experiment = first_experiment(options);
  if (methods.empty()) methods = methods_of(experiment);
  folder = options.out;
  if (folder.empty()) folder = fs::path("results") / (experiment.name + "-baseline");
}

// The folder of the method of `experiment`.
fs::path folder_of(const Experiment& experiment, const fs::path& folder) {
  std::string name = describe(experiment.baseline);
  std::replace(name.begin(), name.end(), ' ', '-');
  return folder / name;
}

// Whether the campaign of a method is there and complete.
bool is_whole(const CampaignOptions& options, const std::vector<std::string>& overrides,
              const fs::path& folder) {
  const Experiment experiment = make_classical_work()->read(options.experiment, overrides);
  return campaign_header(folder.string()) &&
         is_complete(folder.string(), options.ids, options.array_task, experiment.restart_count);
}

// Works without MPI, which may be unable to start in a batch script.
bool all_complete(CampaignOptions options, std::vector<std::string> methods) {
  if (options.restarts)
    options.overrides.push_back(fmt::format("restarts.count={}", *options.restarts));
  if (options.seed) options.overrides.push_back(fmt::format("restarts.seed={}", *options.seed));
  fs::path folder;
  choose(options, methods, folder);
  return std::all_of(methods.begin(), methods.end(), [&](const std::string& method) {
    CampaignOptions its = options;
    its.overrides.push_back("baseline.method=" + method);
    const fs::path where = folder_of(first_experiment(its), folder);
    const Sweep sweep = read_sweep(its.experiment, its.overrides);
    if (sweep.empty()) return is_whole(its, its.overrides, where);
    return std::ranges::all_of(sweep.points, [&](const SweepPoint& point) {
      return is_whole(its, point.on_top_of(its.overrides), where / point.folder);
    });
  });
}

// Runs one campaign per method, each in its own folder. Collective.
int run_baseline_verb(CampaignOptions options, std::vector<std::string> methods) {
  MpiSession session;
  require_same_launch(session);
  fs::path folder;
  std::vector<Given> mine;
  session.agree([&] {
    require_readable(options.experiment, 2);  // every method reads it
    choose(options, methods, folder);
    if (session.size() > 1)
      mine = given_experiment(first_experiment(options), options.experiment, options.overrides);
  });
  require_same(session, mine);
  const std::vector<std::string> overrides = options.overrides;
  for (const std::string& method : methods) {
    options.overrides = overrides;
    options.overrides.push_back("baseline.method=" + method);
    session.agree([&] { options.out = folder_of(first_experiment(options), folder).string(); });
    int code = run_campaign(session, options, {make_classical_work, merge_campaign, print_sweep});
    session.world().broadcast(code);  // known on rank 0
    if (code != 0) return session.rank() == 0 ? code : 0;
    session.agree([&] {
      if (session.rank() == 0 && fs::exists(campaign_path(options.out))) tell_costs(options.out);
    });
  }
  return 0;
}

}  // namespace

void add_baseline(CLI::App& app) {
  struct Options {
    CampaignOptions campaign;
    std::vector<std::string> methods;
    bool quiet_status = false;
  };
  auto options = std::make_shared<Options>();
  CLI::App* verb = app.add_subcommand(
      "baseline", "Run classical methods on the networks and loss of an experiment");
  std::vector<std::string> names;
  for (const Method method : all_methods) names.emplace_back(to_string(method));
  verb->add_option(
          "--method", options->methods,
          fmt::format(
              "Methods to run: {} (default: those of the file, or all that suit the problem)",
              fmt::join(names, ", ")))
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(CLI::IsMember(names));
  add_campaign_options(*verb, options->campaign);
  verb->add_flag("--quiet-status", options->quiet_status,
                 "Run and print nothing; exit code 0: all methods are complete, 75: incomplete");
  verb->footer(
      "Each method is a campaign in a folder of its own: DIR/METHOD (default: "
      "results/NAME-baseline/METHOD).\n"
      "Journal, seeds and records are as in qhn train. The settings of a method are tuned first, "
      "with\n"
      "separate seeds and a budget of baseline.tuning evaluations of the loss.\n"
      "Examples:\n  qhn baseline jobs/experiments/mnist-01.toml --method descent --restarts 1000\n"
      "  qhn baseline jobs/experiments/gaussian.toml --method nested --set baseline.outer=halving\n"
      "  qhn stats results/gaussian-baseline/*");
  verb->callback([options] {
    if (options->quiet_status) {
      if (!all_complete(options->campaign, options->methods)) throw CLI::RuntimeError(incomplete);
      return;
    }
    const int code = run_baseline_verb(options->campaign, options->methods);
    if (code != 0) throw CLI::RuntimeError(code);
  });
}

}  // namespace qhn
