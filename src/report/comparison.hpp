#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "perf/hardware.hpp"
#include "record/campaign_file.hpp"
#include "report/solution.hpp"

namespace qhn {

/// Unit of a gap: 1, the gap of the mean cost, or the gap of the second-best cost.
enum class GapUnit { absolute, mean, first_gap };

struct ComparisonOptions {
  double epsilon = 0.0;  ///< 0: the smallest of the first campaign
  GapUnit unit = GapUnit::absolute;
  Hardware hardware;
  /// Names of the methods, one per campaign; results on different data with the same name are
  /// instances of one method. Empty: made from the keys in which campaigns differ.
  std::vector<std::string> labels;
};

/// A text, or a number with its interval.
struct Cell {
  std::string text;
  std::optional<Estimate> number;
};

struct ComparedTable {
  std::string name;  ///< "success", "oracle", "circuits", "circuits-work", "classical",
                     ///< "classical-work" or "projected"
  std::string title;
  std::vector<std::string> columns;  ///< the first two: method, success by
  std::vector<std::vector<Cell>> rows;
};

/// Reference of the gaps of one result, and the gap below which a restart succeeds.
struct GapReference {
  std::string result;
  std::string reference;  ///< "enumerated" or "target"
  double value = 0.0;     ///< E_min, or the target
  double epsilon = 0.0;   ///< absolute, in units of the cost
};

struct Comparison {
  std::string introduction;
  std::vector<GapReference> references;
  std::vector<ComparedTable> tables;  ///< each with full enumeration as its last row
  std::vector<std::string> remarks;
};

/// Compares methods on one problem. Campaigns whose problems differ only in their seed are
/// instances of it. Only the contiguous prefix of restarts counts. Recomputes the cost table if
/// possible, for units of ε, probabilities of shots (if final angles were kept) and test scores.
/// Throws InputError if campaigns do not belong together.
///
/// Joules per training: those of a campaign's restarts, divided in proportion to their seconds.
Comparison compare(std::span<const CampaignFile> campaigns, const ComparisonOptions& options);

}  // namespace qhn
