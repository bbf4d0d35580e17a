#include "record/toml_reader.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <fstream>
#include <numeric>
#include <sstream>

#include "core/error.hpp"
#include "core/paths.hpp"

namespace qhn {
namespace {

constexpr std::string_view override_mark = "--set ";
constexpr std::size_t max_bytes = std::size_t{16} << 20;  // of an experiment
constexpr int max_depth = 32;  // of brackets, and of the parts of a key: both recurse in the parser

std::string shortened(std::string_view text) {
  constexpr std::size_t enough = 200;
  return std::string(text.substr(0, enough)) + (text.size() > enough ? "…" : "");
}

// The end of the string that begins at `at`, or npos where it has none.
std::size_t end_of_string(std::string_view text, std::size_t at) {
  const char quote = text[at];
  const std::string triple(3, quote);
  const bool lines = text.substr(at, 3) == triple;
  for (std::size_t i = at + (lines ? 3 : 1); i < text.size(); ++i) {
    if (text[i] == '\\' && quote == '"')
      ++i;
    else if (!lines && text[i] == '\n')
      return std::string_view::npos;
    else if (!lines && text[i] == quote)
      return i + 1;
    else if (lines && text.substr(i, 3) == triple)  // up to two more quotes belong to the text
      return std::min(text.find_first_not_of(quote, i + 3), std::min(i + 5, text.size()));
  }
  return std::string_view::npos;
}

// Throws InputError if brackets or keys nest so deep that recursion could end the process.
void refuse_depth(std::string_view text, const std::string& name) {
  int brackets = 0, dots = 0;
  std::size_t line = 1;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"' || c == '\'') {
      const std::size_t end = end_of_string(text, i);
      if (end == std::string_view::npos) return;  // the parser stops here too
      line += static_cast<std::size_t>(std::count(text.begin() + static_cast<std::ptrdiff_t>(i),
                                                  text.begin() + static_cast<std::ptrdiff_t>(end),
                                                  '\n'));
      i = end - 1;
    } else if (c == '#') {
      while (i + 1 < text.size() && text[i + 1] != '\n') ++i;
    } else if (c == '.') {
      ++dots;
    } else if (c != ' ' && c != '\t' && c != '-' && c != '_' &&
               !std::isalnum(static_cast<unsigned char>(c))) {
      dots = 0;
      if (c == '\n') ++line;
      if (c == '[' || c == '{') ++brackets;
      if ((c == ']' || c == '}') && brackets > 0) --brackets;
    }
    if (brackets > max_depth || dots >= max_depth)
      throw InputError(fmt::format("{}{}: found {} nested deeper than {}; allowed: less",
                                   shortened(name),
                                   name.starts_with(override_mark) ? "" : fmt::format(":{}", line),
                                   dots >= max_depth ? "a key" : "brackets", max_depth));
  }
}

// For an invalid value the message of the parser names a type guessed from the first letter:
// replace it.
std::string in_words(const toml::parse_error& error) {
  const std::string_view said = error.description();
  for (const char* guess : {"boolean", "floating-point", "integer", "value", "date", "time"})
    if (said.starts_with(std::string("Error while parsing ") + guess))
      return "not a value; allowed: a number, true, false, an array, a table, or a string in "
             "quotes";
  return std::string(said);
}

toml::table parse(std::string_view text, const std::string& name) {
  if (text.size() > max_bytes)
    throw InputError(
        fmt::format("{}: holds more than {} MiB; allowed: less", shortened(name), max_bytes >> 20));
  refuse_depth(text, name);
  try {
    return toml::parse(text, name);
  } catch (const toml::parse_error& error) {
    throw InputError(
        fmt::format("{}: not valid TOML: {}", position_of(error.source()), in_words(error)));
  }
}

std::string as_basic_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\')
      out += std::string("\\") + c;
    else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      out += fmt::format("\\u{:04X}", static_cast<int>(c));
    else
      out += c;
  }
  return out + '"';
}

std::string_view without_blanks(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
  return text.substr(0, text.find_last_not_of(" \t") + 1);
}

bool is_valid(const std::string& text) {
  refuse_depth(text, std::string(override_mark) + text);
  try {
    const toml::table root = toml::parse(text);
    const toml::array* values = root["x"].as_array();
    return !values || values->size() == 1;
  } catch (const toml::parse_error&) {
    return false;
  }
}

// A value that is not TOML is a string, comments and line ends included; keys of other types then
// reject it.
toml::table parse_override(const std::string& text) {
  const std::string name = std::string(override_mark) + text;
  const auto equals = text.find('=');
  const std::string key = text.substr(0, equals);
  if (equals == std::string::npos || without_blanks(key).empty() ||
      std::any_of(key.begin(), key.end(), [](unsigned char c) { return c < 0x20; }) ||
      !is_valid(key + " = 0"))
    throw InputError(
        fmt::format("{}: allowed: key=value, e.g. --set restarts.count=50", shortened(name)));
  const std::string value(without_blanks(std::string_view(text).substr(equals + 1)));
  const bool toml = is_valid("x = [" + value + "]") && is_valid(key + " = " + value);
  try {
    return parse(key + " = " + (toml ? value : as_basic_string(value)), name);
  } catch (const InputError&) {
    if (toml) throw;
    throw InputError(fmt::format("{}: the value is not UTF-8 text", shortened(name)));
  }
}

void merge(toml::table& base, toml::table&& top) {
  for (auto&& [key, node] : top) {
    toml::table* inner = node.as_table();
    toml::table* existing = base[key].as_table();
    if (inner && existing)
      merge(*existing, std::move(*inner));
    else
      base.insert_or_assign(key, std::move(node));
  }
}

// Levenshtein distance, one row at a time.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replace = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replace});
    }
  }
  return row.back();
}

std::string suggestion(std::string_view word, const std::vector<std::string>& known) {
  const std::string nearest = nearest_word(word, known);
  return nearest.empty() ? "" : fmt::format("; did you mean '{}'?", nearest);
}

}  // namespace

std::string position_of(const toml::source_region& source) {
  const std::string path = source.path ? *source.path : "experiment";
  if (path.starts_with(override_mark)) return shortened(path);  // one line: no column needed
  return fmt::format("{}:{}:{}", path, source.begin.line, source.begin.column);
}

// Arrays are not printed by toml++: version 3.3 casts the negative logarithm
// of a small number to an unsigned one there.
std::string on_one_line(const toml::node& node) {
  std::vector<std::string> parts;
  if (const toml::array* array = node.as_array()) {
    for (const toml::node& entry : *array) parts.push_back(on_one_line(entry));
    return parts.empty() ? "[]" : fmt::format("[ {} ]", fmt::join(parts, ", "));
  }
  if (const toml::table* table = node.as_table()) {
    for (const auto& [key, value] : *table)
      parts.push_back(fmt::format("{} = {}", std::string_view(key.str()), on_one_line(value)));
    return parts.empty() ? "{}" : fmt::format("{{ {} }}", fmt::join(parts, ", "));
  }
  if (const auto* number = node.as_floating_point()) {  // toml++ writes 0.4 with 17 digits
    const std::string text = fmt::format("{}", **number);
    return text.find_first_of(".en") == std::string::npos ? text + ".0" : text;
  }
  std::ostringstream out;
  node.visit([&out](const auto& value) { out << value; });
  std::string text = out.str();
  if (const auto end = text.find('\n'); end != std::string::npos) text = text.substr(0, end) + " …";
  return text;
}

toml::table parse_toml(const std::string& path, const std::vector<std::string>& overrides) {
  std::ifstream file(path, std::ios::binary);
  file.peek();  // a folder opens, but cannot be read
  if (!file.is_open() || file.bad())
    throw InputError(fmt::format("{}: cannot read the experiment: {}{}", path, std::strerror(errno),
                                 where_looked(path)));
  std::string text;
  std::array<char, 1 << 14> piece;
  do {  // one byte more than allowed shows that it is too long
    file.read(piece.data(), piece.size());
    text.append(piece.data(), static_cast<std::size_t>(file.gcount()));
  } while (file && text.size() <= max_bytes);
  return parse_toml_text(text, path, overrides);
}

toml::table parse_toml_text(const std::string& text, const std::string& name,
                            const std::vector<std::string>& overrides) {
  toml::table root = parse(text, name);
  for (const std::string& change : overrides) merge(root, parse_override(change));
  return root;
}

toml::table parse_toml_text(const std::string& text, const std::string& name) {
  return parse_toml_text(text, name, {});
}

bool is_overridden(const std::vector<std::string>& overrides, std::string_view key) {
  return std::any_of(overrides.begin(), overrides.end(), [key](const std::string& change) {
    return without_blanks(std::string_view(change).substr(0, change.find('='))) == key;
  });
}

std::string nearest_word(std::string_view word, const std::vector<std::string>& known) {
  // Of equally near words the one with the longer common beginning: "statss" is "stats".
  const auto shared = [word](const std::string& other) {
    return std::mismatch(word.begin(), word.end(), other.begin(), other.end()).first - word.begin();
  };
  std::string best;
  std::size_t best_distance = std::max<std::size_t>(2, word.size() / 3) + 1;
  for (const std::string& candidate : known) {
    const std::size_t distance = edit_distance(word, candidate);
    const bool nearer = distance < best_distance || (!best.empty() && distance == best_distance &&
                                                     shared(candidate) > shared(best));
    if (nearer && distance < candidate.size()) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

TomlReader::TomlReader(const toml::table& root)
    : TomlReader(&root, "", root.source().path ? *root.source().path : "experiment") {}

TomlReader::TomlReader(const toml::table* table, std::string prefix, std::string position)
    : table_(table), prefix_(std::move(prefix)), position_(std::move(position)) {}

const toml::node* TomlReader::find(const std::string& key) {
  known_.push_back(key);
  return table_ ? table_->get(key) : nullptr;
}

TomlReader TomlReader::table(const std::string& key) {
  const toml::node* node = find(key);
  if (node && !node->is_table()) wrong(key, *node, "a table");
  return {node ? node->as_table() : nullptr, full(key) + ".",
          node ? position_of(node->source()) : position_};
}

std::vector<TomlReader> TomlReader::tables(const std::string& key) {
  std::vector<TomlReader> found;
  const toml::node* node = find(key);
  if (!node) return found;
  if (!node->is_array()) wrong(key, *node, "an array of tables");
  for (const toml::node& entry : *node->as_array()) {
    if (!entry.is_table()) wrong(key, entry, "an array of tables");
    found.push_back({entry.as_table(), fmt::format("{}[{}].", full(key), found.size()),
                     position_of(entry.source())});
  }
  return found;
}

bool TomlReader::has(const std::string& key) const { return table_ && table_->contains(key); }

bool TomlReader::is_string(const std::string& key) const {
  return has(key) && table_->get(key)->is_string();
}

// A string, or the raw text of an override of this key, even if it is valid TOML of another type:
// 1.txt, true, [1].
std::optional<std::string> TomlReader::text_of(const std::string& key,
                                               const toml::node& node) const {
  if (node.is_string()) return **node.as_string();
  if (!node.source().path || !node.source().path->starts_with(override_mark)) return std::nullopt;
  const std::string_view change =
      std::string_view(*node.source().path).substr(override_mark.size());
  const auto equals = change.find('=');
  if (without_blanks(change.substr(0, equals)) != full(key)) return std::nullopt;
  return std::string(without_blanks(change.substr(equals + 1)));
}

bool TomlReader::read(const std::string& key, bool& out) {
  const toml::node* node = find(key);
  if (!node) return false;
  if (!node->is_boolean()) wrong(key, *node, "true or false");
  out = **node->as_boolean();
  return true;
}

bool TomlReader::read(const std::string& key, std::string& out) {
  const toml::node* node = find(key);
  if (!node) return false;
  const auto text = text_of(key, *node);
  if (!text) wrong(key, *node, "a string in quotes");
  out = *text;
  return true;
}

bool TomlReader::read(const std::string& key, double& out, bool (*fits)(double),
                      const std::string& allowed) {
  const toml::node* node = find(key);
  if (!node) return false;
  const auto value = node->value<double>();
  if (!node->is_number() || !value || !std::isfinite(*value) || !fits(*value))
    wrong(key, *node, allowed);
  out = *value + 0.0;  // not -0.0, which comes back from its text "-0", an integer, as 0
  return true;
}

std::vector<double> TomlReader::numbers(const std::string& key, const toml::node& node,
                                        const std::string& allowed) const {
  if (!node.is_array()) wrong(key, node, allowed);
  std::vector<double> out;
  for (const toml::node& entry : *node.as_array()) {
    const auto value = entry.value<double>();
    if (!entry.is_number() || !value || !std::isfinite(*value)) wrong(key, entry, allowed);
    out.push_back(*value + 0.0);
  }
  return out;
}

bool TomlReader::read(const std::string& key, std::vector<double>& out) {
  const toml::node* node = find(key);
  if (node) out = numbers(key, *node, "an array of numbers");
  return node;
}

bool TomlReader::read(const std::string& key, std::vector<std::vector<double>>& out) {
  const toml::node* node = find(key);
  if (!node) return false;
  const std::string allowed = "an array of numbers, or an array of such arrays";
  if (!node->is_array()) wrong(key, *node, allowed);
  const toml::array& array = *node->as_array();
  out.clear();
  if (array.empty() || !array[0].is_array())
    out.push_back(numbers(key, *node, allowed));
  else
    for (const toml::node& row : array) out.push_back(numbers(key, row, allowed));
  return true;
}

bool TomlReader::read(const std::string& key, std::vector<int>& out, std::int64_t low,
                      std::int64_t high) {
  const toml::node* node = find(key);
  if (!node) return false;
  const std::string allowed = fmt::format("an array of integers from {} to {}", low, high);
  if (!node->is_array()) wrong(key, *node, allowed);
  out.clear();
  for (const toml::node& entry : *node->as_array()) {
    if (!entry.is_integer() || **entry.as_integer() < low || **entry.as_integer() > high)
      wrong(key, entry, allowed);
    out.push_back(static_cast<int>(**entry.as_integer()));
  }
  return true;
}

std::optional<std::int64_t> TomlReader::integer(const std::string& key, std::int64_t low,
                                                std::int64_t high) {
  const toml::node* node = find(key);
  if (!node) return std::nullopt;
  if (!node->is_integer() || **node->as_integer() < low || **node->as_integer() > high)
    wrong(key, *node,
          high == std::numeric_limits<std::int64_t>::max()
              ? fmt::format("an integer of at least {}", low)
              : fmt::format("an integer from {} to {}", low, high));
  return **node->as_integer();
}

std::optional<std::vector<std::string>> TomlReader::words(const std::string& key) {
  const toml::node* node = find(key);
  if (!node) return std::nullopt;
  std::vector<std::string> found;
  if (node->is_array()) {
    for (const toml::node& entry : *node->as_array()) {
      if (!entry.is_string()) wrong(key, entry, "a string or an array of strings");
      found.push_back(**entry.as_string());
    }
  } else if (const auto text = text_of(key, *node)) {
    found.push_back(*text);
  } else {
    wrong(key, *node, "a string or an array of strings");
  }
  return found;
}

void TomlReader::refuse(const std::string& key, const std::string& why) const {
  if (has(key)) fail(key, why);
}

void TomlReader::fail(const std::string& key, const std::string& message) const {
  const std::string position = has(key) ? position_of(table_->get(key)->source()) : position_;
  throw InputError(fmt::format("{}: {}: {}", position, full(key), message));
}

void TomlReader::wrong(const std::string& key, const toml::node& found,
                       const std::string& allowed) const {
  throw InputError(fmt::format("{}: {}: found {}; allowed: {}", position_of(found.source()),
                               full(key), shortened(on_one_line(found)), allowed));
}

void TomlReader::wrong_word(const std::string& key, const std::string& word,
                            const std::vector<std::string>& allowed) const {
  fail(key, fmt::format("found \"{}\"; allowed: {}{}", word, fmt::join(allowed, ", "),
                        suggestion(word, allowed)));
}

void TomlReader::finish() const {
  if (!table_) return;
  for (auto&& [key, node] : *table_) {
    const std::string name(key.str());
    if (std::find(known_.begin(), known_.end(), name) != known_.end()) continue;
    throw InputError(fmt::format("{}: unknown key '{}'; allowed here: {}{}",
                                 position_of(key.source()), full(name), fmt::join(known_, ", "),
                                 suggestion(name, known_)));
  }
}

}  // namespace qhn
