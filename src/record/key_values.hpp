#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "record/toml.hpp"

namespace qhn {

/// The keys of an experiment with their values: "circuit.sublayers" → "4".
using KeyValues = std::map<std::string, std::string>;

/// Every key of a TOML table, with full names for keys of inner tables; each value on one line.
KeyValues key_values(const toml::table& root);

/// To sorted lines "key = value", and back; lines of another form are ignored.
std::string to_lines(const KeyValues& keys);
KeyValues parse_lines(const std::string& text);

/// A key with two different values; nullopt: it is absent.
struct KeyDifference {
  std::string key;
  std::optional<std::string> there, here;
};
std::vector<KeyDifference> differences(const KeyValues& there, const KeyValues& here);
/// "circuit.sublayers (there 6, here 4)"; an absent value is "nothing".
std::string to_string(const KeyDifference& difference);

}  // namespace qhn
