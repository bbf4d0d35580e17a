// What happens while restarts run.
#include <spdlog/spdlog.h>

#include <optional>
#include <utility>

#include "campaign/campaign_run.hpp"
#include "campaign/progress.hpp"
#include "campaign/signals.hpp"
#include "campaign/slice.hpp"

namespace qhn {
namespace {

class Training {
 public:
  explicit Training(CampaignRun& run) : r_(run) {
    farm_.workers = r_.workers;
    farm_.writer = r_.writer;
    farm_.called = r_.session.rank();
    farm_.poll_inside = r_.work.polls();
    if (r_.folder) {
      farm_.ids = r_.folder->missing();
      farm_.checkpoints = r_.folder->checkpoints();
    }
    // All ranks learn of a failure here before any of them waits.
    r_.session.agree([&] {
      if (r_.group) together_ = r_.work.make_runner(&*r_.group);
    });
  }

  TrainingOutcome run() {
    Work work;  // of the records that this rank has written
    TrainingOutcome outcome;
    const double began = MPI_Wtime();
    {
      std::optional<Progress> progress;
      if (r_.folder)
        progress.emplace(r_.slice.count, r_.folder->done_before(), r_.folder->prefix());
      outcome.finished = farm(farm_, callbacks(work, progress ? &*progress : nullptr));
      outcome.seconds = MPI_Wtime() - began;
      if (progress) progress->finish();
    }
    if (std::exchange(enough_, false)) interrupted = false;
    const auto again = [&](int repetition) { return repeat(outcome.finished, repetition); };
    r_.energy->end_phase("restarts", work,
                         outcome.finished > 0 ? EnergyLog::Again(again) : nullptr);
    const RunEnergy energy = r_.energy->finish(r_.run, outcome.finished);
    r_.session.agree([&] {
      if (r_.folder) r_.journal->append(energy);
      if (r_.journal) r_.journal->close();
    });
    return outcome;
  }

 private:
  std::uint64_t farm(const FarmOptions& farm, const FarmCallbacks& callbacks) {
    std::uint64_t finished = 0;
    r_.session.agree([&] {
      finished = r_.group ? run_farm(*r_.group, together_, farm, interrupted, callbacks)
                          : run_farm(
                                r_.session.world(), [&] { return r_.work.make_runner(nullptr); },
                                farm, interrupted, callbacks);
    });
    MPI_Bcast(&finished, 1, MPI_UINT64_T, 0, r_.session.world());
    return finished;
  }

  /// On rank 0.
  void look_around() const {
    if (r_.session.called_for_a_stop()) interrupted = true;
    r_.folder->check();
  }

  /// `progress`: on rank 0.
  FarmCallbacks callbacks(Work& work, Progress* progress) {
    return {
        .records =
            [&](std::vector<RestartRecord>&& records) {
              r_.journal->append(records);
              for (const RestartRecord& record : records) work += r_.work.work(record.result);
            },
        .tick =
            [this, progress] {
              look_around();
              progress->tick();
            },
        .checkpoint = [this](RestartCheckpoint&& checkpoint) { r_.journal->append(checkpoint); },
        .finished =
            [this, progress](const std::vector<FinishedRestart>& finished) {
              if (r_.announcements) r_.announcements->tell(finished);
              PrefixCount& prefix = r_.folder->prefix();
              for (const auto& [id, gap] : finished) prefix.add(id, gap);
              progress->count(finished.size());
              if (prefix.satisfied() && !interrupted.exchange(true)) enough_ = true;
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
                                           work += r_.work.work(record.result);
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

  CampaignRun& r_;
  FarmOptions farm_;
  RestartRunner together_;  // in a group
  bool enough_ = false;     // the stopping rule is satisfied
};

}  // namespace

TrainingOutcome train(CampaignRun& run) { return Training(run).run(); }

bool any_interrupted(MpiSession& session) {
  int mine = interrupted, any = 0;
  MPI_Allreduce(&mine, &any, 1, MPI_INT, MPI_MAX, session.world());
  return any != 0;
}

}  // namespace qhn
