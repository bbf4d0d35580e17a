#include "problem/delimited.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "core/error.hpp"
#include "problem/text.hpp"

namespace qhn {
namespace {

constexpr std::size_t chunk = std::size_t{1} << 16;
constexpr std::size_t longest_record = std::size_t{1} << 24;
constexpr std::array<char, 3> separators{',', ';', '\t'};

/// Counts each separator in each record of `text`, outside quoted fields. The last record counts
/// only if the text is `whole`.
std::vector<std::array<std::size_t, 3>> count_separators(std::string_view text, bool whole) {
  std::vector<std::array<std::size_t, 3>> records;
  std::array<std::size_t, 3> counts{};
  bool quoted = false, comment = false, blank = true, field_begins = true;
  const auto end_record = [&] {
    if (!blank && !comment) records.push_back(counts);
    counts = {};
    comment = false;
    blank = field_begins = true;
  };
  for (const char c : text) {
    if (quoted) {
      quoted = c != '"';
      continue;
    }
    if (c == '\n' || c == '\r') {
      end_record();
      continue;
    }
    if (c == ' ') continue;
    comment = comment || (blank && c == '#');
    blank = false;
    if (comment) continue;
    const auto separator = std::find(separators.begin(), separators.end(), c);
    if (separator != separators.end())
      ++counts[static_cast<std::size_t>(separator - separators.begin())];
    // The second quote of a doubled one ("") opens the field again.
    quoted = c == '"' && field_begins;
    field_begins = separator != separators.end() || c == '"';
  }
  if (whole || records.empty()) end_record();
  return records;
}

/// The separator of `text`: the only one that occurs, or the only one that occurs equally often in
/// every record. nullopt: ambiguous.
std::optional<char> find_separator(std::string_view text, bool whole) {
  const auto records = count_separators(text, whole);
  std::string occurring, regular;
  for (std::size_t s = 0; s < separators.size(); ++s) {
    const auto occurs = [s](const auto& counts) { return counts[s] > 0; };
    if (std::none_of(records.begin(), records.end(), occurs)) continue;
    occurring += separators[s];
    if (std::all_of(records.begin(), records.end(),
                    [&](const auto& counts) { return counts[s] == records.front()[s]; }))
      regular += separators[s];
  }
  if (occurring.empty()) return ',';
  if (occurring.size() == 1) return occurring[0];
  if (regular.size() == 1) return regular[0];
  return std::nullopt;
}

}  // namespace

DelimitedFile::DelimitedFile(const std::string& path, const std::string& what)
    : path_(path), file_(path, what) {
  fill();
  check_encoding();
  if (buffer_.starts_with("\xEF\xBB\xBF")) at_ = 3;
  const auto separator = find_separator(std::string_view(buffer_).substr(at_), ended_);
  if (!separator)
    throw InputError(path_ +
                     ": ambiguous separator (comma, semicolon or tab); allowed: one of them, "
                     "and decimal points");
  separator_ = *separator;
  const auto lines =
      std::count_if(buffer_.begin(), buffer_.end(), [](char c) { return c == '\n' || c == '\r'; });
  if (!buffer_.empty())
    expected_lines_ =
        static_cast<std::size_t>(static_cast<double>(file_.plain_size()) *
                                 static_cast<double>(lines) / static_cast<double>(buffer_.size()));
}

/// Rejects files of other formats by their first bytes.
void DelimitedFile::check_encoding() const {
  struct Kind {
    std::string_view begins, what;
  };
  using namespace std::string_view_literals;
  constexpr std::string_view text = "UTF-8 text, plain or gzip";
  constexpr Kind kinds[] = {{"\xFF\xFE"sv, "UTF-16 text"},
                            {"\xFE\xFF"sv, "UTF-16 text"},
                            {"PK\x03\x04"sv, "a zip archive (or a workbook)"},
                            {"BZh"sv, "compressed with bzip2"},
                            {"\xFD\x37zXZ"sv, "compressed with xz"},
                            {"\x28\xB5\x2F\xFD"sv, "compressed with zstd"},
                            {"\x89HDF\r\n"sv, "an HDF5 file"},
                            {"\x93NUMPY"sv, "a NumPy array"},
                            {"PAR1"sv, "a Parquet file"},
                            {"<!DOCTYPE"sv, "a web page"},
                            {"<html"sv, "a web page"}};
  for (const Kind& kind : kinds)
    if (buffer_.starts_with(kind.begins))
      throw InputError(fmt::format("{}: {}; allowed: {}", path_, kind.what, text));
}

bool DelimitedFile::fill() {
  if (ended_) return false;
  buffer_.resize(chunk);
  buffer_.resize(file_.read(buffer_.data(), chunk));
  at_ = 0;
  ended_ = buffer_.size() < chunk;
  return !buffer_.empty();
}

int DelimitedFile::peek() {
  if (at_ == buffer_.size() && !fill()) return end_of_file;
  return static_cast<unsigned char>(buffer_[at_]);
}

int DelimitedFile::get() {
  int c = peek();
  if (c == end_of_file) return c;
  ++at_;
  if (c == '\0') fail(next_line_, "a zero byte; allowed: UTF-8 text (is it UTF-16?)");
  if (c == '\r') {
    if (peek() == '\n') ++at_;
    c = '\n';
  }
  if (c == '\n') ++next_line_;
  return c;
}

void DelimitedFile::skip_blanks() {
  while (peek() == ' ' || (peek() == '\t' && separator_ != '\t')) get();
}

void DelimitedFile::read_comment() {
  comment_.clear();
  get();  // '#'
  for (int c = get(); c != end_of_file && c != '\n'; c = get())
    if (comment_.size() < chunk) comment_ += static_cast<char>(c);
}

bool DelimitedFile::next() {
  record_.clear();
  ends_.clear();
  comment_.clear();
  for (;;) {
    skip_blanks();
    if (peek() == end_of_file) return false;
    if (peek() == '#') {
      read_comment();
    } else if (peek() == '\n' || peek() == '\r') {
      get();
      comment_.clear();
    } else {
      break;
    }
  }
  line_ = next_line_;
  while (read_field()) continue;
  return true;
}

bool DelimitedFile::read_field() {
  skip_blanks();
  if (peek() == '"') {
    get();
    for (;;) {
      const int c = get();
      if (c == end_of_file) fail(line_, "a quoted field of this record is never closed");
      if (c == '"') {
        if (peek() != '"') break;
        get();
      }
      append(c);
    }
    skip_blanks();
    const int c = peek();
    if (c != separator_ && c != '\n' && c != '\r' && c != end_of_file)
      fail(next_line_, "text after a closing quote");
  } else {
    const std::size_t begin = ends_.empty() ? 0 : ends_.back();
    while (peek() != separator_ && peek() != '\n' && peek() != '\r' && peek() != end_of_file)
      append(get());
    while (record_.size() > begin && (record_.back() == ' ' || record_.back() == '\t'))
      record_.pop_back();
  }
  ends_.push_back(record_.size());
  if (ends_.size() > longest_record) fail(line_, "more than 16777216 columns");
  return get() == separator_;
}

void DelimitedFile::append(int c) {
  if (record_.size() == longest_record)
    fail(line_, "a record of more than 16 MiB (is a closing quote missing?)");
  record_ += static_cast<char>(c);
}

std::vector<std::string> DelimitedFile::comment_fields() const {
  std::vector<std::string> fields;
  for (std::string_view rest = comment_; !comment_.empty();) {
    const std::size_t end = rest.find(separator_);
    std::string_view field = trim(rest.substr(0, end));
    if (field.size() >= 2 && field.front() == '"' && field.back() == '"')
      field = field.substr(1, field.size() - 2);
    fields.emplace_back(field);
    if (end == std::string_view::npos) break;
    rest.remove_prefix(end + 1);
  }
  return fields;
}

void DelimitedFile::fail(std::size_t line, std::string_view message) const {
  throw InputError(fmt::format("{}:{}: {}", path_, line, message));
}

}  // namespace qhn
