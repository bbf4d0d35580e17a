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

#include "campaign/restart.hpp"
#include "record/id_set.hpp"

namespace qhn {

/// Size of the table from which an evaluation takes long enough to be abandoned halfway.
constexpr Index long_table = Index{1} << 16;

struct FarmOptions {
  std::vector<IdRange> ids;  ///< the restarts to run, ascending; used on rank 0
  int workers = 1;           ///< restarts at once on this rank, one OpenMP thread each
  int writer = 0;            ///< rank that writes this rank's records; of a writer: itself
  int called = -1;           ///< this rank's number in messages; -1: its rank
  /// Runners call chunk_poll of core/chunks.hpp, so a restart can be given up within an iteration.
  bool poll_inside = false;
  /// Checkpoints of restarts to continue, by id; used on rank 0.
  std::map<std::uint64_t, RestartCheckpoint> checkpoints;
  double checkpoint_seconds = 60.0;  ///< interval between checkpoints of a running restart
};

/// Runs restart `id`, as run_restart() does. nullopt: given up, which ends the campaign.
using RestartRunner =
    std::function<std::optional<RestartResult>(std::uint64_t id, const RestartHooks& hooks)>;

/// A restart whose record has been written.
struct FinishedRestart {
  std::uint64_t id = 0;
  double gap = 0.0;
};

/// Receive results while the campaign runs, on the thread that called run_farm(). An exception ends
/// the campaign.
struct FarmCallbacks {
  /// On writers: a batch of finished restarts of the ranks that it writes for; each restart once,
  /// in any order. Restarts count as finished when this returns.
  std::function<void(std::vector<RestartRecord>&&)> records;
  std::function<void()> tick;  ///< on rank 0, often, between iterations: for progress
  /// On writers: restarts in flight, every `checkpoint_seconds` and when they are given up.
  std::function<void(RestartCheckpoint&&)> checkpoint;
  /// On rank 0: restarts that `records` of any writer has written, a moment later.
  std::function<void(const std::vector<FinishedRestart>&)> finished;
};

/// Runs a campaign on all ranks of `comm` (collective). Returns on each rank the number of restarts
/// finished, that is, written: all, unless `stop` was set.
///
/// Rank 0 owns the queue of ids and also runs restarts. A rank requests ids in chunks of about
/// 0.2 s of work (more with more than 400 ranks) well before its own run out. Chunks shrink towards
/// the end (IdQueue), when only ranks with an idle worker request ids. The workers of a rank, its
/// OpenMP threads, take single ids from the rank's stock.
///
/// Each rank sends its records to its writer four times a second. The writer is usually the first
/// rank of its node (rank 0 is its own). Writers send rank 0 only ids and gaps, so rank 0 spends
/// microseconds per second on each rank.
///
/// The calling thread sends and receives all messages (MPI_THREAD_FUNNELED), between iterations of
/// its own restart, every 20 ms (every millisecond while a worker waits for ids). So a rank needs
/// no spare core. With one rank there are no messages.
///
/// `make_runner` is called once in each worker, so that memory is first touched where it is used.
/// Setting `stop` on any rank ends the campaign: running restarts are given up (with a large state,
/// during an evaluation) and passed on as checkpoints, finished ones as records. An exception
/// on any rank ends it as well; every rank then throws the same RunError. Fewer OpenMP threads than
/// `workers` are such an error.
std::uint64_t run_farm(MPI_Comm comm, const std::function<RestartRunner()>& make_runner,
                       const FarmOptions& options, const std::atomic<bool>& stop,
                       const FarmCallbacks& callbacks);

}  // namespace qhn
