#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>

#include "record/record.hpp"

namespace qhn {

/// How far a campaign is, on stderr: one bar on a terminal, a line every minute elsewhere.
class Progress {
 public:
  /// Successes are counted at `epsilon`.
  Progress(std::uint64_t restarts, double epsilon);
  void count(const RestartResult& result);
  /// To be called often; shows something when it is time.
  void tick();
  /// Leaves the bar as it is at the end.
  void finish();

  /// "57 of 200 restarts, 3.2/s, P(gap < 1e-05) = 0.43 so far, 0:45 left".
  static std::string describe(std::uint64_t done, std::uint64_t restarts, std::uint64_t successes,
                              double epsilon, double seconds);

 private:
  using Clock = std::chrono::steady_clock;
  void show();

  const std::uint64_t restarts_;
  const double epsilon_;
  const bool terminal_;
  const Clock::time_point start_ = Clock::now();
  Clock::time_point shown_ = start_;
  std::uint64_t done_ = 0;
  std::uint64_t successes_ = 0;
};

}  // namespace qhn
