#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>

#include "record/stopping.hpp"

namespace qhn {

/// How far a campaign is, on stderr: one bar on a terminal, a line every minute elsewhere.
class Progress {
 public:
  /// `before` of `restarts` were finished when this run began; `prefix` must outlive this and gets
  /// every finished restart before count() is called.
  Progress(std::uint64_t restarts, std::uint64_t before, const PrefixCount& prefix);
  void count(std::uint64_t finished) { done_ += finished; }
  /// To be called often; shows something when it is time.
  void tick();
  /// Leaves the bar as it is at the end.
  void finish();

  struct State {
    std::uint64_t done = 0, before = 0, restarts = 0;
    std::uint64_t prefix = 0, successes = 0;  ///< of the contiguous prefix
    double epsilon = 0.0;
    double seconds = 0.0;  ///< since this run began
  };
  /// "57 of 200 restarts, 3.2/s, P(gap < 1e-05) = 0.43 so far, 0:45 left".
  static std::string describe(const State& state);

  /// "1:01:00".
  static std::string clock_time(double seconds);

 private:
  using Clock = std::chrono::steady_clock;
  void show();

  const std::uint64_t restarts_, before_;
  const PrefixCount& prefix_;
  const bool terminal_;
  const Clock::time_point start_ = Clock::now();
  Clock::time_point shown_ = start_;
  std::uint64_t done_ = before_;
};

}  // namespace qhn
