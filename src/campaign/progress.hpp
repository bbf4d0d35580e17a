#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <string>

#include "record/stopping.hpp"

namespace qhn {

/// Shows the progress of a campaign on stderr: a bar on a terminal; otherwise, and on terminals
/// that cannot return to the start of a line (TERM=dumb, or unset), a line every minute.
class Progress {
 public:
  /// `before` of `restarts` were finished when this run began. `prefix` must outlive this; the
  /// caller adds finished restarts to it before it calls count(). Without it no success probability
  /// is shown.
  Progress(std::uint64_t restarts, std::uint64_t before, const PrefixCount* prefix);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void count(std::uint64_t finished) { done_ += finished; }
  /// Call often: updates the display every 200 ms on a terminal, every minute elsewhere.
  void tick();
  /// Shows the final bar and ends its line. Call before anything else is printed.
  void finish();

  struct State {
    std::uint64_t done = 0, before = 0, restarts = 0;
    std::uint64_t prefix = 0, successes = 0;  ///< of the contiguous prefix
    double epsilon = 0.0;
    double seconds = 0.0;  ///< since this run began
  };
  /// "57 of 200 restarts, 3.2/s, P(gap < 1e-05) = 0.43 so far, 0:45 left".
  static std::string describe(const State& state);
  /// The same after a bar, shortened to fit into `columns`.
  static std::string bar(const State& state, std::size_t columns);

  /// "1:01:00".
  static std::string clock_time(double seconds);

  using Environment = std::function<const char*(const char*)>;
  /// Width of the terminal: `reported` columns or, if 0, those of COLUMNS, or 80.
  static std::size_t columns(unsigned reported, const Environment& environment);
  /// Whether a terminal can show a bar, by TERM.
  static bool has_cursor(const Environment& environment);
  /// Whether escape sequences are allowed: NO_COLOR is empty or unset (no-color.org).
  static bool wants_escapes(const Environment& environment);

 private:
  using Clock = std::chrono::steady_clock;
  State state() const;
  void show();

  const std::uint64_t restarts_, before_;
  const PrefixCount* prefix_;
  const bool terminal_, escapes_;
  const Clock::time_point start_ = Clock::now();
  Clock::time_point shown_ = start_;
  std::uint64_t done_ = before_;
  std::size_t length_ = 0;  // columns of the bar on the screen
};

}  // namespace qhn
