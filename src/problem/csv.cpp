#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string_view>
#include <utility>

#include "core/error.hpp"
#include "problem/data.hpp"

namespace qhn {
namespace {

/// nullopt where the text is no number (nan and inf are numbers here; callers refuse them).
std::optional<double> parse_number(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0.0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// Calls row(line number, line) for each line up to the last that is not blank.
template <class Row>
void for_each_line(std::string_view text, Row row) {
  text = text.substr(0, text.find_last_not_of(" \t\r\n") + 1);
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    row(number, trim(text.substr(0, end)));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

std::vector<std::string_view> split_fields(std::string_view line) {
  std::vector<std::string_view> fields;
  for (;;) {
    const std::size_t comma = line.find(',');
    fields.push_back(trim(line.substr(0, comma)));
    if (comma == std::string_view::npos) return fields;
    line.remove_prefix(comma + 1);
  }
}

/// A data set that is still being changed.
struct Rows {
  int inputs = 0;
  std::vector<double> features;
  std::vector<std::uint8_t> labels;

  std::size_t size() const { return labels.size(); }
  DataSet data_set() && { return {inputs, std::move(features), std::move(labels)}; }
};

Rows load_file(const std::string& path) {
  Rows data;
  for_each_line(read_whole_file(path, "CSV file"), [&](std::size_t line, std::string_view text) {
    const std::vector<std::string_view> fields = split_fields(text);
    if (line == 1 && std::none_of(fields.begin(), fields.end(), parse_number)) return;
    const int inputs = static_cast<int>(fields.size()) - 1;
    if (data.labels.empty()) data.inputs = inputs;
    if (inputs < 1 || inputs != data.inputs)
      throw InputError(fmt::format("{}:{}: {} columns; {}", path, line, fields.size(),
                                   inputs < 1
                                       ? "at least one feature and the label are needed"
                                       : fmt::format("the rows above have {}", data.inputs + 1)));
    for (std::size_t i = 0; i + 1 < fields.size(); ++i)
      data.features.push_back(finite_number(path, line, fields[i]));
    const double label = finite_number(path, line, fields.back());
    if (label != 0.0 && label != 1.0)
      throw InputError(
          fmt::format("{}:{}: label {}; the last column is 0 or 1", path, line, fields.back()));
    data.labels.push_back(label == 1.0);
  });
  if (data.labels.empty()) throw InputError(path + ": holds no samples");
  return data;
}

}  // namespace

std::string_view trim(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  const auto first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

double finite_number(const std::string& path, std::size_t line, std::string_view field) {
  const std::optional<double> value = parse_number(field);
  if (!value)
    throw InputError(fmt::format("{}:{}: '{}' is not a number", path, line, field.substr(0, 40)));
  if (!std::isfinite(*value))
    throw InputError(fmt::format("{}:{}: '{}' is not a finite number", path, line, field));
  return *value;
}

std::string read_whole_file(const std::string& path, const std::string& what) {
  if (!std::filesystem::is_regular_file(path))
    throw InputError(fmt::format("{}: no such {}", path, what));
  std::ifstream file(path, std::ios::binary);
  std::string text(std::istreambuf_iterator<char>(file), {});
  if (!file) throw InputError(fmt::format("{}: this {} cannot be read", path, what));
  return text;
}

DataSplit load_csv(const ProblemOptions& options) {
  struct {
    Rows train, test;
  } split;
  split.train = load_file(options.data);
  if (!options.test_data.empty()) {
    if (options.test_fraction != 0.0)
      throw InputError("problem.test_data and problem.test_fraction exclude each other");
    split.test = load_file(options.test_data);
    if (split.test.inputs != split.train.inputs)
      throw InputError(fmt::format("{}: {} columns, but {} has {}", options.test_data,
                                   split.test.inputs + 1, options.data, split.train.inputs + 1));
  } else if (options.test_fraction != 0.0) {
    const double rows = static_cast<double>(split.train.size());
    const auto count = static_cast<std::size_t>(std::llround(options.test_fraction * rows));
    if (!(options.test_fraction > 0.0) || count >= split.train.size())
      throw InputError(fmt::format("problem.test_fraction is {}; of {} rows it has to leave some",
                                   options.test_fraction, split.train.size()));
    const auto kept = static_cast<std::ptrdiff_t>(split.train.size() - count);
    split.test.inputs = split.train.inputs;
    split.test.labels.assign(split.train.labels.begin() + kept, split.train.labels.end());
    split.test.features.assign(split.train.features.begin() + kept * split.train.inputs,
                               split.train.features.end());
    split.train.labels.resize(static_cast<std::size_t>(kept));
    split.train.features.resize(static_cast<std::size_t>(kept * split.train.inputs));
  }
  for (const std::uint8_t label : {0, 1})
    if (std::count(split.train.labels.begin(), split.train.labels.end(), label) == 0)
      throw InputError(fmt::format("{}: no training sample has label {}; both classes are needed",
                                   options.data, label));
  if (options.binarize) {
    binarize(split.train.features, *options.binarize);
    binarize(split.test.features, *options.binarize);
  }
  return {std::move(split.train).data_set(), std::move(split.test).data_set()};
}

void binarize(std::span<double> features, double threshold) {
  for (double& x : features) x = x > threshold ? 1.0 : -1.0;
}

}  // namespace qhn
