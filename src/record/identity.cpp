#include "record/identity.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <optional>
#include <set>
#include <vector>

#include "core/paths.hpp"
#include "record/journal.hpp"
#include "record/key_values.hpp"
#include "record/toml_reader.hpp"

namespace qhn {
namespace {

// Keys of an experiment that only name something; the identity holds the content instead.
constexpr std::array labels{"name", "problem.data", "problem.test_data", "problem.table"};
constexpr const char* test_hash = "test_sha256";

// The keys of an identity, without the names and paths that older versions of qhn wrote.
KeyValues parse(const std::string& identity) {
  KeyValues keys = parse_lines(identity);
  for (const char* key : labels) keys.erase(key);
  return keys;
}

struct Difference {
  std::string key;
  std::optional<std::string> there, here;
};

std::vector<Difference> differences_of(const std::string& there, const std::string& here) {
  const KeyValues a = parse(there), b = parse(here);
  std::set<std::string> names;
  for (const KeyValues* keys : {&a, &b})
    for (const auto& [name, value] : *keys) names.insert(name);
  const auto value_of = [](const KeyValues& keys, const std::string& name) {
    const auto it = keys.find(name);
    return it == keys.end() ? std::nullopt : std::optional(it->second);
  };
  std::vector<Difference> found;
  for (const std::string& name : names) {
    Difference d{name, value_of(a, name), value_of(b, name)};
    if (name == test_hash && !(d.there && d.here)) continue;  // not in older identities
    if (d.there != d.here) found.push_back(std::move(d));
  }
  return found;
}

}  // namespace

std::string campaign_identity(const std::string& experiment, const std::string& data_sha256,
                              const std::string& test_sha256, const std::string& simd,
                              const std::string& engine) {
  KeyValues keys = key_values(parse_toml_text(experiment, "experiment"));
  for (const char* key : {"count", "halfwidth", "relative_tts", "epsilon", "max"})
    keys.erase(std::string("restarts.") + key);
  for (const char* key : labels) keys.erase(key);
  keys.erase("engine.kind");  // `engine` is the one that "automatic" chose
  keys["engine"] = engine;
  keys["data_sha256"] = data_sha256;
  if (!test_sha256.empty()) keys[test_hash] = test_sha256;
  keys["simd"] = simd;
  keys["journal_format"] = std::to_string(journal_format);
  keys["numerics_version"] = std::to_string(numerics_version);
  return to_lines(keys);
}

std::string without_numerics(const std::string& identity) {
  const std::size_t at = identity.find("numerics_version = ");
  if (at == std::string::npos) return identity;
  return identity.substr(0, at) + identity.substr(identity.find('\n', at) + 1);
}

bool same_campaign(const std::string& a, const std::string& b,
                   std::initializer_list<std::string_view> ignored) {
  if (a == b) return true;
  const std::vector<Difference> found = differences_of(a, b);
  return std::all_of(found.begin(), found.end(), [&](const Difference& d) {
    return std::find(ignored.begin(), ignored.end(), d.key) != ignored.end();
  });
}

std::string identity_differences(const std::string& there, const std::string& here) {
  std::vector<std::string> parts;
  for (const Difference& d : differences_of(there, here))
    parts.push_back(fmt::format("{} (there {}, here {})", d.key, d.there.value_or("nothing"),
                                d.here.value_or("nothing")));
  return fmt::format("{}", fmt::join(parts, ", "));
}

std::string identity_remedy(const std::string& there, const std::string& here) {
  std::vector<std::string> options;
  bool data = false;
  for (const Difference& d : differences_of(there, here)) {
    if (d.key == "data_sha256" || d.key == test_hash)
      data = true;
    else if (d.key == "numerics_version" || d.key == "journal_format")
      return "the version of qhn that began it";
    else if (!d.there)
      options.push_back(fmt::format("without {}", d.key));
    else if (const std::size_t on = d.there->find(" on ");
             d.key == "engine" && on < d.there->size())
      options.push_back(fmt::format("--engine {} with --ranks-per-state {}", d.there->substr(0, on),
                                    std::atoi(d.there->c_str() + on + 4)));
    else if (d.key == "simd" || d.key == "engine")
      options.push_back(fmt::format("--{} {}", d.key, *d.there));
    else
      options.push_back("--set " + shell_quoted(d.key + '=' + *d.there));
  }
  if (options.empty() && data) return "the data that it was begun with";
  return fmt::format("{}", fmt::join(options, " and "));
}

}  // namespace qhn
