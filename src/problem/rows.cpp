#include "problem/rows.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "core/error.hpp"

namespace qhn {
namespace {

double& at(Rows& data, std::size_t sample, int input) {
  return data
      .features[sample * static_cast<std::size_t>(data.inputs) + static_cast<std::size_t>(input)];
}

}  // namespace

Rows Rows::chosen(std::span<const std::size_t> rows) const {
  Rows result{inputs, {}, {}};
  result.features.reserve(rows.size() * static_cast<std::size_t>(inputs));
  result.labels.reserve(rows.size());
  for (const std::size_t row : rows) {
    const auto from = features.begin() + static_cast<std::ptrdiff_t>(row) * inputs;
    result.features.insert(result.features.end(), from, from + inputs);
    result.labels.push_back(labels[row]);
  }
  return result;
}

void Rows::keep(std::span<const std::size_t> rows) {
  const auto width = static_cast<std::ptrdiff_t>(inputs);
  for (std::size_t k = 0; k < rows.size(); ++k) {
    labels[k] = labels[rows[k]];
    const auto from = features.begin() + static_cast<std::ptrdiff_t>(rows[k]) * width;
    std::copy(from, from + width, features.begin() + static_cast<std::ptrdiff_t>(k) * width);
  }
  labels.resize(rows.size());
  features.resize(rows.size() * static_cast<std::size_t>(inputs));
}

void binarize(std::span<double> features, double threshold) {
  for (double& x : features) x = x > threshold ? 1.0 : -1.0;
}

std::vector<int> standardize(RowSplit& split) {
  std::vector<int> constant;
  const auto samples = static_cast<double>(split.train.size());
  for (int i = 0; i < split.train.inputs; ++i) {
    const double first = at(split.train, 0, i);
    double sum = 0.0, squares = 0.0;
    bool varies = false;
    for (std::size_t s = 0; s < split.train.size(); ++s) {
      sum += at(split.train, s, i);
      varies = varies || at(split.train, s, i) != first;
    }
    const double mean = varies ? sum / samples : first;
    for (std::size_t s = 0; s < split.train.size(); ++s) {
      const double d = at(split.train, s, i) - mean;
      squares += d * d;
    }
    const double deviation = std::sqrt(squares / samples);
    if (!std::isfinite(deviation) || (varies && deviation == 0.0))
      throw InputError(fmt::format(
          "problem.standardize: the values of feature {} are too large or too close together",
          i + 1));
    if (!varies) constant.push_back(i);
    for (Rows* data : {&split.train, &split.test})
      for (std::size_t s = 0; s < data->size(); ++s) {
        double& x = at(*data, s, i);
        x = varies ? (x - mean) / deviation : 0.0;
      }
  }
  return constant;
}

DataSplit finish(RowSplit split, const ProblemOptions& options) {
  if (options.standardize) {
    const std::vector<int> constant = standardize(split);
    if (!constant.empty()) {
      std::string which;
      for (std::size_t i = 0; i < std::min<std::size_t>(constant.size(), 8); ++i)
        which += fmt::format("{}{}", i == 0 ? "" : ", ", constant[i] + 1);
      split.remarks.push_back(
          fmt::format("{}: {} of {} features ({}{}) are constant in the training samples: set to 0",
                      options.data, constant.size(), split.train.inputs, which,
                      constant.size() > 8 ? ", ..." : ""));
    }
  }
  const auto ones = std::count(split.test.labels.begin(), split.test.labels.end(), 1);
  if (split.test.size() > 0 && (ones == 0 || ones == std::ssize(split.test.labels)))
    split.remarks.push_back(fmt::format("{}: all {} test samples have label {}", options.data,
                                        split.test.size(), ones == 0 ? 0 : 1));
  if (options.test_fraction > 0.0 && split.test.size() == 0)
    split.remarks.push_back(
        fmt::format("{}: problem.test_fraction {} of {} rows yields no test sample", options.data,
                    options.test_fraction, split.train.size()));
  if (options.binarize) {
    binarize(split.train.features, *options.binarize);
    binarize(split.test.features, *options.binarize);
  }
  const auto data_set = [](Rows& rows) {
    return DataSet{rows.inputs, std::move(rows.features), std::move(rows.labels)};
  };
  return {data_set(split.train), data_set(split.test), std::move(split.remarks)};
}

}  // namespace qhn
