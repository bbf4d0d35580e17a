#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "problem/data.hpp"

namespace qhn {

/// Labeled samples that can be changed (shapes as in DataSet).
struct Rows {
  int inputs = 0;
  std::vector<double> features;
  std::vector<std::uint8_t> labels;

  std::size_t size() const { return labels.size(); }
  Rows chosen(std::span<const std::size_t> rows) const;
  /// Keeps only the samples `rows`, ascending.
  void keep(std::span<const std::size_t> rows);
};

struct RowSplit {
  Rows train, test;
  std::vector<std::string> remarks;
};

/// Gives every feature of the training samples mean 0 and (population) standard deviation 1, and
/// transforms the test samples likewise. Constant features become 0; returns their numbers, from 0.
std::vector<int> standardize(RowSplit& split);

/// Last step for all kinds of files: problem.standardize, problem.binarize, then remarks on the
/// test set.
DataSplit finish(RowSplit split, const ProblemOptions& options);

}  // namespace qhn
