// What happens while restarts run.
#include <spdlog/spdlog.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <numeric>
#include <optional>
#include <utility>

#include "campaign/campaign_run.hpp"
#include "campaign/progress.hpp"
#include "campaign/signals.hpp"
#include "campaign/slice.hpp"

namespace qhn {
namespace {

/// What one of several runs did: its parts of the phases of all.
struct Part {
  double table = 1.0, restarts = 1.0;  ///< shares of the seconds
  Work table_work, work;               ///< counted
};

// The energy of several runs that falls to one of them: joules and seconds by its seconds, counted
// operations as they are.
RunEnergy part_of(RunEnergy energy, const Part& part) {
  for (PhaseEnergy& phase : energy.phases) {
    const bool table = phase.phase == "table";
    for (double* figure : {&phase.seconds, &phase.joules, &phase.uncertainty, &phase.net_joules,
                           &phase.net_uncertainty})
      *figure *= table ? part.table : part.restarts;
    if (phase.host != "all") continue;
    const Work& work = table ? part.table_work : part.work;
    phase.flops = work.flops;
    phase.bytes = work.bytes;
    phase.exchanged = work.exchanged;
  }
  energy.meter_seconds *= part.restarts;
  return energy;
}

class Training {
 public:
  Training(const std::vector<CampaignRun*>& runs, EnergyLog& energy)
      : runs_(runs), r_(*runs.front()), energy_(energy), sums_(runs.size()), seconds_(runs.size()) {
    farm_.workers = r_.workers;
    farm_.writer = r_.writer;
    farm_.called = r_.session.rank();
    for (std::size_t k = 0; k < runs_.size(); ++k) add(k);
    // All ranks learn of a failure here before any of them waits.
    r_.session.agree([&] {
      if (r_.group) together_ = r_.work->make_runner(&*r_.group);
    });
  }

  TrainingOutcome run() {
    TrainingOutcome outcome;
    const double began = MPI_Wtime();
    {
      std::optional<Progress> progress;
      if (r_.folder) progress.emplace(wanted_, before_, alone() ? &r_.folder->prefix() : nullptr);
      outcome.finished = farm(farm_, callbacks(progress ? &*progress : nullptr));
      outcome.seconds = MPI_Wtime() - began;
      if (progress) progress->finish();
    }
    if (std::exchange(enough_, false)) interrupted = false;
    const auto again = [&](int repetition) { return repeat(outcome.finished, repetition); };
    const Work work = std::accumulate(sums_.begin(), sums_.end(), Work{},
                                      [](Work all, const Sum& sum) { return all += sum.work; });
    energy_.end_phase("restarts", work,
                      alone() && outcome.finished > 0 ? EnergyLog::Again(again) : nullptr);
    close(energy_.finish(r_.run, outcome.finished));
    return outcome;
  }

 private:
  /// Of a run: the records that this rank has written.
  struct Sum {
    Work work;
    double restarts = 0.0;
  };

  bool alone() const { return runs_.size() == 1; }

  // The farm knows restart `id` of run k as k · most_ids + id.
  std::uint64_t farm_id(std::size_t k, std::uint64_t id) const { return k * most_ids + id; }
  std::size_t run_of(std::uint64_t farm_id) const {
    return alone() ? 0 : static_cast<std::size_t>(farm_id / most_ids);
  }
  std::uint64_t id_of(std::uint64_t farm_id) const {
    return alone() ? farm_id : farm_id % most_ids;
  }

  /// Run k's restarts, for the farm.
  void add(std::size_t k) {
    CampaignRun& run = *runs_[k];
    farm_.poll_inside = farm_.poll_inside || run.work->polls();
    if (!run.folder) return;
    wanted_ += run.slice.count;
    before_ += run.folder->done_before();
    for (const IdRange& ids : run.folder->missing())
      farm_.ids.push_back({farm_id(k, ids.first), ids.count});
    for (auto [id, checkpoint] : run.folder->checkpoints()) {
      checkpoint.id = farm_id(k, id);
      farm_.checkpoints[checkpoint.id] = std::move(checkpoint);
    }
  }

  /// For one worker. Ids ascend, so a runner is kept until the ids of its run end.
  RestartRunner make_runner() const {
    if (alone()) return r_.work->make_runner(nullptr);
    return [this, current = std::size_t{0}, runner = RestartRunner()](
               std::uint64_t id, const RestartHooks& hooks) mutable {
      const std::size_t k = run_of(id);
      if (!runner || k != current) {
        runner = {};  // before the next one takes memory
        runner = runs_[k]->work->make_runner(nullptr);
        current = k;
      }
      RestartHooks its = hooks;
      std::optional<RestartCheckpoint> resume;
      if (hooks.resume) {
        resume = *hooks.resume;
        resume->id = id_of(id);
        its.resume = &*resume;
      }
      its.save = [&](RestartCheckpoint&& checkpoint) {
        checkpoint.id = id;
        hooks.save(std::move(checkpoint));
      };
      const double began = MPI_Wtime();
      std::optional<RestartResult> result = runner(id_of(id), its);
      seconds_[k] += MPI_Wtime() - began;
      if (result) result->id = id;
      return result;
    };
  }

  std::uint64_t farm(const FarmOptions& farm, const FarmCallbacks& callbacks) {
    std::uint64_t finished = 0;
    r_.session.agree([&] {
      finished = r_.group ? run_farm(*r_.group, together_, farm, interrupted, callbacks)
                          : run_farm(
                                r_.session.world(), [&] { return make_runner(); }, farm,
                                interrupted, callbacks);
    });
    MPI_Bcast(&finished, 1, MPI_UINT64_T, 0, r_.session.world());
    return finished;
  }

  /// On rank 0.
  void look_around() const {
    if (r_.session.called_for_a_stop()) interrupted = true;
    for (const CampaignRun* run : runs_) run->folder->check();
  }

  void write(std::vector<RestartRecord>&& records) {
    std::map<std::size_t, std::vector<RestartRecord>> of_run;
    for (RestartRecord& record : records) {
      const std::size_t k = run_of(record.result.id);
      record.result.id = id_of(record.result.id);
      sums_[k].work += runs_[k]->work->work(record.result);
      sums_[k].restarts += 1.0;
      of_run[k].push_back(std::move(record));
    }
    for (const auto& [k, its] : of_run) runs_[k]->journal->append(its);
  }

  void count(const std::vector<FinishedRestart>& finished) {
    std::map<std::size_t, std::vector<FinishedRestart>> of_run;
    for (const auto& [id, gap] : finished) of_run[run_of(id)].push_back({id_of(id), gap});
    for (const auto& [k, its] : of_run) {
      const CampaignRun& run = *runs_[k];
      if (run.announcements) run.announcements->tell(its);
      for (const auto& [id, gap] : its) runs_[k]->folder->prefix().add(id, gap);
    }
    if (alone() && r_.folder->prefix().satisfied() && !interrupted.exchange(true)) enough_ = true;
  }

  /// `progress`: on rank 0.
  FarmCallbacks callbacks(Progress* progress) {
    return {.records = [this](std::vector<RestartRecord>&& records) { write(std::move(records)); },
            .tick =
                [this, progress] {
                  look_around();
                  progress->tick();
                },
            .checkpoint =
                [this](RestartCheckpoint&& checkpoint) {
                  const std::size_t k = run_of(checkpoint.id);
                  checkpoint.id = id_of(checkpoint.id);
                  runs_[k]->journal->append(checkpoint);
                },
            .finished =
                [this, progress](const std::vector<FinishedRestart>& finished) {
                  count(finished);
                  progress->count(finished.size());
                }};
  }

  /// Runs as many restarts as were `finished`, with other ids, for a measurement of energy: their
  /// records are discarded. nullopt, on all ranks: interrupted.
  std::optional<Work> repeat(std::uint64_t finished, int repetition) {
    Work work;
    FarmOptions fresh = farm_;
    fresh.ids = fresh_ids(farm_.ids, finished, repetition);
    fresh.checkpoints.clear();
    const FarmCallbacks only_count{.records =
                                       [&](std::vector<RestartRecord>&& records) {
                                         for (const RestartRecord& record : records)
                                           work += r_.work->work(record.result);
                                       },
                                   .tick = [this] { look_around(); },
                                   .checkpoint = [](RestartCheckpoint&&) {},
                                   .finished = [](const std::vector<FinishedRestart>&) {}};
    try {
      if (any_interrupted(r_.session) || farm(fresh, only_count) < finished) return std::nullopt;
    } catch (const std::exception& error) {  // on all ranks; the campaign itself is finished
      if (r_.folder) spdlog::warn("the restarts were not repeated: {}", error.what());
      return std::nullopt;
    }
    return work;
  }

  /// The parts of all runs, on all ranks; their numbers of restarts go to `restarts`. Collective.
  std::vector<Part> parts(std::vector<double>& restarts) const {
    constexpr std::size_t columns = 5;
    const std::size_t n = runs_.size();
    std::vector<double> sums;
    for (std::size_t k = 0; k < n; ++k)
      sums.insert(sums.end(), {seconds_[k].load(), sums_[k].restarts, sums_[k].work.flops,
                               sums_[k].work.bytes, sums_[k].work.exchanged});
    MPI_Allreduce(MPI_IN_PLACE, sums.data(), static_cast<int>(sums.size()), MPI_DOUBLE, MPI_SUM,
                  r_.session.world());
    double all = 0.0, tables = 0.0;
    for (std::size_t k = 0; k < n; ++k) {
      all += sums[columns * k];
      tables += runs_[k]->table_seconds;
    }
    const auto share = [n](double part, double whole) {
      return whole > 0.0 ? part / whole : 1.0 / static_cast<double>(n);
    };
    std::vector<Part> found;
    for (std::size_t k = 0; k < n; ++k) {
      const double* its = &sums[columns * k];
      restarts.push_back(its[1]);
      found.push_back({share(runs_[k]->table_seconds, tables),
                       share(its[0], all),
                       runs_[k]->table_work,
                       {its[2], its[3], 0.0, its[4]}});
    }
    return found;
  }

  /// Divides the energy among the runs and closes their journals. Collective.
  void close(const RunEnergy& energy) {
    std::vector<double> restarts;
    std::vector<Part> parts_of_runs;
    if (!alone()) parts_of_runs = parts(restarts);
    r_.session.agree([&] {
      for (std::size_t k = 0; k < runs_.size(); ++k) {
        CampaignRun& run = *runs_[k];
        if (run.folder) {
          RunEnergy its = energy;
          if (!alone()) {
            its = part_of(std::move(its), parts_of_runs[k]);
            its.run = run.run;
            its.restarts = static_cast<std::uint64_t>(restarts[k]);
            its.pue = run.experiment.energy.pue;
            its.grams_per_kwh = run.experiment.energy.grams_per_kwh;
          }
          run.journal->append(its);
        }
        if (run.journal) run.journal->close();
      }
    });
  }

  const std::vector<CampaignRun*>& runs_;
  CampaignRun& r_;  // the first
  EnergyLog& energy_;
  FarmOptions farm_;
  std::vector<Sum> sums_;
  mutable std::vector<std::atomic<double>>
      seconds_;                            // of each run's restarts on this rank, if several
  std::uint64_t wanted_ = 0, before_ = 0;  // restarts, on rank 0
  RestartRunner together_;                 // in a group
  bool enough_ = false;                    // the stopping rule is satisfied
};

}  // namespace

TrainingOutcome train(const std::vector<CampaignRun*>& runs, EnergyLog& energy) {
  return Training(runs, energy).run();
}

bool any_interrupted(MpiSession& session) {
  int mine = interrupted, any = 0;
  MPI_Allreduce(&mine, &any, 1, MPI_INT, MPI_MAX, session.world());
  return any != 0;
}

}  // namespace qhn
