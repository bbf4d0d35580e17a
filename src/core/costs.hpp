#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <span>

#include "core/types.hpp"

namespace qhn {

/// Costs that differ by less than this, relative to the minimum, count as equal: a cost is a sum
/// over thousands of samples, and two networks that compute the same may sum in another order.
inline constexpr double equal_costs = 1e-12;

/// The largest cost that counts as minimal in a table with the least entry `minimum`. If the
/// largest entry, `maximum`, is given, the slack is relative to at most ten times the range of the
/// costs, so that an offset that all entries share does not make them equal.
inline double minimizer_limit(double minimum,
                              double maximum = std::numeric_limits<double>::infinity()) {
  return minimum + equal_costs * std::min(std::abs(minimum), 10.0 * (maximum - minimum));
}

/// Throws InputError if a cost is not finite: features or costs are too large for sums of doubles.
/// costs[i] belongs to network `index_of(i)`.
void require_finite(std::span<const double> costs, const std::function<Index(Index)>& index_of);

/// How far above `target` a loss may be, because of rounding, and still count as equal to it.
double target_slack(double target);

}  // namespace qhn
