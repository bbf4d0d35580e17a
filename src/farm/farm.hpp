#pragma once

#include <mpi.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "farm/restart.hpp"
#include "record/id_set.hpp"

namespace qhn {

/// Costs from which on an evaluation takes long enough to be abandoned in its middle.
constexpr Index long_table = Index{1} << 16;

struct FarmOptions {
  std::vector<IdRange> ids;  ///< the restarts to run, ascending; rank 0's count
  int workers = 1;           ///< restarts at once on this rank, an OpenMP thread each
  int writer = 0;            ///< the rank that writes this rank's records; a writer's is itself
  int called = -1;           ///< this rank's number in messages; -1: that in the communicator
  RestartOptions restart;    ///< where engines run them; the same on all ranks
  /// Runners look after core/chunks.hpp's chunk_poll: a restart can be given up between the
  /// iterations too.
  bool poll_inside = false;
  /// Where restarts that were begun earlier go on; rank 0's count.
  std::map<std::uint64_t, RestartCheckpoint> checkpoints;
  double checkpoint_seconds = 60.0;  ///< a restart that runs longer is saved as often as this
};

/// Runs restart `id`, as run_restart does; nullopt: given up, and with it the campaign.
using RestartRunner =
    std::function<std::optional<RestartResult>(std::uint64_t id, const RestartHooks& hooks)>;

/// A restart whose record has been written.
struct FinishedRestart {
  std::uint64_t id = 0;
  double gap = 0.0;
};

/// What becomes of the results while the campaign runs; all are called on the thread that called
/// run_farm(). An exception ends the campaign.
struct FarmCallbacks {
  /// On writers: finished restarts of the ranks it writes for, some at a time: each once, in any
  /// order. They count as finished when this returns.
  std::function<void(std::vector<RestartRecord>&&)> records;
  std::function<void()> tick;  ///< on rank 0, between two iterations, often: for progress
  /// On writers: restarts in flight, those that run long, from time to time, and all given up.
  std::function<void(RestartCheckpoint&&)> checkpoint;
  /// On rank 0: what any writer's `records` has returned for, a moment later.
  std::function<void(const std::vector<FinishedRestart>&)> finished;
};

/// Runs a campaign on all ranks of `comm` (collective) and returns on each how many restarts were
/// finished, that is, written: all, unless `stop` was set.
///
/// Rank 0 owns the queue of ids and works like any other rank. A rank asks for ids in chunks of
/// about 0.2 s of work (more where more than 400 ranks ask) well before its own run out; chunks
/// shrink towards the end (IdQueue), where ids are asked for only by ranks with an idle worker. The
/// workers of a rank, its OpenMP threads, take single ids from the rank's stock.
///
/// Records do not pass through rank 0: each rank sends them, four times a second, to its writer,
/// usually the first rank of its node (rank 0 is its own), and writers tell rank 0 no more than ids
/// and gaps. So what rank 0 does for the others takes microseconds a second for each of them.
///
/// All messages are sent and received by the thread that called (MPI_THREAD_FUNNELED), between two
/// iterations of its own restart, every 20 ms (every millisecond while somebody waits for ids): a
/// rank needs no spare core, and with one rank there are no messages.
///
/// `make_runner` is called once in each worker, so that memory is first touched where it is used.
/// A set `stop`, on any rank, ends the campaign: restarts that run are given up (where the state is
/// large, in the middle of an evaluation) and handed over as checkpoints, finished ones as records.
/// An exception anywhere ends it as well, and then every rank throws the same RunError. Fewer
/// threads than `workers` are such an error.
std::uint64_t run_farm(MPI_Comm comm, const std::function<RestartRunner()>& make_runner,
                       const FarmOptions& options, const std::atomic<bool>& stop,
                       const FarmCallbacks& callbacks);

/// The same with run_restart on an engine in each worker.
std::uint64_t run_farm(MPI_Comm comm, const std::function<std::unique_ptr<Engine>()>& make_engine,
                       std::span<const double> costs, double minimum, const FarmOptions& options,
                       const std::atomic<bool>& stop, const FarmCallbacks& callbacks);

}  // namespace qhn
