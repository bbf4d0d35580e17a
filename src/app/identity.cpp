#include "app/identity.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>
#include <set>
#include <sstream>
#include <vector>

#include "io/journal.hpp"
#include "io/toml_reader.hpp"

namespace qhn {
namespace {

using Keys = std::map<std::string, std::string>;

void flatten(const toml::table& table, const std::string& prefix, Keys& out) {
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
    std::string line = text.str();  // an array of gates goes over several lines
    for (char& c : line)
      if (c == '\n') c = ' ';
    out[name] = line;
  }
}

Keys parse(const std::string& identity) {
  Keys keys;
  std::istringstream lines(identity);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t equals = line.find(" = ");
    if (equals != std::string::npos) keys[line.substr(0, equals)] = line.substr(equals + 3);
  }
  return keys;
}

}  // namespace

std::string campaign_identity(const std::string& experiment, const std::string& data_sha256,
                              const std::string& simd, const std::string& engine) {
  Keys keys;
  flatten(toml::parse(experiment), "", keys);
  for (const char* key : {"count", "halfwidth", "relative_tts", "epsilon", "max"})
    keys.erase(std::string("restarts.") + key);
  keys.erase("engine.kind");  // the engine that "automatic" stands for counts
  keys["engine"] = engine;
  keys["data_sha256"] = data_sha256;
  keys["simd"] = simd;
  keys["journal_format"] = std::to_string(journal_format);
  keys["numerics_version"] = std::to_string(numerics_version);
  std::string text;
  for (const auto& [key, value] : keys) text += key + " = " + value + '\n';
  return text;
}

std::string identity_differences(const std::string& there, const std::string& here) {
  const Keys a = parse(there), b = parse(here);
  std::set<std::string> names;
  for (const Keys* keys : {&a, &b})
    for (const auto& [name, value] : *keys) names.insert(name);
  const auto value_of = [](const Keys& keys, const std::string& name) {
    const auto it = keys.find(name);
    return it == keys.end() ? std::string("nothing") : it->second;
  };
  std::vector<std::string> parts;
  for (const std::string& name : names) {
    const std::string x = value_of(a, name), y = value_of(b, name);
    if (x != y) parts.push_back(fmt::format("{} (there {}, here {})", name, x, y));
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

}  // namespace qhn
