#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "campaign/id_queue.hpp"
#include "record/record.hpp"

namespace qhn {

/// The restarts of one rank, which its threads share: those to start, what they produced, and
/// whether and why the campaign ends. Rank 0 has the queue of all restarts that have not started;
/// the other ranks have a stock, which requests to rank 0 fill.
class SharedRestarts {
 public:
  /// `queue`: on rank 0. `begun`: checkpoints of its restarts, by id. `workers`: those of this
  /// rank. `chunk_seconds`: work that a request asks for.
  SharedRestarts(std::optional<IdQueue> queue, std::map<std::uint64_t, RestartCheckpoint> begun,
                 int workers, double chunk_seconds);

  struct Start {
    std::uint64_t id = 0;
    std::optional<RestartCheckpoint> resume;  ///< to continue from
  };
  /// The next restart for a worker; nullopt: none is left. Waits while the stock is empty: calls
  /// `meanwhile` again and again, or sleeps if it is empty.
  std::optional<Start> next(const std::function<void()>& meanwhile);

  struct Results {
    std::vector<RestartRecord> done;
    std::vector<RestartCheckpoint> saved;
  };
  void finish(RestartRecord&& record);
  void save(RestartCheckpoint&& checkpoint);
  /// Results since the last call.
  Results take_results();

  /// No restart starts any more; those that run are given up.
  void give_up();
  bool given_up() const { return given_up_; }
  /// Gives up because of an error.
  void fail(const std::string& message);
  /// The first error of this rank; empty: none.
  std::string failure();

  struct Request {
    std::uint64_t idle = 0;  ///< workers that wait
    std::uint64_t wish = 0;  ///< ids wanted
    std::uint64_t workers = 0;
    std::uint64_t stock = 0;  ///< ids that have not started
  };
  struct Grant {
    IdRange ids;
    std::uint64_t left = 0;                       ///< ids in the queue
    bool plenty = false;                          ///< IdQueue::plenty()
    std::vector<std::vector<std::byte>> begun{};  ///< packed checkpoints of some of `ids`
  };
  /// The request to send to rank 0 now; nullopt: none, or one is not yet answered.
  std::optional<Request> request();
  bool awaits_grant() const { return asked_; }
  void accept(const Grant& grant);
  /// On rank 0: what another rank gets.
  Grant answer(const Request& request);
  /// On rank 0: whether the queue will be empty within a few polls.
  bool ids_end_soon();

 private:
  Start start(std::uint64_t id);

  const std::uint64_t workers_;
  const double chunk_seconds_;
  bool asked_ = false;                  // a request is not yet answered; calling thread only
  std::atomic<bool> given_up_ = false;  // written under mutex_, read anywhere

  std::mutex mutex_;
  std::condition_variable news_;  // wakes workers that wait for an id
  // Under mutex_:
  std::optional<IdQueue> queue_;                      // on rank 0
  std::deque<std::uint64_t> stock_;                   // on the others
  std::map<std::uint64_t, RestartCheckpoint> begun_;  // restarts of queue_ or stock_ to continue
  std::uint64_t idle_ = 0;                            // workers that wait for an id
  bool none_left_ = false;                            // rank 0 has no more ids
  bool ask_early_ = true;  // plenty are left: ask before the stock is empty
  Results results_;
  double work_seconds_ = 0.0;  // of the work_count_ restarts finished here
  int work_count_ = 0;
  std::string failure_;
};

}  // namespace qhn
