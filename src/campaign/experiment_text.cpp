#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "campaign/experiment.hpp"
#include "campaign/experiment_keys.hpp"

namespace qhn {
namespace {

// `name`: full name of the table; `left_out`: tables that are not written.
std::string written(const KeyTable& table, const std::string& name, const Experiment& e,
                    const std::vector<std::string_view>& left_out) {
  std::string lines;
  for (const ExperimentKey& key : table.keys) {
    if (unmet_condition(table, key, e)) continue;
    const std::string value = key.type.write(e);
    if (!value.empty()) lines += fmt::format("{} = {}\n", key.name, value);
  }
  std::string out = lines.empty() ? "" : under_heading(name, lines);
  for (const KeyTable& inner : table.tables)
    if (std::ranges::find(left_out, inner.name) == left_out.end())
      out += written(inner, full_name(name, inner.name), e, left_out);
  return out;
}

}  // namespace

std::string to_whole_toml(const Experiment& e) { return written(experiment_keys(), "", e, {}); }

std::string to_toml(const Experiment& e) {
  return written(experiment_keys(), "", e, {"baseline", "meter", "carbon"});
}

std::string to_problem_toml(const Experiment& e) {
  std::string out;
  for (const KeyTable& table : experiment_keys().tables)
    if (table.name == "problem" || table.name == "network")
      out += written(table, table.name, e, {});
  return out;
}

std::string to_baseline_toml(const Experiment& e) {
  Experiment one = e;
  one.methods = {e.baseline.method};
  one.settings = {{e.baseline.method, e.baseline.fixed}};
  return written(experiment_keys(), "", one,
                 {"circuit", "noise", "optimizer", "engine", "meter", "carbon"});
}

}  // namespace qhn
