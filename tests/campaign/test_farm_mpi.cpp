#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "campaign.hpp"
#include "campaign/farm.hpp"
#include "core/error.hpp"
#include "mpi_campaign.hpp"

namespace qhn {
namespace {

using test::Campaign;
using test::Collector;
using test::Disturbed;
using test::farm_options;
using test::rank_of;
using test::Results;
using test::size_of;

void expect_serial(const Results& found, const Campaign& campaign, std::uint64_t restarts) {
  ASSERT_EQ(found.size(), restarts);
  for (const RestartResult& result : campaign.serial(restarts))
    EXPECT_EQ(found.at(result.id), result) << "restart " << result.id;
}

// Numbers of restarts around and far from the number of workers.
TEST(Farm, ResultsAreThoseOfOneThread) {
  const Campaign campaign;
  const std::atomic<bool> stop = false;
  for (int workers : {1, 2, 3})
    for (std::uint64_t restarts : {0u, 1u, 5u, 64u}) {
      Collector collector;
      const std::uint64_t finished = run_farm(
          MPI_COMM_WORLD, [&] { return campaign.engine(); }, campaign,
          farm_options(restarts, workers), stop, collector.callbacks);
      EXPECT_EQ(finished, restarts);
      collector.gather(MPI_COMM_WORLD);
      if (rank_of(MPI_COMM_WORLD) == 0) expect_serial(collector.results, campaign, restarts);
    }
}

TEST(Farm, RanksOfDifferentSpeedAndSizeShareTheWork) {
  const Campaign campaign;
  const std::atomic<bool> stop = false;
  const int rank = rank_of(MPI_COMM_WORLD);
  const auto make_engine = [&]() -> std::unique_ptr<Engine> {
    return std::make_unique<Disturbed>(campaign.engine(), [rank] {
      std::this_thread::sleep_for(std::chrono::microseconds(rank % 2 == 0 ? 0 : 300));
    });
  };
  Collector collector;
  run_farm(MPI_COMM_WORLD, make_engine, campaign, farm_options(50, 1 + rank % 3), stop,
           collector.callbacks);
  collector.gather(MPI_COMM_WORLD);
  if (rank == 0) expect_serial(collector.results, campaign, 50);
}

TEST(Farm, KeepsToItsCommunicator) {
  const Campaign campaign;
  const std::atomic<bool> stop = false;
  const int world_rank = rank_of(MPI_COMM_WORLD);
  MPI_Comm half = MPI_COMM_NULL;
  MPI_Comm_split(MPI_COMM_WORLD, world_rank % 2, -world_rank, &half);  // ranks in reverse order
  const std::uint64_t restarts = world_rank % 2 == 0 ? 9 : 17;
  Collector collector;
  run_farm(
      half, [&] { return campaign.engine(); }, campaign, farm_options(restarts, 1, half), stop,
      collector.callbacks);
  collector.gather(half);
  if (rank_of(half) == 0) expect_serial(collector.results, campaign, restarts);
  MPI_Comm_free(&half);
}

/// The message that every rank throws; fails where they differ.
std::string agreed_error(const std::function<void()>& run) {
  std::string message;
  try {
    run();
  } catch (const RunError& error) {
    message = error.what();
  }
  std::vector<char> first(1000);
  std::copy(message.begin(), message.end(), first.begin());
  MPI_Bcast(first.data(), 1000, MPI_CHAR, 0, MPI_COMM_WORLD);
  EXPECT_EQ(message, first.data());
  return message;
}

TEST(Farm, AnExceptionInOneWorkerEndsItOnAllRanks) {
  const Campaign campaign;
  const std::atomic<bool> stop = false;
  const int size = size_of(MPI_COMM_WORLD), rank = rank_of(MPI_COMM_WORLD);
  for (int guilty : {0, size - 1})
    for (int workers : {1, 2}) {
      std::atomic<int> evaluations = 0;
      const auto make_engine = [&]() -> std::unique_ptr<Engine> {
        return std::make_unique<Disturbed>(campaign.engine(), [&] {
          if (rank == guilty && ++evaluations == 40) throw std::runtime_error("broken memory");
        });
      };
      // Far more restarts than could be done: the error has to end it.
      Collector collector;
      const std::string message = agreed_error([&] {
        run_farm(MPI_COMM_WORLD, make_engine, campaign, farm_options(100000000, workers), stop,
                 collector.callbacks);
      });
      EXPECT_EQ(message,
                size == 1 ? "broken memory" : "rank " + std::to_string(guilty) + ": broken memory");
    }
}

TEST(Farm, AnExceptionInTheCallbackEndsItOnAllRanks) {
  const Campaign campaign;
  const std::atomic<bool> stop = false;
  // On the last writer only, which may be another one than rank 0.
  const int guilty = (size_of(MPI_COMM_WORLD) - 1) / 2 * 2;
  const FarmCallbacks full_disk{[&](std::vector<RestartRecord>&&) {
                                  if (rank_of(MPI_COMM_WORLD) == guilty)
                                    throw RunError("disk full");
                                },
                                {},
                                {},
                                {}};
  const std::string message = agreed_error([&] {
    run_farm(
        MPI_COMM_WORLD, [&] { return campaign.engine(); }, campaign, farm_options(100000000, 2),
        stop, full_disk);
  });
  EXPECT_EQ(message, size_of(MPI_COMM_WORLD) == 1
                         ? "disk full"
                         : "rank " + std::to_string(guilty) + ": disk full");
}

TEST(Farm, AnEngineThatCannotBeMadeEndsItOnAllRanks) {
  const Campaign campaign;
  const std::atomic<bool> stop = false;
  const std::string message = agreed_error([&] {
    run_farm(MPI_COMM_WORLD,
             []() -> std::unique_ptr<Engine> { throw std::runtime_error("no memory for a state"); },
             campaign, farm_options(1000, 2), stop, {});
  });
  EXPECT_NE(message.find("no memory for a state"), std::string::npos);
}

// The flag is raised on the last rank only, as by a signal that reaches one process.
TEST(Farm, AStopOnOneRankKeepsWhatIsFinished) {
  const Campaign campaign;
  for (int workers : {1, 2}) {
    std::atomic<bool> stop = false;
    const bool last = rank_of(MPI_COMM_WORLD) == size_of(MPI_COMM_WORLD) - 1;
    std::atomic<int> evaluations = 0;
    const auto make_engine = [&]() -> std::unique_ptr<Engine> {
      return std::make_unique<Disturbed>(campaign.engine(), [&] {
        if (last && ++evaluations == 2000) stop = true;
      });
    };
    Collector collector;
    const std::uint64_t finished =
        run_farm(MPI_COMM_WORLD, make_engine, campaign, farm_options(100000000, workers), stop,
                 collector.callbacks);
    EXPECT_GT(finished, 0u);
    EXPECT_LT(finished, 100000000u);
    collector.gather(MPI_COMM_WORLD);
    if (rank_of(MPI_COMM_WORLD) == 0) {
      EXPECT_EQ(collector.results.size(), finished);
      const auto engine = campaign.engine();
      for (const auto& [id, result] : collector.results)
        ASSERT_EQ(result, *run_restart(campaign.simulation(*engine), campaign.options, id));
    }
  }
}

// In the middle of a restart, for longer than the farm goes without a look at it: quick ones would
// all be over by then.
void stop_here(std::atomic<bool>& stop) {
  stop = true;
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
}

// Stopped again and again, each time after some evaluations, and gone on with: every restart ends
// once, as if nothing had happened, and those that were in flight go on from where they were.
TEST(Farm, GoesOnWhereItWasStopped) {
  const Campaign campaign;
  constexpr std::uint64_t restarts = 12;
  constexpr int evaluations_of_a_run = 20;  // of the rank that comes to them first
  const int rank = rank_of(MPI_COMM_WORLD);
  // So that rank's first restarts are in flight then, on any number of ranks and workers.
  for (const RestartResult& result : campaign.serial(restarts))
    ASSERT_GT(result.evaluations, evaluations_of_a_run);
  for (int workers : {1, 2}) {
    Collector collector;
    std::uint64_t finished = 0;
    std::uint64_t resumed = 0, offered = 0;  // resumed: by this rank
    int runs = 0;
    while (finished < restarts) {
      ASSERT_LT(++runs, 1000);
      FarmOptions options = farm_options(restarts, workers);
      options.checkpoint_seconds = 0.0;  // at every iteration
      options.ids.clear();
      for (std::uint64_t id = 0; id < restarts; ++id)
        if (rank == 0 && !collector.results.contains(id)) options.ids.push_back({id, 1});
      std::swap(options.checkpoints, collector.checkpoints);
      std::erase_if(options.checkpoints,
                    [&](const auto& c) { return collector.results.contains(c.first); });
      offered += options.checkpoints.size();
      std::atomic<bool> stop = false;
      std::atomic<int> evaluations = 0;
      std::atomic<std::uint64_t> resumed_now = 0;
      finished += run_farm(
          MPI_COMM_WORLD,
          [&]() -> RestartRunner {
            std::shared_ptr<Engine> engine = std::make_unique<Disturbed>(campaign.engine(), [&] {
              if (++evaluations == evaluations_of_a_run) stop_here(stop);
            });
            return [&, engine](std::uint64_t id, const RestartHooks& hooks) {
              if (hooks.resume != nullptr) {
                EXPECT_EQ(hooks.resume->id, id);
                ++resumed_now;
              }
              return run_restart(campaign.simulation(*engine), campaign.options, id, hooks);
            };
          },
          options, stop, collector.callbacks);
      resumed += resumed_now;
      collector.gather(MPI_COMM_WORLD);
    }
    std::uint64_t resumed_by_all = 0;
    MPI_Reduce(&resumed, &resumed_by_all, 1, MPI_UINT64_T, MPI_SUM, 0, MPI_COMM_WORLD);
    if (rank == 0) {
      EXPECT_GT(runs, 1);
      EXPECT_GT(resumed_by_all, 0u);
      EXPECT_LE(resumed_by_all, offered);  // each one once at most
      expect_serial(collector.results, campaign, restarts);
    }
  }
}

// What a restart took before it was interrupted counts, and is not done again, on whatever rank it
// goes on.
TEST(Farm, AResumedRestartKeepsItsSecondsAndItsWork) {
  const Campaign campaign;
  constexpr std::uint64_t restarts = 16;
  const int rank = rank_of(MPI_COMM_WORLD);
  int size = 1;
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  const bool alone = size == 1;
  Collector first;
  FarmOptions options = farm_options(restarts, 1);
  options.checkpoint_seconds = 0.0;
  std::atomic<bool> stop = false;
  std::atomic<int> evaluations = 0;
  run_farm(
      MPI_COMM_WORLD,
      [&]() -> std::unique_ptr<Engine> {
        return std::make_unique<Disturbed>(campaign.engine(), [&] {
          if (rank == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
          const bool stops = rank > 0 || alone;  // rank 0 gives the others theirs to begin
          if (++evaluations == 25 && stops) stop_here(stop);
        });
      },
      campaign, options, stop, first.callbacks);
  first.gather(MPI_COMM_WORLD);

  // As if each had run for a time of its own.
  std::vector<std::uint64_t> begun(restarts, 0);
  options = farm_options(restarts, 1);
  if (rank == 0) {
    options.ids.clear();
    for (std::uint64_t id = 0; id < restarts; ++id)
      if (!first.results.contains(id)) options.ids.push_back({id, 1});
    for (auto& [id, checkpoint] : first.checkpoints) {
      if (first.results.contains(id)) continue;
      EXPECT_LT(checkpoint.seconds, 1000.0);
      checkpoint.seconds = 1000.0 * static_cast<double>(id + 1);
      checkpoint.cpu_seconds = 1000.0 * static_cast<double>(id + 2);
      begun[id] = 1;
      options.checkpoints[id] = checkpoint;
    }
    EXPECT_FALSE(options.checkpoints.empty());
  }
  MPI_Bcast(begun.data(), static_cast<int>(restarts), MPI_UINT64_T, 0, MPI_COMM_WORLD);
  evaluations = 0;
  std::vector<RestartRecord> ended;
  FarmCallbacks callbacks{[&](std::vector<RestartRecord>&& records) {
                            for (RestartRecord& r : records) ended.push_back(std::move(r));
                          },
                          {},
                          {},
                          {}};
  run_farm(
      MPI_COMM_WORLD,
      [&]() -> std::unique_ptr<Engine> {
        return std::make_unique<Disturbed>(campaign.engine(), [&] {
          ++evaluations;
          // So that the others come to restarts that were begun, too.
          if (rank == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
        });
      },
      campaign, options, std::atomic<bool>(false), callbacks);
  const std::vector<RestartResult> serial = campaign.serial(restarts);
  int needed = 0;
  for (const RestartRecord& r : ended) {
    const std::uint64_t id = r.result.id;
    EXPECT_EQ(r.result, serial[id]);
    needed += r.result.evaluations;
    const double before = begun[id] ? 1000.0 * static_cast<double>(id + 1) : 0.0;
    EXPECT_GE(r.cost.seconds, before) << id;
    EXPECT_LT(r.cost.seconds, before + 900.0) << id;
    const double cpu_before = begun[id] ? before + 1000.0 : 0.0;
    EXPECT_GE(r.cost.cpu_seconds, cpu_before) << id;
    EXPECT_LT(r.cost.cpu_seconds, cpu_before + 900.0) << id;
  }
  int done = evaluations;
  MPI_Allreduce(MPI_IN_PLACE, &done, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
  MPI_Allreduce(MPI_IN_PLACE, &needed, 1, MPI_INT, MPI_SUM, MPI_COMM_WORLD);
  const auto resumed = std::count(begun.begin(), begun.end(), std::uint64_t{1});
  EXPECT_LE(done + static_cast<int>(resumed), needed) << "work was done again";
}

}  // namespace
}  // namespace qhn
