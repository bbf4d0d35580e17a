#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "io/campaign_file.hpp"
#include "meter/hardware.hpp"
#include "record/solution.hpp"

namespace qhn {

/// What a gap is counted in.
enum class GapUnit { absolute, mean, first_gap };

struct ComparisonOptions {
  double epsilon = 0.0;  ///< 0: the tightest of the first campaign
  GapUnit unit = GapUnit::absolute;
  Hardware hardware;
  /// Names of the methods, one for each campaign; results on other data that have the same one are
  /// instances of it. Empty: made from what the campaigns differ in.
  std::vector<std::string> labels;
};

/// A word, or a number with its interval.
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

/// What the gaps of one result are counted from, and which count as success.
struct GapReference {
  std::string result;
  std::string reference;  ///< "enumerated" or "target"
  double value = 0.0;     ///< E_min, or the target
  double epsilon = 0.0;   ///< success is a gap below it, absolute
};

struct Comparison {
  std::string introduction;
  std::vector<GapReference> references;
  std::vector<ComparedTable> tables;  ///< each with full enumeration as its last row
  std::vector<std::string> remarks;
};

/// Methods on one problem, side by side. Campaigns whose problems differ in nothing but their seed
/// are instances of it. Only the contiguous prefix of restarts counts. Makes the cost table again
/// where there can be one: for what ε means, for probabilities of shots (where final angles were
/// kept), for test scores. Throws InputError where campaigns do not belong together.
///
/// Joules per training: those of a campaign's restarts, shared out by their seconds.
Comparison compare(std::span<const CampaignFile> campaigns, const ComparisonOptions& options);

}  // namespace qhn
