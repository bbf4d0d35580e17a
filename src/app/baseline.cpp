#include <fmt/format.h>
#include <fmt/ranges.h>
#include <omp.h>
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <memory>

#include "app/agreement.hpp"
#include "app/campaign.hpp"
#include "app/operations.hpp"
#include "app/stats.hpp"
#include "app/status.hpp"
#include "app/verbs.hpp"
#include "baseline/method.hpp"
#include "core/error.hpp"
#include "io/campaign_folder.hpp"
#include "problem/data.hpp"
#include "problem/network.hpp"
#include "record/energy.hpp"

namespace qhn {
namespace {

namespace fs = std::filesystem;

/// A classical method on the design space and the loss of an experiment.
class ClassicalWork : public Workload {
 public:
  Experiment read(const std::string& path, const std::vector<std::string>& overrides) override {
    Experiment experiment = read_experiment(path, overrides);
    // What deserves to be called the target, costs that differ by rounding included.
    if (const auto target = experiment.problem.target)
      experiment.epsilons = {target_slack(*target)};
    if (experiment.baseline.method == Method::enumeration) {
      experiment.restart_count = 1;  // there is but one
      experiment.rule = {};
    }
    experiment_ = experiment;
    return experiment;
  }
  MemoryNeed least_memory(int bits) const override { return need(bits); }
  void prepare(std::shared_ptr<const Problem> problem, const EngineTerms&) override {
    constexpr int most_bits = 48;  // days, at a thousand million networks a second
    if (experiment_.baseline.method == Method::enumeration && problem->qubits() > most_bits)
      throw InputError(
          fmt::format("enumeration looks at each of 2^{} networks; allowed: up to 2^{}",
                      problem->qubits(), most_bits));
    problem_ = std::move(problem);
  }

  std::string name() const override {
    return fmt::format("{} {}", experiment_.name, describe(experiment_.baseline));
  }
  std::string what() const override { return describe(experiment_.baseline); }
  std::string engine() const override { return "classical"; }
  std::string toml() const override { return to_baseline_toml(experiment_); }
  bool needs_table() const override { return !experiment_.problem.target; }
  bool polls() const override { return true; }
  ThreadPlan plan(const Resources& resources, std::uint64_t, bool) const override {
    return {resources.threads, 1};
  }
  MemoryNeed memory(const ThreadPlan&, int) const override { return need(problem_->qubits()); }

  void take(const Costs& costs) override {
    task_.bits = problem_->qubits();
    task_.samples = problem_->train_samples();
    task_.network = problem_->network();
    task_.data = problem_->data() ? &problem_->data()->train : nullptr;
    if (costs.table.empty())
      task_.losses = [this](Index first, std::span<double> out) { problem_->costs(first, out); };
    else
      task_.losses = [table = costs.table](Index first, std::span<double> out) {
        std::ranges::copy(table.subspan(first, out.size()), out.begin());
      };
    run_ = {experiment_.baseline, default_settings(experiment_.baseline), experiment_.restart_seed,
            costs.minimum, experiment_.epsilons};
  }
  std::optional<MethodSummary> tune(int threads, const std::atomic<bool>& stop) override {
    omp_set_num_threads(threads);
    const std::optional<Tuning> tuning = qhn::tune(task_, run_, stop);
    if (!tuning) return std::nullopt;
    if (tuning->bill.evaluations > 0)
      spdlog::info("tuned with {} evaluations of {} samples: {}", tuning->bill.evaluations,
                   tuning->bill.samples, to_string(tuning->settings));
    run_.settings = tuning->settings;
    const bool nested = experiment_.baseline.method == Method::nested;
    return MethodSummary{describe(experiment_.baseline), to_string(tuning->settings), tuning->bill,
                         nested ? inner_training_samples(task_, run_) : 0};
  }
  void take(const MethodSummary& method) override {
    run_.settings = parse_settings(method.settings);
  }
  Work work(const RestartResult& result) const override { return work_of(result.oracle.total()); }
  Work tuning_work(const MethodSummary& method) const override { return work_of(method.tuning); }
  RestartRunner make_runner(const ThreadPlan&, Group*) const override {
    return [this](std::uint64_t id, const RestartHooks&) -> std::optional<RestartResult> {
      try {
        return run_baseline(task_, run_, id);
      } catch (const Abandoned&) {
        return std::nullopt;  // not worth a checkpoint
      }
    };
  }

 private:
  MemoryNeed need(int bits) const {
    return {bits, needs_table() ? std::ldexp(8.0, bits) : 0.0, 0.0};
  }

  // A loss looked up is 8 bytes of the table; else the ledger's samples went through the network.
  Work work_of(const OracleCount& count) const {
    if (needs_table() && !trains_networks(experiment_.baseline.method))
      return {0.0, 8.0 * static_cast<double>(count.evaluations)};
    const double flops = task_.network ? forward_flops(task_.network->resolve(0)) : not_known;
    return {flops * static_cast<double>(count.samples), 0.0};
  }

  Experiment experiment_;
  std::shared_ptr<const Problem> problem_;
  BaselineTask task_;
  BaselineRun run_;
};

std::vector<std::string> methods_of(const Experiment& experiment) {
  std::vector<std::string> names;
  for (const Method method : experiment.methods) names.emplace_back(to_string(method));
  if (!names.empty()) return names;
  const ProblemKind kind = experiment.problem.kind;
  const bool networks = kind != ProblemKind::table && kind != ProblemKind::synthetic;
  for (const Method method : all_methods) {
    if (trains_networks(method) && !networks) continue;
    // Without a table there are too many networks to look at each.
    if (method == Method::enumeration && experiment.problem.target) continue;
    names.emplace_back(to_string(method));
  }
  return names;
}

// What a finished campaign asked of the loss.
void tell_costs(const std::string& folder) {
  const CampaignReader campaign(folder);
  OracleCount sum;
  campaign.for_each([&](RestartRecord&& record) { sum += record.result.oracle.total(); });
  const auto restarts = static_cast<double>(campaign.shape().count);
  spdlog::info("a restart asks for {:.1f} losses, {:.1f} of them distinct, {:.4g} samples",
               static_cast<double>(sum.evaluations) / restarts,
               static_cast<double>(sum.unique) / restarts,
               static_cast<double>(sum.samples) / restarts);
  if (const std::uint64_t inner = campaign.head().method.inner_samples)
    spdlog::info("the whole nested search costs {:.2f} inner trainings",
                 static_cast<double>(sum.samples) / restarts / static_cast<double>(inner));
}

// Fills in which methods, and the folder below which each has its own.
void choose(const CampaignOptions& options, std::vector<std::string>& methods, fs::path& folder) {
  const Experiment experiment = read_experiment(options.experiment, options.overrides);
  if (methods.empty()) methods = methods_of(experiment);
  folder = options.out;
  if (folder.empty()) folder = fs::path("results") / (experiment.name + "-baseline");
}

// Of the method that `experiment` names.
fs::path folder_of(const Experiment& experiment, const fs::path& folder) {
  std::string name = describe(experiment.baseline);
  std::replace(name.begin(), name.end(), ' ', '-');
  return folder / name;
}

// Without MPI, which may not start where a batch script asks.
bool all_complete(CampaignOptions options, std::vector<std::string> methods) {
  if (options.restarts)
    options.overrides.push_back(fmt::format("restarts.count={}", *options.restarts));
  fs::path folder;
  choose(options, methods, folder);
  return std::all_of(methods.begin(), methods.end(), [&](const std::string& method) {
    std::vector<std::string> overrides = options.overrides;
    overrides.push_back("baseline.method=" + method);
    const Experiment experiment = ClassicalWork().read(options.experiment, overrides);
    const fs::path its = folder_of(experiment, folder);
    return campaign_header(its.string()) &&
           is_complete(its.string(), options.ids, options.array_task, experiment.restart_count);
  });
}

// One campaign after the other, each in a folder of its own.
int run_baseline_verb(CampaignOptions options, std::vector<std::string> methods) {
  MpiSession session;
  require_same_launch(session);
  fs::path folder;
  std::vector<Given> mine;
  session.agree([&] {
    require_readable(options.experiment, 2);  // every method reads it
    choose(options, methods, folder);
    if (session.size() > 1)
      mine = given_experiment(read_experiment(options.experiment, options.overrides),
                              options.experiment, options.overrides);
  });
  require_same(session, mine);
  const std::vector<std::string> overrides = options.overrides;
  for (const std::string& method : methods) {
    options.overrides = overrides;
    options.overrides.push_back("baseline.method=" + method);
    session.agree([&] {
      const Experiment experiment = read_experiment(options.experiment, options.overrides);
      options.out = folder_of(experiment, folder).string();
    });
    ClassicalWork work;
    int code = run_campaign(session, options, work);
    MPI_Bcast(&code, 1, MPI_INT, 0, session.world());  // rank 0 knows
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
  CLI::App* verb =
      app.add_subcommand("baseline", "Run classical methods on an experiment's networks and loss");
  std::vector<std::string> names;
  for (const Method method : all_methods) names.emplace_back(to_string(method));
  verb->add_option("--method", options->methods,
                   fmt::format("Some of {} (default: the file's, or all that fit the problem)",
                               fmt::join(names, ", ")))
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(CLI::IsMember(names));
  add_campaign_options(*verb, options->campaign);
  verb->add_flag("--quiet-status", options->quiet_status,
                 "Run nothing, print nothing; exit code 0: all of it is complete, 75: it is not");
  verb->footer(
      "Every method is a campaign of its own, in DIR/METHOD (default: "
      "results/NAME-baseline/METHOD),\n"
      "with the journal, seeds and records of qhn train. Its settings are tuned first, on seeds "
      "of\n"
      "their own, with a budget of baseline.tuning evaluations of the loss.\n"
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
