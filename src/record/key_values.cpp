#include "record/key_values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

namespace qhn {
namespace {

void flatten(const toml::table& table, const std::string& prefix, KeyValues& out) {
  for (const auto& [key, node] : table) {
    const std::string name = prefix + std::string(key.str());
    if (const toml::table* inner = node.as_table()) {
      flatten(*inner, name + ".", out);
      continue;
    }
    std::ostringstream text;
    node.visit([&](const auto& value) {
      if constexpr (toml::is_array<decltype(value)>)
        text << value;
      else
        text << toml::node_view(value);
    });
    std::string line = text.str();  // an array of gates spans several lines
    std::replace(line.begin(), line.end(), '\n', ' ');
    out[name] = line;
  }
}

}  // namespace

KeyValues key_values(const toml::table& root) {
  KeyValues keys;
  flatten(root, "", keys);
  return keys;
}

std::string to_lines(const KeyValues& keys) {
  std::string text;
  for (const auto& [key, value] : keys) text += key + " = " + value + '\n';
  return text;
}

KeyValues parse_lines(const std::string& text) {
  KeyValues keys;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t equals = line.find(" = ");
    if (equals != std::string::npos) keys[line.substr(0, equals)] = line.substr(equals + 3);
  }
  return keys;
}

std::vector<KeyDifference> differences(const KeyValues& there, const KeyValues& here) {
  KeyValues all = there;
  all.insert(here.begin(), here.end());
  const auto value_of = [](const KeyValues& keys, const std::string& key) {
    const auto it = keys.find(key);
    return it == keys.end() ? std::nullopt : std::optional(it->second);
  };
  std::vector<KeyDifference> found;
  for (const auto& [key, _] : all) {
    KeyDifference d{key, value_of(there, key), value_of(here, key)};
    if (d.there != d.here) found.push_back(std::move(d));
  }
  return found;
}

std::string to_string(const KeyDifference& d) {
  return fmt::format("{} (there {}, here {})", d.key, d.there.value_or("nothing"),
                     d.here.value_or("nothing"));
}

}  // namespace qhn
