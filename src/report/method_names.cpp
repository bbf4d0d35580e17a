#include "report/method_names.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <sstream>

#include "campaign/experiment.hpp"
#include "core/sha256.hpp"

namespace qhn {
namespace {

/// Name of a method: its kind, the keys that distinguish it from others of the kind, its training.
struct MethodName {
  std::string kind, apart, training;
  std::string text() const { return kind + apart + training; }
};

MethodName name_of(const CampaignFile& campaign, const Experiment& e) {
  if (!campaign.method.name.empty()) return {campaign.method.name, "", ""};
  MethodName name{to_string(e.family), "", " (ideal gradient)"};
  if (e.family != Family::custom) name.kind += fmt::format(" D={}", e.sublayers);
  if (measures_shots(e))
    name.training = fmt::format(" {} {} shots", to_string(e.optimizer.kind), e.shots.shots);
  return name;
}

using Keys = std::map<std::string, std::string>;  // "optimizer.memory" → "8"

/// The keys of a resolved experiment with their values. A list of gates is replaced by its hash.
Keys keys_of(const std::string& experiment) {
  std::istringstream lines(experiment);
  Keys keys;
  std::string section;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with('[')) section = line.substr(1, line.find(']') - 1) + '.';
    const std::size_t equals = line.find(" = ");
    if (line.starts_with(' ') || equals == std::string::npos) continue;
    const std::string key = section + line.substr(0, equals);
    std::string value = line.substr(equals + 3);
    if (value == "[") {
      std::string list;
      while (std::getline(lines, line) && line != "]") list += line + '\n';
      value = sha256(list).substr(0, 8);
    }
    std::erase(value, '"');
    keys[key] = value;
  }
  return keys;
}

bool decides_the_method(const std::string& key) {
  return key.starts_with("circuit.") || key.starts_with("noise.") ||
         key.starts_with("optimizer.") || key.starts_with("baseline.");
}
/// Keys in which two results of one method on the same data may differ.
bool decides_the_run(const std::string& key) {
  return key.starts_with("engine.") || key.starts_with("restarts.") ||
         key.starts_with("statistics.");
}

/// The keys `of_interest` whose values differ.
std::set<std::string> differing(const std::vector<const Keys*>& all,
                                bool (*of_interest)(const std::string& key)) {
  std::set<std::string> names;
  for (const Keys* keys : all)
    for (const auto& key : *keys)
      if (of_interest(key.first) && std::any_of(all.begin(), all.end(), [&](const Keys* other) {
            const auto found = other->find(key.first);
            return found == other->end() || found->second != key.second;
          }))
        names.insert(key.first);
  return names;
}

/// The values of `names` as in " memory=8 c1=0.2".
std::string what_differs(const Keys& keys, const std::set<std::string>& names) {
  std::string text;
  for (const std::string& name : names) {
    const auto found = keys.find(name);
    if (found == keys.end()) continue;
    const bool kind = name.ends_with(".kind");  // engine.kind
    const std::string shown =
        kind ? name.substr(0, name.find('.')) : name.substr(name.rfind('.') + 1);
    text += fmt::format(" {}={}", shown, found->second);
  }
  return text;
}

}  // namespace

bool is_full_enumeration(const CampaignFile& campaign) {
  return campaign.method.name == "enumeration";
}

std::string problem_text(const CampaignFile& campaign, bool with_seed) {
  std::istringstream lines(campaign.experiment);
  std::string text, section;
  const std::string& hash = campaign.provenance.data_sha256;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with('[')) section = line;
    const std::string key = line.substr(0, line.find(' '));
    const bool kept = section == "[problem]" || section == "[network]";
    const bool path = key == "data" || key == "test_data" || key == "table";
    if (!kept || (!with_seed && key == "seed")) continue;
    text += (path && !hash.empty() ? key + " = " + hash : line) + '\n';
  }
  return text;
}

std::vector<std::string> method_names(std::span<const CampaignFile> campaigns) {
  std::vector<MethodName> names;
  std::vector<Keys> keys;
  for (const CampaignFile& campaign : campaigns) {
    names.push_back(name_of(campaign, read_experiment_text(campaign.experiment, campaign.name)));
    keys.push_back(keys_of(campaign.experiment));
    keys.back()["engine.kind"] = campaign.provenance.engine;  // resolves "automatic"
    keys.back()["engine.simd"] = campaign.provenance.simd;
  }
  const auto tell_apart = [&](const auto& group_of, bool (*of_interest)(const std::string&)) {
    std::map<std::string, std::vector<std::size_t>> groups;
    for (std::size_t k = 0; k < campaigns.size(); ++k)
      if (!is_full_enumeration(campaigns[k])) groups[group_of(k)].push_back(k);
    for (const auto& [name, members] : groups) {
      std::vector<const Keys*> all;
      for (const std::size_t k : members) all.push_back(&keys[k]);
      const std::set<std::string> apart = differing(all, of_interest);
      for (const std::size_t k : members) names[k].apart += what_differs(keys[k], apart);
    }
  };
  tell_apart([&](std::size_t k) { return names[k].text(); }, decides_the_method);
  tell_apart(
      [&](std::size_t k) { return names[k].text() + '\n' + problem_text(campaigns[k], true); },
      decides_the_run);
  std::vector<std::string> texts;
  for (const MethodName& name : names) texts.push_back(name.text());
  return texts;
}

}  // namespace qhn
