#pragma once

#include <gtest/gtest.h>
#include <mpi.h>

#include <map>
#include <utility>
#include <vector>

#include "campaign.hpp"
#include "campaign/farm.hpp"
#include "core/bytes.hpp"
#include "record/packing.hpp"

namespace qhn::test {

using Results = std::map<std::uint64_t, RestartResult>;

inline int rank_of(MPI_Comm comm) {
  int rank = 0;
  MPI_Comm_rank(comm, &rank);
  return rank;
}
inline int size_of(MPI_Comm comm) {
  int size = 1;
  MPI_Comm_size(comm, &size);
  return size;
}

/// Two ranks have one writer, so that there are none, one and several others than rank 0.
inline FarmOptions farm_options(std::uint64_t restarts, int workers,
                                MPI_Comm comm = MPI_COMM_WORLD) {
  return {.ids = {{0, restarts}},
          .workers = workers,
          .writer = rank_of(comm) / 2 * 2,
          .checkpoints = {}};
}

/// run_farm() with an engine in each worker.
inline std::uint64_t run_farm(MPI_Comm comm,
                              const std::function<std::unique_ptr<Engine>()>& make_engine,
                              const Campaign& campaign, const FarmOptions& options,
                              const std::atomic<bool>& stop, const FarmCallbacks& callbacks) {
  const auto make_runner = [&]() -> RestartRunner {
    return [&, engine = std::shared_ptr<Engine>(make_engine())](std::uint64_t id,
                                                                const RestartHooks& hooks) {
      return run_restart(campaign.simulation(*engine), campaign.options, id, hooks);
    };
  };
  return qhn::run_farm(comm, make_runner, options, stop, callbacks);
}

/// What comes to a writer, each record exactly once, and what rank 0 hears of it.
struct Collector {
  Results results;
  int repeated = 0;
  std::map<std::uint64_t, RestartCheckpoint> checkpoints;
  std::vector<FinishedRestart> finished;
  FarmCallbacks callbacks{[this](std::vector<RestartRecord>&& records) {
                            for (RestartRecord& record : records) {
                              EXPECT_GE(record.cost.seconds, 0.0);
                              EXPECT_FALSE(record.cost.host.empty());
                              const std::uint64_t id = record.result.id;
                              if (!results.emplace(id, std::move(record.result)).second) ++repeated;
                            }
                          },
                          {},
                          [this](RestartCheckpoint&& checkpoint) {
                            const std::uint64_t id = checkpoint.id;
                            checkpoints[id] = std::move(checkpoint);
                          },
                          [this](const std::vector<FinishedRestart>& f) {
                            finished.insert(finished.end(), f.begin(), f.end());
                          }};

  /// Brings everything to rank 0 of `comm`, which must have heard of each result once.
  void gather(MPI_Comm comm) {
    std::vector<RestartRecord> records;
    for (auto& [id, result] : std::exchange(results, {})) records.push_back({result, {}});
    std::vector<std::vector<std::byte>> parcel{pack(records)};
    for (const auto& [id, c] : std::exchange(checkpoints, {})) parcel.push_back(pack(c));
    std::vector<std::byte> bytes;
    ByteWriter writer(bytes);
    writer(parcel);
    MPI_Request sent = MPI_REQUEST_NULL;
    MPI_Isend(bytes.data(), static_cast<int>(bytes.size()), MPI_BYTE, 0, 0, comm, &sent);
    for (int from = 0; rank_of(comm) == 0 && from < size_of(comm); ++from) open(comm, from);
    MPI_Wait(&sent, MPI_STATUS_IGNORE);

    Results heard;
    for (const auto& [id, gap] : finished) {
      EXPECT_TRUE(heard.emplace(id, RestartResult{}).second);
      EXPECT_EQ(gap, results.at(id).gap);
    }
    EXPECT_EQ(heard.size(), results.size());
    EXPECT_EQ(repeated, 0);
  }

 private:
  void open(MPI_Comm comm, int from) {
    MPI_Status status;
    int length = 0;
    MPI_Probe(from, 0, comm, &status);
    MPI_Get_count(&status, MPI_BYTE, &length);
    std::vector<std::byte> bytes(static_cast<std::size_t>(length));
    MPI_Recv(bytes.data(), length, MPI_BYTE, from, 0, comm, MPI_STATUS_IGNORE);
    std::vector<std::vector<std::byte>> parcel;
    ByteReader reader(bytes);
    reader(parcel);
    for (RestartRecord& r : unpack(parcel[0]))
      if (!results.emplace(r.result.id, r.result).second) ++repeated;
    for (std::size_t i = 1; i < parcel.size(); ++i) {
      const RestartCheckpoint c = unpack_checkpoint(parcel[i]);
      checkpoints[c.id] = c;
    }
    if (from % 2 != 0) {
      EXPECT_EQ(bytes.size(), 16u) << "rank " << from << " is no writer";
    }
  }
};

}  // namespace qhn::test
