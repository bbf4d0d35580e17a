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

/// Who works, or worked, on a range of restart ids of a campaign folder.
struct ClaimHolder {
  std::string run;  ///< the claim's name
  IdRange ids;
  std::string host;
  std::string job;      ///< of the batch system, array task included; empty: none
  std::string started;  ///< UTC, ISO 8601
  // How a run on the same machine tells that this one is gone; a pid proves nothing elsewhere.
  std::string machine;  ///< boot and pid name space
  std::int64_t pid = 0, pid_started = 0;
  std::string job_restart;  ///< SLURM_RESTART_COUNT
};

/// This process as a holder of `ids`, from its environment.
ClaimHolder this_process(IdRange ids);

/// "restarts 0 to 499, host n17, job 123_4, since 2024-05-06T07:08:09Z".
std::string describe(const ClaimHolder& holder);

struct ClaimState {
  ClaimHolder holder;
  double age = 0.0;  ///< seconds since the last heartbeat
  bool live =
      false;  ///< it beat within `stale_seconds`, and its process and job are not known dead
};

/// All claims on a folder. `now`: of its file system, in seconds since 1970; 0: this host's clock.
std::vector<ClaimState> list_claims(const std::string& folder, double stale_seconds,
                                    double now = 0.0);

/// A range of restart ids that this run alone works on. Files in DIR/claims, without locks, which
/// shared file systems may lack: RUN.claim says who it is, its modification time is the heartbeat
/// of a thread here; RUN.held says that the range is his. A run first writes its .claim, then looks
/// at all others that overlap: it is refused where one is held; of two that are not held yet, the
/// one with the smaller name waits for the other, which steps back and tries again. Whoever looks
/// has written before, so of two runs at least one sees the other.
class Claim {
 public:
  /// Throws InputError naming the live holder of an overlapping range, RunError where the folder
  /// cannot be written. Claims of runs that are gone are removed, each told to `takeover`. While
  /// another run is about to hold an overlapping range, wait(that run) is called about ten times a
  /// second; it may throw to give up.
  Claim(const std::string& folder, const ClaimHolder& self, double stale_seconds,
        const std::function<void(const ClaimState&)>& takeover,
        const std::function<void(const ClaimState&)>& wait = {});
  ~Claim();
  Claim(const Claim&) = delete;
  Claim& operator=(const Claim&) = delete;

  /// Throws RunError where another run took the claim over, thinking this one dead.
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
