// Nothing of a restart that goes on is lost: neither where it stood nor what it took.
#include <gtest/gtest.h>
#include <mpi.h>

#include <atomic>
#include <map>
#include <mutex>

#include "mpi_campaign.hpp"

namespace qhn {
namespace {

TEST(Farm, SecondsBeforeAnInterruptionCount) {
  constexpr std::uint64_t restarts = 25;
  const auto before = [](std::uint64_t id) { return 1000.0 + 10.0 * static_cast<double>(id); };
  FarmOptions options = test::farm_options(restarts, 1, MPI_COMM_WORLD);
  for (std::uint64_t id = 0; id < restarts; ++id) {
    RestartCheckpoint& c = options.checkpoints[id];
    c.id = id;
    c.iterations = static_cast<int>(id) + 1;
    c.seconds = before(id);
    c.cpu_seconds = before(id) / 2;
  }
  // What the runners see, wherever their ids come from.
  std::atomic<int> anew = 0;
  const auto make_runner = [&]() -> RestartRunner {
    return [&](std::uint64_t id, const RestartHooks& hooks) {
      if (hooks.resume == nullptr || hooks.resume->id != id ||
          hooks.resume->iterations != static_cast<int>(id) + 1)
        ++anew;
      RestartCheckpoint later;
      later.id = id;
      later.iterations = static_cast<int>(id) + 2;
      hooks.save(std::move(later));
      RestartResult result;
      result.id = id;
      result.gap = 0.0;
      return std::optional(result);
    };
  };
  std::vector<double> seconds(restarts, 0.0), cpu(restarts, 0.0), saved(restarts, 0.0),
      saved_cpu(restarts, 0.0);
  FarmCallbacks callbacks;
  callbacks.records = [&](std::vector<RestartRecord>&& records) {
    for (const RestartRecord& r : records) {
      seconds.at(r.result.id) += r.cost.seconds;
      cpu.at(r.result.id) += r.cost.cpu_seconds;
    }
  };
  callbacks.checkpoint = [&](RestartCheckpoint&& c) {
    EXPECT_EQ(c.iterations, static_cast<int>(c.id) + 2);
    saved.at(c.id) += c.seconds;
    saved_cpu.at(c.id) += c.cpu_seconds;
  };
  const std::atomic<bool> stop = false;
  EXPECT_EQ(run_farm(MPI_COMM_WORLD, make_runner, options, stop, callbacks), restarts);
  EXPECT_EQ(anew, 0);
  // Each from one rank, once.
  for (std::vector<double>* values : {&seconds, &cpu, &saved, &saved_cpu})
    MPI_Allreduce(MPI_IN_PLACE, values->data(), static_cast<int>(restarts), MPI_DOUBLE, MPI_SUM,
                  MPI_COMM_WORLD);
  for (std::uint64_t id = 0; id < restarts; ++id) {
    for (const double s : {seconds[id], saved[id]}) {
      EXPECT_GE(s, before(id)) << id;
      EXPECT_LT(s, before(id) + 60) << id;
    }
    for (const double s : {cpu[id], saved_cpu[id]}) {
      EXPECT_GE(s, before(id) / 2) << id;
      EXPECT_LT(s, before(id) / 2 + 60) << id;
    }
  }
}

}  // namespace
}  // namespace qhn
