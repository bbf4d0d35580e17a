#include "campaign/sweep_run.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <filesystem>
#include <map>
#include <utility>

#include "campaign/signals.hpp"
#include "campaign/slice.hpp"
#include "core/error.hpp"
#include "core/quantities.hpp"
#include "record/campaign_file.hpp"
#include "record/sweep_index.hpp"

namespace qhn {
namespace {

namespace fs = std::filesystem;

/// The most points in one farm: each holds a table, a claim and a journal.
constexpr std::size_t most_together = 64;

class SweepRun {
 public:
  SweepRun(MpiSession& session, const CampaignOptions& options, const Sweep& sweep,
           const CampaignParts& parts)
      : session_(session), options_(options), sweep_(sweep), parts_(parts) {
    folder_ = options.out.empty() ? fs::path("results") / sweep.name : fs::path(options.out);
  }

  int run() {
    begin();
    for (const SweepPoint& point : sweep_.points) {
      stopped_ = any_interrupted(session_);
      if (stopped_) break;
      take(point);
    }
    train_together();
    return report();
  }

 private:
  bool is_root() const { return session_.rank() == 0; }

  /// Writes the list of points. Collective.
  void begin() {
    session_.agree([&] {
      if (!is_root()) return;
      const std::string folder = folder_.string();
      std::error_code error;
      if (fs::exists(folder_ / "journal", error) || fs::exists(folder_ / "campaign.h5", error))
        throw InputError(fmt::format(
            "{}: holds a campaign; allowed: --out DIR with a new folder, or that of the same sweep",
            folder));
      fs::create_directories(folder_, error);
      SweepIndex index{sweep_.name, sweep_.keys, {}};
      for (const SweepPoint& point : sweep_.points) {
        const Experiment experiment =
            read_experiment(options_.experiment, overrides_of(options_of(point)));
        if (experiment.restart_count >= most_ids)
          throw InputError(fmt::format("{}: {}: found {} restarts; allowed in a sweep: below {}",
                                       options_.experiment, point.folder, experiment.restart_count,
                                       most_ids));
        index.points.push_back({point.folder, point.values, experiment.restart_count});
      }
      write_sweep_index(folder, std::move(index));
      spdlog::info("{}: {} points of {} in {}", sweep_.name, sweep_.points.size(),
                   fmt::join(sweep_.keys, ", "), folder);
    });
  }

  CampaignOptions options_of(const SweepPoint& point) const {
    CampaignOptions options = options_;
    options.overrides.insert(options.overrides.end(), point.overrides.begin(),
                             point.overrides.end());
    options.overrides.push_back(fmt::format("name={} {}", sweep_.name, point.folder));
    options.out = (folder_ / point.folder).string();
    return options;
  }

  /// Prepares a point, and trains it or keeps it for the next farm. Collective.
  void take(const SweepPoint& point) {
    std::unique_ptr<CampaignRun> run = prepared(point);
    if (run->missing == 0) return end(*run);
    if (run->group || run->experiment.rule.active()) {
      train_together();
      train_alone(*run);
      return end(*run);
    }
    if (!together_.empty() &&
        (together_.size() == most_together || together_.front()->workers != run->workers)) {
      train_together();
      run.reset();  // planned with less memory than there is now
      run = prepared(point);
      if (run->missing == 0) return end(*run);
    }
    if (!energy_) {
      energy_ = make_energy_log(*run);
      energy_->begin();
    }
    if (!load(*run)) return end(*run);
    tables_[run->problem_key] = {run->problem, run->data_sha256, run->table};
    run->problem.reset();
    together_.push_back(std::move(run));
  }

  /// If the point does not fit beside those that wait, they are trained first. Collective.
  std::unique_ptr<CampaignRun> prepared(const SweepPoint& point) {
    const CampaignOptions options = options_of(point);
    for (;;) {
      std::unique_ptr<CampaignRun> run = make_run(session_, options, parts_);
      run->point = point.folder;
      run->tables = &tables_;
      try {
        prepare(*run);
        return run;
      } catch (const InputError&) {  // on all ranks
        if (together_.empty()) throw;
      }
      run.reset();
      train_together();
    }
  }

  /// Collective.
  void train_together() {
    if (!together_.empty()) {
      std::vector<CampaignRun*> runs;
      std::uint64_t missing = 0;
      for (const auto& run : together_) {
        runs.push_back(run.get());
        missing += run->missing;
      }
      if (is_root())
        spdlog::info("{} restarts of {} point{}, {} on each of {} rank{} at once", missing,
                     runs.size(), runs.size() == 1 ? "" : "s", runs.front()->workers,
                     session_.size(), session_.size() == 1 ? "" : "s");
      energy_->end_phase("table", table_work());
      const auto [finished, seconds] = train(runs, *energy_);
      if (is_root() && finished > 0)
        spdlog::info("{} restart{} in {}", finished, finished == 1 ? "" : "s", duration(seconds));
      for (const auto& run : together_) end(*run);
    }
    together_.clear();
    tables_.clear();
    energy_.reset();
  }

  Work table_work() const {
    Work work;
    for (const auto& run : together_) work += run->table_work;
    return work;
  }

  /// Collective.
  void end(CampaignRun& run) {
    // A point that was complete before keeps the file that it has.
    std::error_code error;
    int keeps = is_root() && run.missing == 0 && !run.gave_up &&
                fs::exists(campaign_path(run.folder_path.string()), error);
    MPI_Bcast(&keeps, 1, MPI_INT, 0, session_.world());
    if (!keeps) missing_ += finish(run, parts_.merge);
  }

  /// Collective.
  int report() {
    int code = 0;
    session_.agree([&] {
      if (!is_root()) return;
      const bool whole = missing_ == 0 && !stopped_ && !interrupted;
      if (!whole)
        spdlog::warn("interrupted: the same command continues the sweep in {}", folder_.string());
      parts_.print_sweep(folder_.string());
      if (!whole) code = incomplete;
    });
    return code;
  }

  MpiSession& session_;
  const CampaignOptions& options_;
  const Sweep& sweep_;
  const CampaignParts& parts_;
  fs::path folder_;
  std::uint64_t missing_ = 0;                    // restarts of the points so far, on rank 0
  bool stopped_ = false;                         // before the last point
  std::map<std::string, SharedProblem> tables_;  // of the points that wait
  std::vector<std::unique_ptr<CampaignRun>> together_;
  std::unique_ptr<EnergyLog> energy_;  // since the first of them
};

}  // namespace

int run_sweep(MpiSession& session, const CampaignOptions& options, const Sweep& sweep,
              const CampaignParts& parts) {
  return SweepRun(session, options, sweep, parts).run();
}

}  // namespace qhn
