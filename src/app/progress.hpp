#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <string>

#include "record/stopping.hpp"

namespace qhn {

/// How far a campaign is, on stderr: one bar on a terminal, a line every minute elsewhere and on
/// terminals that cannot go back to the beginning of a line (TERM=dumb, or unset).
class Progress {
 public:
  /// `before` of `restarts` were finished when this run began; `prefix` must outlive this and gets
  /// every finished restart before count() is called.
  Progress(std::uint64_t restarts, std::uint64_t before, const PrefixCount& prefix);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void count(std::uint64_t finished) { done_ += finished; }
  /// To be called often; shows something when it is time.
  void tick();
  /// Leaves the bar as it is at the end; to be called before anything else is printed.
  void finish();

  struct State {
    std::uint64_t done = 0, before = 0, restarts = 0;
    std::uint64_t prefix = 0, successes = 0;  ///< of the contiguous prefix
    double epsilon = 0.0;
    double seconds = 0.0;  ///< since this run began
  };
  /// "57 of 200 restarts, 3.2/s, P(gap < 1e-05) = 0.43 so far, 0:45 left".
  static std::string describe(const State& state);
  /// The same after a bar, both as long as `columns` allow; without what has no room.
  static std::string bar(const State& state, std::size_t columns);

  /// "1:01:00".
  static std::string clock_time(double seconds);

  using Environment = std::function<const char*(const char*)>;
  /// Columns of a terminal that says it has `reported` of them (0: does not say), by COLUMNS,
  /// or 80.
  static std::size_t columns(unsigned reported, const Environment& environment);
  /// Whether a terminal can show a bar, by TERM.
  static bool has_cursor(const Environment& environment);
  /// Whether escape sequences are wanted (no-color.org).
  static bool wants_escapes(const Environment& environment);

 private:
  using Clock = std::chrono::steady_clock;
  State state() const;
  void show();

  const std::uint64_t restarts_, before_;
  const PrefixCount& prefix_;
  const bool terminal_, escapes_;
  const Clock::time_point start_ = Clock::now();
  Clock::time_point shown_ = start_;
  std::uint64_t done_ = before_;
  std::size_t length_ = 0;  // columns of the bar on the screen
};

}  // namespace qhn
