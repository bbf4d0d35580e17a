#pragma once

#include <mpi.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "campaign/farm.hpp"
#include "comm/ranks.hpp"
#include "engine/engine.hpp"

namespace qhn {

/// The ranks that hold one distributed state. The lowest rank, the leader, takes part in the farm
/// and broadcasts the id and the checkpoint of each restart; the others, its followers, run the
/// same restarts. The engine's results are bit-identical on all ranks, so each rank runs the
/// optimizer and computes the same angles; nothing else is sent.
///
/// Before every evaluation the ranks check that no stop was requested and all angle vectors match.
/// So a signal on any rank ends the campaign after one evaluation, and ranks whose processors or
/// libraries compute different results end it with an error.
class Group {
 public:
  /// Handles an exception on this rank while the other ranks of the group may be waiting for it.
  /// Must end all ranks; if it returns, a RunError with the same message is thrown.
  using Failure = std::function<void(const std::string& message)>;

  /// Splits `comm` into groups of `size` consecutive ranks (a power of two that divides its size).
  /// `stop`: the stop flag of the farm. `stopped` is called repeatedly on a follower whose `stop`
  /// is set while it waits for its leader, which may be idle. Collective over `comm`.
  Group(MPI_Comm comm, int size, const std::atomic<bool>& stop, Failure failed,
        std::function<void()> stopped = {});

  const Ranks& ranks() const { return ranks_; }  ///< of this group
  bool leads() const { return ranks_.rank() == 0; }
  /// The leaders of all groups, in their order; none on followers.
  const Communicator& leaders() const { return leaders_; }

  /// `engine`, whose calls are collective over ranks(), with agree_to_go_on() before each call.
  /// Must not outlive the group.
  std::unique_ptr<Engine> together(std::unique_ptr<Engine> engine);

  /// Checks that no stop was requested and all angle vectors match. Otherwise throws, on all ranks
  /// alike, Abandoned (stop) or RunError (angles). Collective over ranks().
  void agree_to_go_on(std::span<const double> angles) const;

  /// On the leader: `run`, with each restart broadcast to the followers first.
  RestartRunner lead(RestartRunner run);
  /// On followers: runs the leader's restarts until dismiss().
  void follow(const RestartRunner& run);
  /// On the leader: ends follow().
  void dismiss();

 private:
  class Together;
  struct Order;
  /// From the leader to the followers, which can sleep until it arrives.
  MPI_Request start_broadcast(Order& order) const;
  template <class Work>
  auto guarded(const Work& work);

  Ranks ranks_;
  Communicator leaders_;
  const std::atomic<bool>& stop_;
  Failure failed_;
  std::function<void()> stopped_;
  bool leaves_ = false;  ///< the leader gives up at the next evaluation
  bool broken_ = false;  ///< after an exception: no more broadcasts
};

/// run_farm() with groups as workers. `options`, `callbacks` and the returned count are those of
/// the leaders; followers return 0. `run` uses an engine of together(). options.workers must be 1.
/// Collective over the ranks of all groups.
std::uint64_t run_farm(Group& group, const RestartRunner& run, const FarmOptions& options,
                       const std::atomic<bool>& stop, const FarmCallbacks& callbacks);

}  // namespace qhn
