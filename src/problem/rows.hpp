#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "problem/data.hpp"

namespace qhn {

/// Labelled samples while they are read and changed (shapes as in DataSet).
struct Rows {
  int inputs = 0;
  std::vector<double> features;
  std::vector<std::uint8_t> labels;

  std::size_t size() const { return labels.size(); }
  Rows chosen(std::span<const std::size_t> rows) const;
  /// Leaves the samples `rows`, which ascend.
  void keep(std::span<const std::size_t> rows);
};

struct RowSplit {
  Rows train, test;
  std::vector<std::string> remarks;
};

/// Gives every feature of the training samples mean 0 and (population) standard deviation 1, and
/// treats the test samples likewise. Constant features become 0; returns which these are.
std::vector<int> standardize(RowSplit& split);

/// What files of all kinds have in common: problem.standardize, then problem.binarize, and remarks
/// on the test set.
DataSplit finish(RowSplit split, const ProblemOptions& options);

}  // namespace qhn
