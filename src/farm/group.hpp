#pragma once

#include <mpi.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "dist/ranks.hpp"
#include "farm/farm.hpp"
#include "gradient/engine.hpp"

namespace qhn {

/// The ranks that run restarts together, each with its part of the state. The lowest one leads: it
/// takes part in the farm and names the restarts; the others run the same ones. Since the engine
/// gives all of them the same bits, each runs the optimiser for itself and all come to the same
/// angles: nothing but the restart's number and its checkpoint is sent.
///
/// Before every evaluation the ranks agree that none is to stop, and that they are where the others
/// are: a signal that reaches any of them ends the campaign, and ranks whose processors or
/// libraries compute differently end it with an error. So a run answers a signal after one
/// evaluation.
class Group {
 public:
  /// Tells of an exception that the other ranks of the group cannot know of while they wait for
  /// this one. It must end all ranks; if it returns, the exception is thrown on.
  using Failure = std::function<void(const std::string& message)>;

  /// Splits `comm` into groups of `size` consecutive ranks (a power of two that divides its size).
  /// Collective over `comm`; `stop` is any of the farm's. `stopped` is called, again and again, on
  /// a rank whose `stop` is set while it waits for its leader, who may have nothing to do any more.
  Group(MPI_Comm comm, int size, const std::atomic<bool>& stop, Failure failed,
        std::function<void()> stopped = {});
  ~Group();
  Group(const Group&) = delete;
  Group& operator=(const Group&) = delete;

  const Ranks& ranks() const { return ranks_; }  ///< of this group
  bool leads() const { return ranks_.rank() == 0; }
  /// The leaders of all groups, in their order; MPI_COMM_NULL on the others.
  MPI_Comm leaders() const { return leaders_; }

  /// `engine`, whose calls are collective over ranks(), with the agreement before each of them; it
  /// throws Abandoned on all of them alike. Must not outlive the group.
  std::unique_ptr<Engine> together(std::unique_ptr<Engine> engine);

  /// That agreement, for what else is collective over ranks().
  void agree_to_go_on(std::span<const double> angles) const;

  /// The leader's `run`, which the others follow.
  RestartRunner lead(RestartRunner run);
  /// The others': runs what the leader runs, until dismiss().
  void follow(const RestartRunner& run);
  /// The leader's last word to them.
  void dismiss();

 private:
  class Together;
  struct Order;
  template <class Work>
  auto guarded(const Work& work);

  Ranks ranks_;
  MPI_Comm leaders_ = MPI_COMM_NULL;
  const std::atomic<bool>& stop_;
  Failure failed_;
  std::function<void()> stopped_;
  bool leaves_ = false;  ///< the leader gives up at the next evaluation
  bool broken_ = false;  ///< the others are not there to listen
};

/// run_farm() with groups for workers: `options`, `callbacks` and the returned count are the
/// leaders'; the others follow theirs and return 0. `run` holds an engine of together().
/// Collective over the ranks of all groups; options.workers must be 1.
std::uint64_t run_farm(Group& group, const RestartRunner& run, const FarmOptions& options,
                       const std::atomic<bool>& stop, const FarmCallbacks& callbacks);

}  // namespace qhn
