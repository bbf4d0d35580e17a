#pragma once

#include <mpi.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include "farm/restart.hpp"
#include "record/id_set.hpp"

namespace qhn {

struct FarmOptions {
  std::vector<IdRange> ids;  ///< the restarts to run, ascending; rank 0's count
  int workers = 1;           ///< restarts at once on this rank, an OpenMP thread each
  RestartOptions restart;    ///< the same on all ranks
  /// Where restarts that were begun earlier go on; rank 0's count.
  std::map<std::uint64_t, RestartCheckpoint> checkpoints;
  double checkpoint_seconds = 60.0;  ///< a restart that runs longer is saved as often as this
};

/// What rank 0 does with the campaign while it runs; all are called on the thread that called
/// run_farm(). An exception ends the campaign.
struct FarmCallbacks {
  /// Finished restarts, some at a time: each once, in any order.
  std::function<void(std::vector<RestartRecord>&&)> records;
  std::function<void()> tick;  ///< between two iterations, often: for progress
  /// Restarts in flight: those that run long, from time to time, and all that are given up.
  std::function<void(RestartCheckpoint&&)> checkpoint;
};

/// Runs a campaign on all ranks of `comm` (collective) and returns on each how many restarts were
/// finished and handed to the callback: all, unless `stop` was set.
///
/// Rank 0 owns the queue of ids and works like any other rank. A rank asks for ids in chunks of
/// about 0.2 s of work before its own run out; chunks shrink towards the end (IdQueue),
/// where ids are asked for only by ranks with an idle worker. The workers of a rank, its OpenMP
/// threads, take single ids from the rank's stock. All messages are sent and received by the thread
/// that called (MPI_THREAD_FUNNELED), between two iterations of its own restart: a rank needs no
/// spare core, and with one rank there are no messages. Records travel to rank 0 about once a
/// second.
///
/// `make_engine` is called once in each worker, so that a state is first touched where it is used.
/// A set `stop`, on any rank, ends the campaign: restarts that run are given up (where the state is
/// large, in the middle of an evaluation) and handed over as checkpoints, finished ones as records.
/// An exception anywhere ends it as well, and then every rank throws the same RunError. Fewer
/// threads than `workers` are such an error.
std::uint64_t run_farm(MPI_Comm comm, const std::function<std::unique_ptr<Engine>()>& make_engine,
                       std::span<const double> costs, double minimum, const FarmOptions& options,
                       const std::atomic<bool>& stop, const FarmCallbacks& callbacks);

}  // namespace qhn
