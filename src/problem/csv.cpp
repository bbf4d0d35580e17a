#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <exception>
#include <numeric>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.hpp"
#include "problem/delimited.hpp"
#include "problem/rows.hpp"
#include "problem/split.hpp"
#include "problem/text.hpp"

namespace qhn {
namespace {

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return result;
}

/// True for the spellings of a missing value.
bool is_missing(std::string_view cell) {
  constexpr std::array<std::string_view, 8> words{"",    "?",    "na",   "n/a",
                                                  "nan", "null", "none", "#n/a"};
  return std::find(words.begin(), words.end(), lower(trim(cell))) != words.end();
}

/// True if a column name contains a word for labels: "class_id", "True label".
bool names_labels(std::string_view name) {
  constexpr std::array<std::string_view, 8> words{"label",  "labels",  "class",   "classes",
                                                  "target", "targets", "outcome", "y"};
  const std::string small = lower(trim(name));
  if (small == "y") return true;
  for (std::size_t begin = 0; begin < small.size();) {
    std::size_t end = begin;
    while (end < small.size() && std::isalpha(static_cast<unsigned char>(small[end]))) ++end;
    const std::string_view word = std::string_view(small).substr(begin, end - begin);
    if (word != "y" && std::find(words.begin(), words.end(), word) != words.end()) return true;
    begin = end + 1;
  }
  return false;
}

/// True for the names that data frame libraries give an index column.
bool is_unnamed(std::string_view name) {
  return trim(name).empty() || lower(trim(name)).starts_with("unnamed");
}

/// The two classes as the label column spells them; entry k is label k.
using ClassNames = std::array<std::string, 2>;

/// Reads the label column: 0 and 1, −1 and 1, or two words, which become 0 and 1 in ascending
/// order.
class LabelColumn {
 public:
  /// `known`: the classes of the training file, for a test file: other labels are errors.
  LabelColumn(const std::string& path, const ClassNames* known) : path_(path), known_(known) {}

  /// Returns a provisional label; finish() puts the two in order.
  std::uint8_t add(std::size_t line, std::string_view cell) {
    std::string name(trim(cell));
    if (is_missing(name)) fail(line, fmt::format("'{}' is not a label", name));
    const bool number = is_number(name);
    if (number) {
      const double value = finite_number(path_, line, name);
      if (value != 0.0 && value != 1.0 && value != -1.0) wrong(line, name);
      name = value == 0.0 ? "0" : value == 1.0 ? "1" : "-1";
    }
    if (known_) {
      for (std::uint8_t label : {0, 1})
        if ((*known_)[label] == name) return label;
      fail(line, fmt::format("label '{}'; the training file has '{}' and '{}'", name.substr(0, 40),
                             (*known_)[0], (*known_)[1]));
    }
    for (std::size_t k = 0; k < names_.size(); ++k)
      if (names_[k] == name) return static_cast<std::uint8_t>(k);
    if (names_.size() == 2 || (!names_.empty() && number != numbers_) ||
        (number && !names_.empty() && name != "1" && names_[0] != "1"))
      wrong(line, name);
    numbers_ = number;
    names_.push_back(name);
    return static_cast<std::uint8_t>(names_.size() - 1);
  }

  /// Returns the classes and adapts `labels` to their order.
  ClassNames finish(std::vector<std::uint8_t>& labels) {
    if (known_) return *known_;
    ClassNames classes;
    if (names_.size() == 2) {
      classes = {names_[0], names_[1]};
    } else if (numbers_ && !names_.empty()) {  // only one of 0, 1, −1 occurs
      classes = names_[0] == "1" ? ClassNames{"1", "0"} : ClassNames{names_[0], "1"};
    } else if (!names_.empty()) {
      classes[0] = names_[0];
    }
    // Holds for numbers too: "0" < "1" and "-1" < "1".
    if (!classes[1].empty() && classes[1] < classes[0]) {
      std::swap(classes[0], classes[1]);
      for (std::uint8_t& label : labels) label ^= 1;
    }
    return classes;
  }

  bool are_words() const { return !names_.empty() && !numbers_; }

 private:
  [[noreturn]] void fail(std::size_t line, const std::string& message) const {
    throw InputError(fmt::format("{}:{}: {}", path_, line, message));
  }
  [[noreturn]] void wrong(std::size_t line, std::string_view name) const {
    std::string above;
    for (const std::string& other : names_)
      above += fmt::format("{}'{}'", above.empty() ? " after " : " and ", other.substr(0, 40));
    fail(line, fmt::format("label {}{}; allowed: 0 and 1, -1 and 1, or two words",
                           name.substr(0, 40), above));
  }

  std::string path_;
  const ClassNames* known_;
  std::vector<std::string> names_;  // in order of appearance, at most two
  bool numbers_ = false;
};

/// Reads one CSV file.
class CsvFile {
 public:
  CsvFile(const std::string& path, const ProblemOptions& options, const ClassNames* known)
      : path_(path), options_(options), file_(path, "CSV file"), labels_(path, known) {
    read();
  }

  int inputs = 0;
  std::vector<double> features;
  std::vector<std::uint8_t> labels;
  ClassNames classes;
  std::vector<std::string> names;  ///< of all columns; empty: no header
  std::vector<std::string> remarks;

 private:
  void read() {
    if (!file_.next()) throw InputError(path_ + ": holds no samples");
    const std::size_t first_line = file_.line();
    const bool has_header = options_.header ? *options_.header : looks_like_header();
    if (has_header) {
      for (std::size_t i = 0; i < file_.size(); ++i) names.emplace_back(file_.field(i));
      header_line_ = first_line;
      if (!file_.next()) throw InputError(path_ + ": holds no samples");
    } else {
      take_comment_as_header();
    }
    measure();
    find_label();
    check_index();
    reserve();
    // The first line if it was only guessed to be a sample; 0: no doubt.
    const std::size_t in_doubt = has_header || options_.header ? 0 : first_line;
    do read_row(in_doubt);
    while (file_.next());
    if (in_doubt > 0 && labels_.are_words() && labels.size() > 1 &&
        std::count(labels.begin(), labels.end(), labels.front()) == 1)
      fail(in_doubt,
           "no other line has this label: a header or a sample? Set problem.header = true or "
           "false");
    classes = labels_.finish(labels);
    if (counts_rows_ && labels.size() > 2)
      remarks.push_back(fmt::format(
          "{}: column 1 counts the rows: is it an index? It is read as a feature", path_));
  }

  /// True if the first record is a header. Throws InputError if it could be a sample too.
  bool looks_like_header() const {
    const std::size_t size = file_.size();
    std::size_t numbers = 0, missing = 0, empty = 0;
    bool counts = true;  // 0, 1, 2, …: a data frame without column names
    for (std::size_t i = 0; i < size; ++i) {
      const std::string_view cell = trim(file_.field(i));
      numbers += is_number(cell);
      empty += cell.empty();
      missing += !cell.empty() && is_missing(cell);
      counts = counts && cell == std::to_string(i);
    }
    const std::size_t line = file_.line();
    if (numbers == 0 && (missing > 0 || empty == size))
      fail(
          line,
          "missing values; allowed: numbers (if this line is a header, set problem.header = true)");
    if (numbers == 0) return true;
    if (counts && size > 1)
      fail(line, "0, 1, 2, ...: a header or a sample? Set problem.header = true or false");
    if (is_unnamed(file_.field(0)))
      fail(line, fmt::format("column 1 has neither a name nor a number: the index of a data frame? "
                             "Write the file without it (pandas: index=False)"));
    return false;
  }

  /// numpy.savetxt writes its header as a comment.
  void take_comment_as_header() {
    std::vector<std::string> fields = file_.comment_fields();
    if (fields.size() != file_.size() || fields.size() < 2 ||
        std::any_of(fields.begin(), fields.end(),
                    [](const std::string& name) { return is_number(name); }))
      return;
    names = std::move(fields);
    header_line_ = file_.line() - 1;
  }

  /// Sets the number of columns, from the first sample and the header.
  void measure() {
    columns_ = file_.size();
    const bool separator_ends = columns_ > 1 && file_.field(columns_ - 1).empty();
    const bool named = names.size() == columns_ && !trim(names.back()).empty();
    if (separator_ends && !named) {  // each line ends with a separator
      trailing_ = true;
      --columns_;
      if (names.size() == columns_ + 1) names.pop_back();
    } else if (names.size() == columns_ + 1 && trim(names.back()).empty()) {
      names.pop_back();
    }
    if (columns_ < 2)
      fail(file_.line(),
           fmt::format("{} columns; at least one feature and the label are needed, separated by "
                       "commas, semicolons or tabs",
                       columns_));
    if (!names.empty() && names.size() != columns_)
      fail(file_.line(),
           fmt::format("{} columns; the header in line {} has {}{}", columns_, header_line_,
                       names.size(), names.size() + 1 == columns_ ? " (an index of rows?)" : ""));
    inputs = static_cast<int>(columns_) - 1;
  }

  void find_label() {
    label_ = columns_ - 1;
    if (options_.label_column > 0) {
      if (static_cast<std::size_t>(options_.label_column) > columns_)
        throw InputError(fmt::format("{}: problem.label is {}; allowed: 1 to {}", path_,
                                     options_.label_column, columns_));
      label_ = static_cast<std::size_t>(options_.label_column) - 1;
      return;
    }
    if (!options_.label.empty()) {
      const auto is_label = [&](const std::string& name) { return trim(name) == options_.label; };
      const auto found = std::find_if(names.begin(), names.end(), is_label);
      const auto count = std::count_if(names.begin(), names.end(), is_label);
      if (count != 1)
        throw InputError(fmt::format("{}: problem.label is \"{}\", but {}", path_, options_.label,
                                     names.empty() ? std::string("the file has no header")
                                                   : fmt::format("{} columns of the header in line "
                                                                 "{} have this name",
                                                                 count, header_line_)));
      label_ = static_cast<std::size_t>(found - names.begin());
      return;
    }
    if (names.empty() || names_labels(names.back())) return;
    const auto other = std::find_if(names.begin(), names.end(), names_labels);
    if (other != names.end())
      fail(header_line_,
           fmt::format("column {} is '{}', but the label is read from the last column, '{}'; set "
                       "problem.label = \"{}\" or \"{}\"",
                       other - names.begin() + 1, *other, names.back(), *other, names.back()));
  }

  void check_index() const {
    if (!names.empty() && label_ != 0 && is_unnamed(names.front()))
      fail(header_line_, fmt::format("column 1 is named '{}': the index of a data frame? Write the "
                                     "file without it (pandas: index=False), or name the column",
                                     names.front()));
  }

  /// Growing vectors would hold the numbers twice for a while. Reserved pages that stay unused take
  /// no memory.
  void reserve() {
    try {
      const std::size_t rows = file_.expected_lines() + file_.expected_lines() / 16;
      features.reserve(rows * static_cast<std::size_t>(inputs));
      labels.reserve(rows);
    } catch (const std::exception&) {
      // The size was only an estimate.
    }
  }

  void read_row(std::size_t in_doubt) try {
    const std::size_t line = file_.line();
    const std::size_t given = file_.size() - (trailing_ && file_.field(file_.size() - 1).empty());
    if (given != columns_ || file_.size() != columns_ + trailing_)
      fail(line, fmt::format("{} columns; the rows above have {}", given, columns_));
    for (std::size_t i = 0; i < columns_; ++i) {
      if (i == label_) continue;
      const std::string_view cell = trim(file_.field(i));
      const std::optional<double> value = parse_finite(cell);
      features.push_back(value ? *value : finite_number(path_, line, cell, describe_column(i)));
    }
    const double first = features[features.size() - static_cast<std::size_t>(inputs)];
    if (labels.empty()) counts_from_ = first;
    counts_rows_ = counts_rows_ && label_ != 0 && (counts_from_ == 0.0 || counts_from_ == 1.0) &&
                   first == counts_from_ + static_cast<double>(labels.size());
    labels.push_back(labels_.add(line, file_.field(label_)));
  } catch (const InputError& error) {
    if (in_doubt == 0 || (file_.line() != in_doubt && !labels_.are_words())) throw;
    throw InputError(fmt::format("{}; if line {} is a header, set problem.header = true",
                                 error.what(), in_doubt));
  }

  std::string describe_column(std::size_t i) const {
    return names.empty() ? fmt::format(" (column {})", i + 1)
                         : fmt::format(" (column {}, '{}')", i + 1, names[i].substr(0, 40));
  }

  [[noreturn]] void fail(std::size_t line, const std::string& message) const {
    throw InputError(fmt::format("{}:{}: {}", path_, line, message));
  }

  std::string path_;
  const ProblemOptions& options_;
  DelimitedFile file_;
  LabelColumn labels_;
  std::size_t header_line_ = 0, columns_ = 0, label_ = 0;
  bool trailing_ = false;
  bool counts_rows_ = true;
  double counts_from_ = 0.0;
};

/// Moves problem.test_fraction of the rows to the test set and keeps problem.train_samples of the
/// rest. Both sets keep the order of the file.
void split_off(RowSplit& split, const ProblemOptions& options) {
  const std::size_t rows = split.train.size();
  std::vector<std::size_t> order = shuffled(rows, options.split_seed);
  if (options.test_fraction != 0.0) {
    const auto count =
        static_cast<std::size_t>(std::llround(options.test_fraction * static_cast<double>(rows)));
    if (!(options.test_fraction > 0.0) || count >= rows)
      throw InputError(fmt::format(
          "problem.test_fraction is {}; allowed: above 0, and less than all of the {} rows",
          options.test_fraction, rows));
    const std::vector<std::size_t> tested = stratified(split.train.labels, order, count);
    split.test = split.train.chosen(tested);
    std::erase_if(order, [&](std::size_t row) {
      return std::binary_search(tested.begin(), tested.end(), row);
    });
  }
  const std::size_t left = order.size();
  const auto wanted = static_cast<std::size_t>(options.train_limit.value_or(0));
  if (wanted > left)
    throw InputError(fmt::format("problem.train_samples is {}; {} has {} training samples", wanted,
                                 options.data, left));
  if (wanted > 0)
    order = stratified(split.train.labels, order, wanted);
  else
    std::sort(order.begin(), order.end());
  split.train.keep(order);
}

Rows take(CsvFile& file, std::vector<std::string>& remarks) {
  remarks.insert(remarks.end(), file.remarks.begin(), file.remarks.end());
  return {file.inputs, std::move(file.features), std::move(file.labels)};
}

}  // namespace

DataSplit load_csv(const ProblemOptions& options) {
  if (!options.test_data.empty() && options.test_fraction != 0.0)
    throw InputError("problem.test_data and problem.test_fraction exclude each other");
  RowSplit split;
  CsvFile train(options.data, options, nullptr);
  split.train = take(train, split.remarks);
  if (!is_number(train.classes[0]))
    split.remarks.push_back(fmt::format("{}: label 0 is '{}', label 1 is '{}'", options.data,
                                        train.classes[0], train.classes[1]));
  if (!options.test_data.empty()) {
    CsvFile test(options.test_data, options, &train.classes);
    if (test.inputs != train.inputs)
      throw InputError(fmt::format("{}: {} columns, but {} has {}", options.test_data,
                                   test.inputs + 1, options.data, train.inputs + 1));
    for (std::size_t i = 0; i < std::min(train.names.size(), test.names.size()); ++i)
      if (trim(train.names[i]) != trim(test.names[i]))
        throw InputError(fmt::format("{}: column {} is '{}', but '{}' in {}", options.test_data,
                                     i + 1, test.names[i], train.names[i], options.data));
    split.test = take(test, split.remarks);
  }
  if (options.test_fraction != 0.0 || options.train_limit) split_off(split, options);
  for (const std::uint8_t label : {0, 1})
    if (std::count(split.train.labels.begin(), split.train.labels.end(), label) == 0)
      throw InputError(fmt::format("{}: no training sample has label {}; both classes are needed",
                                   options.data, label));
  return finish(std::move(split), options);
}

}  // namespace qhn
