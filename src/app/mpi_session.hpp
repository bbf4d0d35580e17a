#pragma once

#include <mpi.h>

#include <atomic>
#include <functional>
#include <string>

namespace qhn {

/// MPI for the length of one verb: initialised with MPI_THREAD_FUNNELED, finalised at the end.
/// Verbs that need no ranks never make one, so they run where MPI cannot start.
class MpiSession {
 public:
  MpiSession();
  /// Finalises, except while an error that only some ranks know of leaves through several ranks:
  /// then `main` prints it and ends all of them with MPI_Abort.
  ~MpiSession();
  MpiSession(const MpiSession&) = delete;
  MpiSession& operator=(const MpiSession&) = delete;

  int rank() const { return rank_; }
  int size() const { return size_; }
  MPI_Comm world() const { return world_; }

  /// Goes on with the first `ranks` ranks, which are the world from now on; rank 0 says which are
  /// left over. False on those: they have nothing to do but to end, where they sleep until the
  /// others are there. If `stop`, which must outlive the session, is set on one of them meanwhile,
  /// it does call_for_a_stop(). Collective.
  bool narrow(int ranks, const std::atomic<bool>* stop = nullptr);

  /// Tells rank 0, once, that this rank, whom nobody asks, was told to stop.
  void call_for_a_stop();
  /// On rank 0: has any rank done so?
  bool called_for_a_stop();

  /// Collective: runs `work` on every rank, then all agree on the outcome before anything is
  /// raised. If it threw anywhere, rank 0 throws the error of the lowest failing rank (same class)
  /// and the others end silently with exit code 0: with another one, launchers would end rank 0,
  /// perhaps before it has spoken. For input and whatever may fail on one rank only.
  void agree(const std::function<void()>& work);

 private:
  MPI_Comm world_ = MPI_COMM_WORLD;
  int rank_ = 0;
  int size_ = 1;
  const std::atomic<bool>* stop_ = nullptr;  ///< of an idle rank
  MPI_Request call_ = MPI_REQUEST_NULL;
  bool called_ = false;
  bool agreed_failure_ = false;
  int exceptions_at_start_ = 0;
};

/// Whether this process ever made an MpiSession.
bool mpi_was_started();

/// For the outermost catch: inside a live MpiSession of several ranks, prints `message` with the
/// rank and ends all ranks with exit code `code`. Returns otherwise.
void abort_parallel_run(const std::string& message, int code);

/// Throws InputError, naming what is possible, where no state can be spread over `per_state` of a
/// run's `ranks` ranks.
void require_ranks_per_state(int per_state, int ranks);

/// Name and version of the MPI library, on one line.
std::string mpi_version();

}  // namespace qhn
