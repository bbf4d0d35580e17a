#include "record/stopping.hpp"

#include <algorithm>

namespace qhn {

bool StoppingRule::satisfied(std::uint64_t successes, std::uint64_t total) const {
  const Interval interval = clopper_pearson(successes, total);
  if (halfwidth > 0 && (interval.high - interval.low) / 2 > halfwidth) return false;
  if (relative_tts > 0) {
    // The mean cost of a restart is in both ends and cancels.
    const double upper = cost_to_solution_99(1.0, interval.low);
    const double lower = cost_to_solution_99(1.0, interval.high);
    if (!(upper <= relative_tts * lower)) return false;
  }
  return true;
}

std::uint64_t next_look(std::uint64_t after) {
  std::uint64_t look = 100;
  while (look <= after) look += look / 4;
  return look;
}

PrefixCount::PrefixCount(std::uint64_t first, std::uint64_t end, double epsilon, StoppingRule rule)
    : first_(first), next_(first), end_(end), epsilon_(epsilon), rule_(rule), look_(next_look(0)) {}

void PrefixCount::add(std::uint64_t id, double gap) {
  if (id < next_ || id >= end_ || satisfied_) return;
  waiting_.emplace(id, gap);
  while (!satisfied_ && !waiting_.empty() && waiting_.begin()->first == next_) {
    const double next_gap = waiting_.begin()->second;
    waiting_.erase(waiting_.begin());
    ++next_;
    if (next_gap < epsilon_) ++successes_;
    if (next_gap < rule_.epsilon) ++rule_successes_;
    judge();
  }
}

void PrefixCount::judge() {
  if (!rule_.active() || next_ < look_) return;
  look_ = next_look(next_);
  satisfied_ = rule_.satisfied(rule_successes_, next_);
  if (satisfied_) waiting_.clear();
}

}  // namespace qhn
