#pragma once

#include <cstdint>
#include <map>

#include "record/statistics.hpp"

namespace qhn {

/// When a campaign of unfixed length has restarts enough: the interval of the success probability
/// at `epsilon` is narrow enough. Judged over the restarts 0 … m − 1 at fixed m only (next_look),
/// so that the answer depends neither on the ranks nor on the order in which restarts end.
struct StoppingRule {
  double epsilon = 0.0;       ///< 0: no rule, the number of restarts is fixed
  double halfwidth = 0.0;     ///< of the interval of the probability; 0: not asked for
  double relative_tts = 0.0;  ///< upper / lower end of the interval of TTS99; 0: not asked for

  bool active() const { return epsilon > 0; }
  /// Every width that was asked for is reached.
  bool satisfied(std::uint64_t successes, std::uint64_t total) const;
  friend bool operator==(const StoppingRule&, const StoppingRule&) = default;
};

/// The numbers of restarts at which a rule is judged: 100, 125, 156, … (a quarter more each time).
std::uint64_t next_look(std::uint64_t after);

/// Counts the successes of the contiguous prefix first, first + 1, … of restarts that finish in any
/// order, and ends it where the rule is satisfied. Memory: what waits beyond the prefix.
class PrefixCount {
 public:
  /// Restarts of `ids` first … `end` − 1; a rule needs first = 0.
  PrefixCount(std::uint64_t first, std::uint64_t end, double epsilon, StoppingRule rule = {});

  void add(std::uint64_t id, double gap);
  /// Moves the end to `end`, beyond which nothing has been added; for campaigns without a rule.
  void end_at(std::uint64_t end) { end_ = end; }

  /// Restarts in the prefix, none beyond where the rule was satisfied, and its successes.
  std::uint64_t restarts() const { return next_ - first_; }
  std::uint64_t successes() const { return successes_; }
  /// Finished restarts beyond the prefix.
  std::uint64_t waiting() const { return waiting_.size(); }
  bool satisfied() const { return satisfied_; }
  /// One more than the last id of the campaign, as far as is known now.
  std::uint64_t end() const { return satisfied_ ? next_ : end_; }
  double epsilon() const { return epsilon_; }

 private:
  void judge();

  std::uint64_t first_, next_, end_;
  double epsilon_;
  StoppingRule rule_;
  std::uint64_t look_;
  std::uint64_t successes_ = 0, rule_successes_ = 0;
  bool satisfied_ = false;
  std::map<std::uint64_t, double> waiting_;  // id → gap
};

}  // namespace qhn
