#pragma once

#include <mpi.h>

#include <atomic>
#include <functional>
#include <string>
#include <utility>

#include "comm/communicator.hpp"

namespace qhn {

/// MPI during one verb: initialized with MPI_THREAD_FUNNELED, finalized at the end. Verbs that need
/// no ranks do not create one, so they run where MPI cannot start.
class MpiSession {
 public:
  /// Throws RunError if MPI does not support MPI_THREAD_FUNNELED.
  MpiSession();
  /// Finalizes MPI, except after an error in a run of several ranks that did not go through
  /// agree(): then `main` prints the error and ends all ranks with MPI_Abort.
  ~MpiSession();
  MpiSession(const MpiSession&) = delete;
  MpiSession& operator=(const MpiSession&) = delete;

  int rank() const { return rank_; }
  int size() const { return size_; }
  /// The ranks that take part: all, until narrow(); none on idle ranks.
  const Communicator& world() const { return world_; }

  /// Reduces the world to the first `ranks` ranks; rank 0 logs the idle ranks. Returns false on
  /// idle ranks: they must end, and sleep in the destructor until the others end. An idle rank
  /// whose `stop` is set meanwhile calls call_for_a_stop(); `stop` must outlive the session.
  /// Collective.
  bool narrow(int ranks, const std::atomic<bool>* stop = nullptr);

  /// Notifies rank 0, once, that this rank received a stop signal. For ranks outside the farm: idle
  /// ranks, and those of a group that wait for its leader.
  void call_for_a_stop();
  /// On rank 0: whether such a notification has arrived since the last call.
  bool called_for_a_stop();

  /// Runs `work` on every rank; all ranks agree on the outcome before anything is thrown. If it
  /// threw on any rank, rank 0 throws the error of the lowest failing rank (InputError or
  /// RunError). The others throw CLI::RuntimeError(0) and exit silently with code 0: after another
  /// code launchers may kill rank 0 before it prints. For input and all work that may fail on one
  /// rank only. Collective.
  void agree(const std::function<void()>& work);
  /// Inside a catch: whether the exception is one that agree() has thrown on all ranks, so that
  /// they can go on together. Rethrow it otherwise.
  bool caught_agreed_failure() { return std::exchange(agreed_failure_, false); }

 private:
  Communicator world_;
  int rank_ = 0;
  int size_ = 1;
  const std::atomic<bool>* stop_ = nullptr;  ///< stop flag of an idle rank
  MPI_Request call_ = MPI_REQUEST_NULL;
  bool called_ = false;
  bool agreed_failure_ = false;
  int exceptions_at_start_ = 0;
};

/// Whether this process has created an MpiSession.
bool mpi_was_started();

/// For the outermost catch. If an MpiSession of several ranks is live, prints `message` with the
/// rank and ends all ranks with exit code `code`; otherwise returns.
void abort_parallel_run(const std::string& message, int code);

/// Throws InputError, with the allowed values, unless `per_state` is a power of two and at most
/// `ranks`, the number of ranks of the run.
void require_ranks_per_state(int per_state, int ranks,
                             const std::string& option = "--ranks-per-state");

/// Name and version of the MPI library, on one line.
std::string mpi_version();

}  // namespace qhn
