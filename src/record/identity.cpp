#include "record/identity.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdlib>
#include <vector>

#include "core/paths.hpp"
#include "record/journal.hpp"
#include "record/key_values.hpp"
#include "record/toml_reader.hpp"

namespace qhn {
namespace {

constexpr const char* test_hash = "test_sha256";

}  // namespace

std::string campaign_identity(const std::string& experiment, const std::string& data_sha256,
                              const std::string& test_sha256, const std::string& simd,
                              const std::string& engine) {
  KeyValues keys = key_values(parse_toml_text(experiment, "experiment"));
  for (const char* key : {"count", "halfwidth", "relative_tts", "epsilon", "max"})
    keys.erase(std::string("restarts.") + key);
  // Names and paths: the identity holds the content of the files instead.
  for (const char* key : {"name", "problem.data", "problem.test_data", "problem.table"})
    keys.erase(key);
  keys.erase("engine.kind");  // `engine` is the one that "automatic" chose
  keys["engine"] = engine;
  keys["data_sha256"] = data_sha256;
  if (!test_sha256.empty()) keys[test_hash] = test_sha256;
  keys["simd"] = simd;
  keys["journal_format"] = std::to_string(journal_format);
  keys["numerics_version"] = std::to_string(numerics_version);
  return to_lines(keys);
}

bool same_campaign(const std::string& a, const std::string& b) {
  return parse_lines(a) == parse_lines(b);
}

std::string identity_differences(const std::string& there, const std::string& here) {
  std::vector<std::string> parts;
  for (const KeyDifference& d : differences(parse_lines(there), parse_lines(here)))
    parts.push_back(to_string(d));
  return fmt::format("{}", fmt::join(parts, ", "));
}

std::string identity_remedy(const std::string& there, const std::string& here) {
  std::vector<std::string> options;
  bool data = false;
  for (const KeyDifference& d : differences(parse_lines(there), parse_lines(here))) {
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
