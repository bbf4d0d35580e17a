#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "record/id_set.hpp"

namespace qhn {

/// Default number of seconds without a heartbeat after which a run counts as dead.
constexpr double stale_seconds = 60.0;

/// A run that works, or worked, on a range of restart ids of a campaign folder.
struct ClaimHolder {
  std::string run;  ///< the claim's name
  IdRange ids;
  std::string host;
  std::string job;      ///< of the batch system, array task included; empty: none
  std::string started;  ///< UTC, ISO 8601
  // For runs on the same machine: shows whether this run is gone. On other machines a pid proves
  // nothing.
  std::string machine;  ///< boot id and pid namespace
  std::int64_t pid = 0, pid_started = 0;
  std::string job_restart;  ///< SLURM_RESTART_COUNT
};

/// This process as a holder of `ids`, from its environment.
ClaimHolder this_process(IdRange ids);

/// "restarts 0 to 499, host n17, job 123_4, since 2024-05-06T07:08:09Z".
std::string describe(const ClaimHolder& holder);

struct ClaimState {
  ClaimHolder holder;
  double age = 0.0;   ///< seconds since the last heartbeat
  bool live = false;  ///< heartbeat within `stale_seconds`, process and job not known dead
};

/// All claims on a folder. `now`: time of its file system, in seconds since 1970; 0: this host's
/// clock.
std::vector<ClaimState> list_claims(const std::string& folder, double stale_seconds,
                                    double now = 0.0);

/// Whether a run of that name is alive, by `claims`.
std::function<bool(const std::string& run)> liveness(std::vector<ClaimState> claims);

/// Exclusive right of this run to a range of restart ids. Uses files in DIR/claims, without locks,
/// which shared file systems may lack. RUN.claim describes the run; its modification time is the
/// heartbeat of a thread here. RUN.held marks the range as held. A run first writes its .claim,
/// then reads all others that overlap. If one of them is held, the constructor throws. Of two that
/// are not held yet, the one with the smaller name waits for the other, which steps back and tries
/// again. Every run writes before it reads, so of two runs at least one sees the other.
class Claim {
 public:
  /// Throws InputError naming the live holder of an overlapping range, RunError if the folder
  /// cannot be written. Removes claims of dead runs, after takeover(claim). While another run is
  /// about to hold an overlapping range, calls wait(that run) about ten times a second; it may
  /// throw to give up.
  Claim(const std::string& folder, const ClaimHolder& self, double stale_seconds,
        const std::function<void(const ClaimState&)>& takeover,
        const std::function<void(const ClaimState&)>& wait = {});
  ~Claim();
  Claim(const Claim&) = delete;
  Claim& operator=(const Claim&) = delete;

  /// Throws RunError if another run took the claim over because this one counted as dead.
  void check() const;

 private:
  void write();
  std::optional<ClaimState> try_to_hold(const std::function<void(const ClaimState&)>& takeover);
  double touch();
  void beat();
  void release();

  std::string folder_;
  ClaimHolder self_;
  double stale_seconds_;
  std::string path_, held_path_;
  std::atomic<bool> held_ = false, lost_ = false;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool ending_ = false;  // under mutex_
  std::thread heart_;
};

}  // namespace qhn
