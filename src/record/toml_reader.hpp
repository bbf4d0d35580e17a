#pragma once

#include <concepts>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "record/toml.hpp"

namespace qhn {

/// Parses `path` and applies `overrides` ("a.b=value"). A value that is not TOML is a string as it
/// stands ("data/a b.txt", "t#1.txt"), and so is every value for a key of type string. Throws
/// InputError as "file:line:column: …", or "--set a.b=value: …", also for more than 16 MiB and for
/// keys and brackets nested deeper than 32.
toml::table parse_toml(const std::string& path, const std::vector<std::string>& overrides);

/// The same for a text; messages call it `name`.
toml::table parse_toml_text(const std::string& text, const std::string& name,
                            const std::vector<std::string>& overrides);
toml::table parse_toml_text(const std::string& text, const std::string& name);

/// "file:line:column", or "--set a.b=value" of an override.
std::string position_of(const toml::source_region& source);

/// The value on one line, as TOML; a text of several lines is cut short.
std::string on_one_line(const toml::node& node);

/// True if an override sets `key` (dotted).
bool is_overridden(const std::vector<std::string>& overrides, std::string_view key);

/// The word of `known` nearest to a mistyped `word`; empty: none is close.
std::string nearest_word(std::string_view word, const std::vector<std::string>& known);

/// Limits that many keys share (TomlReader::read).
inline bool is_positive(double x) { return x > 0; }
inline bool is_not_negative(double x) { return x >= 0; }

/// Reads one table of a TOML file key by key. A read leaves `out` unchanged and returns false if
/// the key is absent. It throws InputError (position, what was found, what is allowed) if the value
/// does not fit. finish() rejects all keys that were never read.
class TomlReader {
 public:
  explicit TomlReader(const toml::table& root);

  /// The table under `key`; empty if absent.
  TomlReader table(const std::string& key);
  /// The tables of an array of tables; empty if absent.
  std::vector<TomlReader> tables(const std::string& key);

  bool has(const std::string& key) const;
  bool is_string(const std::string& key) const;

  bool read(const std::string& key, bool& out);
  bool read(const std::string& key, std::string& out);
  /// `fits`: which finite numbers are allowed; `allowed`: the same in words.
  bool read(const std::string& key, double& out, bool (*fits)(double), const std::string& allowed);
  /// An integer in [low, high].
  template <std::integral T>
  bool read(const std::string& key, T& out, std::int64_t low, std::int64_t high) {
    const auto value = integer(key, low, high);
    if (value) out = static_cast<T>(*value);
    return value.has_value();
  }
  /// An array of finite numbers, and of integers in [low, high].
  bool read(const std::string& key, std::vector<double>& out);
  bool read(const std::string& key, std::vector<int>& out, std::int64_t low, std::int64_t high);
  /// An array of arrays of finite numbers. One array of numbers is read as its only row.
  bool read(const std::string& key, std::vector<std::vector<double>>& out);

  /// One of the named values.
  template <class E>
  bool read(const std::string& key, E& out, const std::vector<std::pair<std::string, E>>& named) {
    std::string word;
    if (!read(key, word)) return false;
    out = pick(key, word, named);
    return true;
  }
  /// One of the named values or an array of them.
  template <class E>
  bool read(const std::string& key, std::vector<E>& out,
            const std::vector<std::pair<std::string, E>>& named) {
    const auto found = words(key);
    if (!found) return false;
    out.clear();
    for (const std::string& word : *found) out.push_back(pick(key, word, named));
    return true;
  }

  /// Throws InputError with the reason `why` if `key` is present.
  void refuse(const std::string& key, const std::string& why) const;

  /// Throws InputError at the position of `key` (of the table if the key is absent).
  [[noreturn]] void fail(const std::string& key, const std::string& message) const;
  /// Throws InputError if `key` is absent; `what`: what belongs there.
  void require(const std::string& key, const std::string& what) const {
    if (!has(key)) fail(key, "missing; " + what);
  }

  /// Throws InputError for the first key that was never read, with the nearest allowed one.
  void finish() const;

 private:
  TomlReader(const toml::table* table, std::string prefix, std::string position);
  const toml::node* find(const std::string& key);
  std::string full(const std::string& key) const { return prefix_ + key; }
  [[noreturn]] void wrong(const std::string& key, const toml::node& found,
                          const std::string& allowed) const;
  std::optional<std::int64_t> integer(const std::string& key, std::int64_t low, std::int64_t high);
  std::vector<double> numbers(const std::string& key, const toml::node& node,
                              const std::string& allowed) const;
  std::optional<std::vector<std::string>> words(const std::string& key);
  std::optional<std::string> text_of(const std::string& key, const toml::node& node) const;
  [[noreturn]] void wrong_word(const std::string& key, const std::string& word,
                               const std::vector<std::string>& allowed) const;

  template <class E>
  E pick(const std::string& key, const std::string& word,
         const std::vector<std::pair<std::string, E>>& named) const {
    std::vector<std::string> allowed;
    for (const auto& [name, value] : named) {
      if (name == word) return value;
      allowed.push_back(name);
    }
    wrong_word(key, word, allowed);
  }

  const toml::table* table_;  // null: the table is absent
  std::string prefix_;        // "restarts." in table [restarts]
  std::string position_;      // of the table, for keys that are absent
  std::vector<std::string> known_;
};

}  // namespace qhn
