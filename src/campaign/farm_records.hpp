#pragma once

#include <cstdint>
#include <vector>

#include "campaign/farm.hpp"
#include "campaign/farm_mail.hpp"
#include "campaign/farm_restarts.hpp"

namespace qhn {

/// The way of results: from each rank to its writer, which writes them through the callbacks, and
/// from writers, as ids and gaps, to rank 0. Used by the calling thread only.
class RecordRoute {
 public:
  /// Throws std::invalid_argument if a writer is not its own writer. Collective.
  RecordRoute(Mail& mail, SharedRestarts& restarts, const FarmOptions& options,
              const FarmCallbacks& callbacks);

  /// The rank that gets this rank's records and its `halt`: its writer, or rank 0.
  int receiver() const { return is_writer() ? 0 : writer_; }
  /// Passes on what is due at `now`, in coarse or fine seconds.
  void serve(double now);
  /// Passes on all results of this rank.
  void pass_on();
  /// On writers: reports to rank 0 what has been written since the last report.
  void report();
  /// Handles a message of the kinds `records`, `written` and `last`.
  void open(const Mail::Message& message);
  /// Whether no rank will send records here any more.
  bool complete() const { return senders_done_ == senders_; }
  /// On rank 0: restarts written by all writers.
  std::uint64_t finished() const { return finished_; }

 private:
  bool is_writer() const { return mail_.comm().rank() == writer_; }
  void count_senders();
  void write(SharedRestarts::Results&& results);
  void count(const std::vector<FinishedRestart>& finished);

  Mail& mail_;
  SharedRestarts& restarts_;
  const FarmCallbacks& callbacks_;
  const int writer_;
  int senders_ = 0, senders_done_ = 0;    // ranks that send records here
  double last_passed_, last_reported_;    // seconds
  std::vector<FinishedRestart> written_;  // not yet reported to rank 0
  std::uint64_t finished_ = 0;
};

}  // namespace qhn
