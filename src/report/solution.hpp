#pragma once

#include <span>
#include <vector>

#include "record/statistics.hpp"

namespace qhn {

/// One training in a comparison.
struct Attempt {
  double success = 0.0;  ///< 0 or 1, or the probability that measuring finds a success
  double cost = 0.0;     ///< in any unit
};

/// All trainings of one method on one instance of a problem.
using Attempts = std::vector<Attempt>;

/// A number with its 95 % interval. If no attempt succeeded, the value is infinite and the lower
/// end a one-sided 95 % bound.
struct Estimate {
  double value = 0.0;
  Interval interval;
};

/// Mean success; instances have equal weight. The interval is Clopper–Pearson's for one instance of
/// zeros and ones, and for several with zeros or ones alone as if of one; else that of the
/// bootstrap. Each instance needs an attempt.
Estimate mean_success(std::span<const Attempts> instances);
/// Mean cost; instances have equal weight. The interval is that of the bootstrap.
Estimate mean_cost(std::span<const Attempts> instances);

/// TTS99 or ETS99 (docs/theory.md, Success) of the mean cost and the mean success, plus `once`,
/// which is charged once. The interval is the percentile bootstrap's (B.
/// Efron, R. J. Tibshirani, An Introduction to the Bootstrap, 1993, section 13.3) with 1000
/// resamples: success and cost of an attempt are drawn together; with several instances, instances
/// are drawn, and attempts for all of them together, because attempt k is taken to start alike in
/// each (A. B. Owen, Ann. Appl. Stat. 1 (2007) 386). If no attempt succeeded: the mean cost at the
/// largest success probability p with (1 − p)^n >= 0.05, n attempts of the instance that has most.
Estimate solution_cost_99(std::span<const Attempts> instances, double once = 0.0);

}  // namespace qhn
