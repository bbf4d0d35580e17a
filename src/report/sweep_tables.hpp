#pragma once

#include <string>
#include <vector>

#include "record/sweep_index.hpp"
#include "report/campaign_statistics.hpp"

namespace qhn {

/// A point of a sweep that has restarts to count.
struct PointStatistics {
  IndexedPoint point;
  CampaignStatistics statistics;
};

/// Statistics of the points of the sweep in `folder` that have some, in its order, all for the same
/// gaps: `epsilons`, or if empty the union of those of the points.
std::vector<PointStatistics> read_points(const std::string& folder, const SweepIndex& sweep,
                                         const std::vector<double>& epsilons);

/// Width of a table of a sweep at most, in characters; wider only if the swept keys alone need it.
constexpr std::size_t sweep_columns = 100;

/// Success probabilities as text: a row for each point, columns for the swept keys and the gaps;
/// several tables if one would be too wide. `energy`: with the joules of every point.
std::string sweep_text(const SweepIndex& sweep, const std::vector<PointStatistics>& points,
                       bool energy);

}  // namespace qhn
