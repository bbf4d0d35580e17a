#include "record/angles.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstring>
#include <fstream>
#include <memory>
#include <sstream>
#include <string_view>
#include <utility>

#include "core/error.hpp"
#include "core/paths.hpp"

namespace qhn {
namespace {

constexpr std::string_view blanks = " \t";
constexpr std::string_view separators = " \t,";

std::vector<std::string_view> split(std::string_view line, std::string_view between) {
  std::vector<std::string_view> words;
  for (std::size_t begin = line.find_first_not_of(between); begin != std::string_view::npos;) {
    const std::size_t end = std::min(line.find_first_of(between, begin), line.size());
    words.push_back(line.substr(begin, end - begin));
    begin = line.find_first_not_of(between, end);
  }
  return words;
}

// True for nan, inf and numbers beyond a double (`value` is then infinite) too.
bool is_number(std::string_view word, double& value) {
  if (word.size() > 1 && word[0] == '+' && word[1] != '-') word.remove_prefix(1);
  const auto [rest, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error == std::errc::result_out_of_range) value = INFINITY;
  return error != std::errc::invalid_argument && rest == word.data() + word.size();
}

std::string shown(std::string_view word) {
  constexpr std::size_t enough = 40;
  return std::string(word.substr(0, enough)) + (word.size() > enough ? "…" : "");
}

// "0,5": a decimal comma, or two numbers.
bool has_decimal_comma(std::string_view word) {
  const auto comma = word.find(',');
  const auto is_digit = [&](std::size_t at) {
    return at < word.size() && std::isdigit(static_cast<unsigned char>(word[at]));
  };
  return comma != std::string_view::npos && comma > 0 && is_digit(comma - 1) &&
         is_digit(comma + 1) && word.find(',', comma + 1) == std::string_view::npos &&
         word.find('.') == std::string_view::npos;
}

/// One non-empty line, without its comment.
struct Row {
  std::string line;
  std::size_t number = 0;  // of the line, from 1
  std::vector<std::string_view> words() const { return split(line, separators); }
};

/// Reads the rows of a text one by one. Lines end with LF, CR LF or CR.
class Rows {
 public:
  Rows(std::istream& text, const std::string& name) : text_(text), name_(name) {}

  bool next(Row& row) {
    while (next_line(row.line)) {
      row.number = ++number_;
      if (number_ == 1) skip_byte_order_mark(row.line);
      if (row.line.find('\0') != std::string::npos)
        throw InputError(name_ + ": is not text; allowed: numbers as text (numpy.savetxt)");
      row.line.erase(std::min(row.line.find('#'), row.line.size()));
      if (row.line.find_first_not_of(separators) != std::string::npos) return true;
    }
    return false;
  }

 private:
  bool next_line(std::string& line) {
    if (at_ >= block_.size()) {
      if (!std::getline(text_, block_)) return false;
      if (!block_.empty() && block_.back() == '\r') block_.pop_back();
      at_ = 0;
    }
    const std::size_t end = std::min(block_.find('\r', at_), block_.size());
    line = block_.substr(at_, end - at_);
    at_ = end + 1;
    return true;
  }

  void skip_byte_order_mark(std::string& line) const {
    if (line.starts_with("\xef\xbb\xbf")) line.erase(0, 3);
    if (line.starts_with("\xff\xfe") || line.starts_with("\xfe\xff"))
      throw InputError(name_ + ": is text in UTF-16; allowed: UTF-8 or ASCII");
  }

  std::istream& text_;
  const std::string& name_;
  std::string block_;  // up to a line feed; several lines if CR ends them
  std::size_t at_ = 1;
  std::size_t number_ = 0;
};

bool is_heading(const Row& row) {
  double value = 0;
  const auto words = row.words();
  return std::all_of(words.begin(), words.end(), [&](std::string_view word) {
    std::string_view plain = word;
    if (plain.size() > 2 && plain.front() == '"' && plain.back() == '"')
      plain = plain.substr(1, plain.size() - 2);  // a number in quotes is not a name
    return !is_number(plain, value) &&
           (std::isalpha(static_cast<unsigned char>(word[0])) || word[0] == '"' || word[0] == '_');
  });
}

// Throws InputError for a missing number: nothing between two commas, or before the first.
void require_no_gaps(std::string_view line, const std::string& where) {
  for (std::size_t comma = line.find(','); comma != line.npos; comma = line.find(',')) {
    if (line.substr(0, comma).find_first_not_of(blanks) == line.npos)
      throw InputError(where + ": found nothing beside a comma; allowed: a finite number");
    line.remove_prefix(comma + 1);
  }
}

std::vector<double> parse_row(const Row& row, const std::string& where) {
  const auto columns = split(row.line, blanks);
  if (columns.size() > 1)
    for (const std::string_view word : columns)
      if (has_decimal_comma(word))
        throw InputError(
            fmt::format("{}: found '{}' between blanks; allowed: decimal points, and "
                        "blanks or commas between the numbers",
                        where, shown(word)));
  require_no_gaps(row.line, where);
  std::vector<double> numbers;
  for (const std::string_view word : row.words()) {
    double value = 0;
    if (!is_number(word, value) || !std::isfinite(value))
      throw InputError(fmt::format("{}: found '{}'; allowed: finite numbers, blanks and commas",
                                   where, shown(word)));
    numbers.push_back(value);
  }
  return numbers;
}

void fit(std::vector<double>& angles, std::size_t expected, bool ignore_extra,
         const std::string& where, const std::string& hint) {
  const std::string found =
      fmt::format("{}: found {} angles; the circuit has {}", where, angles.size(), expected);
  if (angles.size() < expected) throw InputError(found + hint);
  if (angles.size() > expected && !ignore_extra)
    throw InputError(found + " (--ignore-extra drops the rest)" + hint);
  angles.resize(expected);
}

// The rows from `row` on, each one number, as one vector.
std::vector<double> parse_column(Rows& rows, Row row, const std::string& name) {
  std::vector<double> angles;
  do {
    const std::string where = fmt::format("{}:{}", name, row.number);
    const std::vector<double> numbers = parse_row(row, where);
    if (numbers.size() != 1)
      throw InputError(fmt::format(
          "{}: found {} numbers; allowed: one, as in the lines before, or one vector a line", where,
          numbers.size()));
    angles.push_back(numbers[0]);
  } while (rows.next(row));
  return angles;
}

std::string whole_gzip(const std::string& path) {
  constexpr std::size_t limit = std::size_t{1} << 30;
  const std::unique_ptr<gzFile_s, int (*)(gzFile)> file(gzopen(path.c_str(), "rb"), gzclose);
  if (!file) throw InputError(fmt::format("{}: cannot read angles", path));
  std::string text;
  std::array<char, 1 << 16> buffer;
  int n = 0;
  while ((n = gzread(file.get(), buffer.data(), buffer.size())) > 0) {
    text.append(buffer.data(), static_cast<std::size_t>(n));
    if (text.size() > limit)
      throw InputError(fmt::format("{}: holds more than 1 GiB of text; allowed: less", path));
  }
  int code = Z_OK;
  const char* why = gzerror(file.get(), &code);
  if (n < 0 || code != Z_OK) throw InputError(fmt::format("{}: damaged gzip file: {}", path, why));
  return text;
}

}  // namespace

std::vector<double> parse_angles(std::istream& text, const std::string& name,
                                 std::optional<std::size_t> row, std::size_t expected,
                                 bool ignore_extra, std::string* remark) {
  Rows rows(text, name);
  Row line;
  std::string said;
  bool there = rows.next(line);
  if (there && is_heading(line)) {
    said = fmt::format("{}:{}: '{}' is read as a heading", name, line.number, shown(line.line));
    there = rows.next(line);
  }
  const auto tell = [&](const std::string& what) { said += (said.empty() ? "" : "; ") + what; };

  if (there && expected > 1 && line.words().size() == 1) {
    std::vector<double> angles = parse_column(rows, line, name);
    if (row.value_or(0) > 0)
      throw InputError(
          fmt::format("{}: holds one vector, one number a line; there is no row {}", name, *row));
    fit(angles, expected, ignore_extra, name, "");
    if (remark) *remark = said;
    return angles;
  }

  const std::size_t wanted = row.value_or(0);
  std::size_t count = 0;
  std::vector<double> angles;
  for (; there; there = rows.next(line)) {
    const std::string where = fmt::format("{}:{}", name, line.number);
    std::vector<double> numbers = parse_row(line, where);
    if (count++ != wanted) continue;
    angles = std::move(numbers);
    const auto first = split(line.line, blanks);
    fit(angles, expected, ignore_extra, where,
        first.size() == 1 && has_decimal_comma(first[0]) ? "; decimals need a point, not a comma"
                                                         : "");
    if (row) break;
  }
  if (count <= wanted)
    throw InputError(fmt::format("{}: found {} rows of angles; there is no row {} (counted from 0)",
                                 name, count, wanted));
  if (!row && count > 1) tell(fmt::format("{}: {} rows, row 0 is used (--row)", name, count));
  if (remark) *remark = said;
  return angles;
}

std::vector<double> read_angles(const std::string& path, std::optional<std::size_t> row,
                                std::size_t expected, bool ignore_extra, std::string* remark) {
  const auto fail = [&] {
    throw InputError(fmt::format("{}: cannot read angles: {}{}", path, std::strerror(errno),
                                 where_looked(path)));
  };
  std::ifstream file(path, std::ios::binary);
  if (!file) fail();
  constexpr int gzip = 0x1f;  // first byte of gzip files, never of text
  const int first = file.peek();
  if (file.bad()) fail();
  for (const auto& [byte, what] : {std::pair(0x93, "a NumPy file (.npy)"), {0x89, "an HDF5 file"}})
    if (first == byte)
      throw InputError(
          fmt::format("{}: is not text but {}; allowed: numbers as text "
                      "(numpy.savetxt)",
                      path, what));
  if (first == gzip) {
    std::istringstream text(whole_gzip(path));
    return parse_angles(text, path, row, expected, ignore_extra, remark);
  }
  file.clear();  // eofbit of an empty file
  std::vector<double> angles = parse_angles(file, path, row, expected, ignore_extra, remark);
  if (file.bad()) fail();
  return angles;
}

}  // namespace qhn
