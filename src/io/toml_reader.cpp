#include "io/toml_reader.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <fstream>
#include <iterator>
#include <numeric>
#include <sstream>

#include "core/error.hpp"

namespace qhn {
namespace {

constexpr std::string_view override_mark = "--set ";

std::string position_of(const toml::source_region& source) {
  const std::string path = source.path ? *source.path : "experiment";
  if (path.starts_with(override_mark)) return path;  // one short line: no need to count columns
  return fmt::format("{}:{}:{}", path, source.begin.line, source.begin.column);
}

toml::table parse(std::string_view text, const std::string& name) {
  try {
    return toml::parse(text, name);
  } catch (const toml::parse_error& error) {
    throw InputError(
        fmt::format("{}: not valid TOML: {}", position_of(error.source()), error.description()));
  }
}

toml::table parse_override(const std::string& text) {
  const std::string name = std::string(override_mark) + text;
  const auto equals = text.find('=');
  if (equals == 0 || equals == std::string::npos)
    throw InputError(fmt::format("{}: allowed: key=value, e.g. --set restarts.count=50", name));
  const std::string key = text.substr(0, equals);
  std::string value = text.substr(equals + 1);
  value.erase(0, value.find_first_not_of(' '));
  const auto is_word_character = [](unsigned char c) {
    return std::isalnum(c) || c == '_' || c == '-' || c == '.' || c == '/';
  };
  try {
    return parse(key + " = " + value, name);
  } catch (const InputError&) {
    if (value.empty() || !std::all_of(value.begin(), value.end(), is_word_character)) throw;
    return parse(key + " = \"" + value + "\"", name);
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

std::string show(const toml::node& node) {
  std::ostringstream out;
  node.visit([&out](const auto& value) { out << value; });
  std::string text = out.str();
  if (const auto end = text.find('\n'); end != std::string::npos) text = text.substr(0, end) + " …";
  return text;
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

toml::table parse_toml(const std::string& path, const std::vector<std::string>& overrides) {
  std::ifstream file(path, std::ios::binary);
  file.peek();  // a folder opens, but cannot be read
  if (!file.is_open() || file.bad())
    throw InputError(fmt::format("{}: cannot read the experiment: {}", path, std::strerror(errno)));
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  toml::table root = parse(text, path);
  for (const std::string& change : overrides) merge(root, parse_override(change));
  return root;
}

toml::table parse_toml_text(const std::string& text, const std::string& name) {
  return parse(text, name);
}

bool is_overridden(const std::vector<std::string>& overrides, std::string_view key) {
  return std::any_of(overrides.begin(), overrides.end(), [key](const std::string& change) {
    const auto end = change.find_last_not_of(" \t", change.find('=') - 1);
    return std::string_view(change).substr(0, end + 1) == key;
  });
}

std::string nearest_word(std::string_view word, const std::vector<std::string>& known) {
  // Of equally near words the one that begins as the typed one does for longer: "statss" is
  // "stats".
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
  if (!node->is_string()) wrong(key, *node, "a string in quotes");
  out = **node->as_string();
  return true;
}

bool TomlReader::read(const std::string& key, double& out, bool (*fits)(double),
                      const std::string& allowed) {
  const toml::node* node = find(key);
  if (!node) return false;
  const auto value = node->value<double>();
  if (!node->is_number() || !value || !std::isfinite(*value) || !fits(*value))
    wrong(key, *node, allowed);
  out = *value;
  return true;
}

bool TomlReader::read(const std::string& key, std::vector<double>& out) {
  const toml::node* node = find(key);
  if (!node) return false;
  if (!node->is_array()) wrong(key, *node, "an array of numbers");
  out.clear();
  for (const toml::node& entry : *node->as_array()) {
    const auto value = entry.value<double>();
    if (!entry.is_number() || !value || !std::isfinite(*value))
      wrong(key, entry, "an array of numbers");
    out.push_back(*value);
  }
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
  if (node->is_string()) {
    found.push_back(**node->as_string());
  } else if (node->is_array()) {
    for (const toml::node& entry : *node->as_array()) {
      if (!entry.is_string()) wrong(key, entry, "a string or an array of strings");
      found.push_back(**entry.as_string());
    }
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
                               full(key), show(found), allowed));
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
