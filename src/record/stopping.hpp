#pragma once

#include <cstdint>
#include <map>

#include "record/statistics.hpp"

namespace qhn {

/// Ends a campaign of open length once the interval of the success probability at `epsilon` is
/// narrow enough. It is judged over the restarts 0 … m − 1 at fixed m only (next_look), so that the
/// result depends neither on the ranks nor on the order in which restarts end.
struct StoppingRule {
  double epsilon = 0.0;       ///< 0: no rule, the number of restarts is fixed
  double halfwidth = 0.0;     ///< of the interval of the probability; 0: no condition
  double relative_tts = 0.0;  ///< upper / lower end of the interval of TTS99; 0: no condition

  bool active() const { return epsilon > 0; }
  /// True if every condition is met.
  bool satisfied(std::uint64_t successes, std::uint64_t total) const;
  friend bool operator==(const StoppingRule&, const StoppingRule&) = default;
};

/// The numbers of restarts at which a rule is judged: 100, 125, 156, … (a quarter more each time).
std::uint64_t next_look(std::uint64_t after);

/// Counts the successes of the contiguous prefix first, first + 1, … of restarts that finish in any
/// order, and ends it where the rule is satisfied. Memory: the restarts beyond the prefix.
class PrefixCount {
 public:
  /// Restarts `first` … `end` − 1; a rule requires first = 0.
  PrefixCount(std::uint64_t first, std::uint64_t end, double epsilon, StoppingRule rule = {});

  void add(std::uint64_t id, double gap);
  /// Moves the end to `end`; requires that nothing was added beyond it. For campaigns without a
  /// rule.
  void end_at(std::uint64_t end) { end_ = end; }

  /// Restarts in the prefix, at most up to where the rule was satisfied, and its successes.
  std::uint64_t restarts() const { return next_ - first_; }
  std::uint64_t successes() const { return successes_; }
  /// Finished restarts beyond the prefix.
  std::uint64_t waiting() const { return waiting_.size(); }
  bool satisfied() const { return satisfied_; }
  /// The last id of the campaign + 1, as far as known.
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
