#include "campaign/sweep_run.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <utility>

#include "campaign/memory.hpp"
#include "campaign/signals.hpp"
#include "campaign/slice.hpp"
#include "core/error.hpp"
#include "core/quantities.hpp"
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
      SweepIndex index{sweep_.name, sweep_.keys, {}};
      for (const SweepPoint& point : sweep_.points)
        index.points.push_back({point.folder, point.values, restarts_of(point)});
      fs::create_directories(folder_, error);
      write_sweep_index(folder, std::move(index));
      spdlog::info("{}: {} points of {} in {}", sweep_.name, sweep_.points.size(),
                   fmt::join(sweep_.keys, ", "), folder);
    });
  }

  /// The number of restarts of a point. Throws InputError if the point cannot be run.
  std::uint64_t restarts_of(const SweepPoint& point) const {
    const CampaignOptions options = options_of(point);
    try {
      const Experiment experiment =
          parts_.make_work()->read(options.experiment, overrides_of(options));
      asked_slice(options, experiment);
      if (experiment.restart_count >= most_ids)
        throw InputError(fmt::format("found {} restarts; allowed in a sweep: below {}",
                                     experiment.restart_count, most_ids));
      return experiment.restart_count;
    } catch (const InputError& error) {
      throw InputError(fmt::format("{}: {}", point.folder, error.what()));
    }
  }

  CampaignOptions options_of(const SweepPoint& point) const {
    CampaignOptions options = options_;
    options.overrides = point.on_top_of(std::move(options.overrides));
    options.overrides.push_back(fmt::format("name={} {}", sweep_.name, point.folder));
    options.out = (folder_ / point.folder).string();
    return options;
  }

  /// Prepares a point, and trains it or keeps it for the next farm. Collective.
  void take(const SweepPoint& point) {
    std::unique_ptr<CampaignRun> run = prepared(point);
    if (run->missing == 0) return end(*run);
    if (run->group || run->work->tunes() || run->experiment.rule.active()) {
      train_together();
      run->shared = {};
      tables_.clear();
      train_alone(*run);
      return end(*run);
    }
    if (!fits_beside(*run) || !loaded(*run)) {
      run.reset();
      train_together();
      run = prepared(point);
      if (run->missing == 0) return end(*run);
      loaded(*run);
    }
    if (!run->table) return end(*run);  // interrupted
    tables_[run->problem_key].table = run->table;
    tables_[run->problem_key].test_table = run->test_table;
    table_bytes_ += run->shared.table ? 0.0 : run->need.table;
    state_bytes_ = std::max(state_bytes_, run->need.states);
    together_.push_back(std::move(run));
  }

  /// A point with its plan, which does not depend on the points that wait: they are trained first
  /// if they are in the way. Collective.
  std::unique_ptr<CampaignRun> prepared(const SweepPoint& point) {
    for (;;) {
      std::unique_ptr<CampaignRun> run = make_run(session_, options_of(point), parts_);
      run->point = point.folder;
      run->tables = &tables_;
      run->memory = together_.empty() ? 0.0 : together_.front()->available;
      try {
        prepare(*run);
        if (!run->shared.problem) {  // of those without a table the newest is enough
          std::erase_if(tables_, [](const auto& t) { return !t.second.table; });
          tables_[run->problem_key] = {run->problem, run->data_sha256, nullptr};
        }
        return run;
      } catch (...) {
        if (together_.empty() || !session_.caught_agreed_failure()) throw;
      }
      run.reset();
      train_together();
    }
  }

  /// Whether the points that wait and `run` can train together. Collective.
  bool fits_beside(const CampaignRun& run) const {
    if (together_.empty()) return true;
    const double tables = table_bytes_ + (run.shared.table ? 0.0 : run.need.table);
    const double states = std::max(state_bytes_, run.need.states);
    const bool no_room = !run.shared.table && run.need.table > available_memory();
    int too_much = no_room || together_.size() == most_together ||
                   together_.front()->workers != run.workers || tables + states > run.available;
    MPI_Allreduce(MPI_IN_PLACE, &too_much, 1, MPI_INT, MPI_MAX, session_.world());
    return too_much == 0;
  }

  /// Loads the table. False: it cannot be made beside those of the points that wait. Collective.
  bool loaded(CampaignRun& run) {
    if (!energy_) {
      energy_ = make_energy_log(run);
      energy_->begin();
    }
    try {
      if (!load(run)) run.table.reset();
      return true;
    } catch (...) {
      if (together_.empty() || !session_.caught_agreed_failure()) throw;
    }
    return false;
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
      for (const auto& run : together_) run->shared = {};
      tables_.clear();  // problems are not needed any more, tables are in the runs
      energy_->end_phase("table", table_work());
      const auto [finished, seconds] = train(runs, *energy_);
      if (is_root() && finished > 0)
        spdlog::info("{} restart{} in {}", finished, finished == 1 ? "" : "s", duration(seconds));
      for (const auto& run : together_) end(*run);
    }
    together_.clear();
    table_bytes_ = state_bytes_ = 0.0;
    energy_.reset();
  }

  Work table_work() const {
    Work work;
    for (const auto& run : together_) work += run->table_work;
    return work;
  }

  /// Collective.
  void end(CampaignRun& run) {
    int keeps = is_root() && run.missing == 0 && !run.gave_up && run.folder->file_is_whole();
    MPI_Bcast(&keeps, 1, MPI_INT, 0, session_.world());
    if (!keeps) missing_ += finish(run, parts_.merge);
  }

  /// Collective.
  int report() {
    int code = 0;
    session_.agree([&] {
      if (!is_root()) return;
      const bool whole = missing_ == 0 && !stopped_;
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
  std::uint64_t missing_ = 0;                     // restarts of the points so far, on rank 0
  bool stopped_ = false;                          // before the last point
  std::map<std::string, SharedProblem> tables_;   // of the points that wait, and problems
  double table_bytes_ = 0.0, state_bytes_ = 0.0;  // of those, on this rank's node
  std::vector<std::unique_ptr<CampaignRun>> together_;
  std::unique_ptr<EnergyLog> energy_;  // since the first of them
};

}  // namespace

int run_sweep(MpiSession& session, const CampaignOptions& options, const Sweep& sweep,
              const CampaignParts& parts) {
  return SweepRun(session, options, sweep, parts).run();
}

}  // namespace qhn
