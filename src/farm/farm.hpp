#pragma once

#include <mpi.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "farm/restart.hpp"

namespace qhn {

struct FarmOptions {
  std::uint64_t restarts = 0;  ///< ids 0 … restarts − 1; the same on all ranks
  int workers = 1;             ///< restarts at once on this rank, an OpenMP thread each
  RestartOptions restart;      ///< the same on all ranks
};

/// What rank 0 does with the campaign while it runs; both are called on the thread that called
/// run_farm(). An exception ends the campaign.
struct FarmCallbacks {
  std::function<void(RestartRecord&&)> record;  ///< each finished restart once, in any order
  std::function<void()> tick;                   ///< between two iterations, often: for progress
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
/// A set `stop`, on any rank, ends the campaign: restarts that run are given up after their current
/// iteration, finished ones are handed over. An exception anywhere ends it as well, and then every
/// rank throws the same RunError. Fewer threads than `workers` are such an error.
std::uint64_t run_farm(MPI_Comm comm, const std::function<std::unique_ptr<Engine>()>& make_engine,
                       std::span<const double> costs, double minimum, const FarmOptions& options,
                       const std::atomic<bool>& stop, const FarmCallbacks& callbacks);

}  // namespace qhn
