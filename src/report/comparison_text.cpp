#include "report/comparison_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/costs.hpp"
#include "report/campaign_statistics.hpp"

namespace qhn {
namespace {

constexpr std::size_t claim_instances = 20;  // fewest for a statement about the problem

std::string ratio(double a, double b) {
  return std::isfinite(a / b) ? fmt::format("{:.3g}", a / b) : "more than 1e308";
}

std::string describe_instances(const ComparisonInput& input) {
  const auto [fewest, most] =
      std::minmax_element(input.methods.begin(), input.methods.end(),
                          [](const ComparedMethod& a, const ComparedMethod& b) {
                            return a.instances.size() < b.instances.size();
                          });
  if (most->instances.size() == 1) return "one instance";
  if (fewest->instances.size() < claim_instances)
    return fmt::format("{} to {} instances: too few for a statement about the problem ({})",
                       fewest->instances.size(), most->instances.size(), claim_instances);
  return fmt::format("{} instances", fewest->instances.size());
}

}  // namespace

std::string comparison_introduction(const ComparisonInput& input) {
  return fmt::format(
      "A simulation that reads a table of costs cannot beat full enumeration in oracle calls: "
      "the table needs the loss of each of the {:g} networks, and its smallest entry is the "
      "answer. The cost of the table is charged to every method that reads it. Intervals are "
      "95 %; failed trainings are charged too; '>' is a one-sided bound if no training "
      "succeeded.",
      input.networks());
}

std::string describe_epsilon(const ComparisonInput& input) {
  const InstanceResult& i = input.first();
  const TableSummary& table = i.campaign->table;
  if (!table.enumerated())
    return (i.epsilon <= target_slack(table.reference.cost)
                ? fmt::format("loss at most the target {:g}; ", table.reference.cost)
                : fmt::format("loss less than {:.3g} above the target {:g}; ", i.epsilon,
                              table.reference.cost)) +
           describe_instances(input);
  std::string text = fmt::format("gap to the enumerated E_min below {:.3g}", i.epsilon);
  if (input.recomputed.size() > 1 && input.options.unit != GapUnit::absolute)
    text = fmt::format("gap to the enumerated E_min below {:.3g} {}", input.options.epsilon,
                       input.options.unit == GapUnit::mean ? "(mean - E_min)" : "first gaps");
  else if (i.recomputed->all_equal)
    text += " (the costs are all equal: no other unit)";
  else if (i.recomputed->problem)
    text += fmt::format(" = {} (mean - E_min) = {} first gaps{}",
                        ratio(i.epsilon, i.recomputed->mean_gap),
                        ratio(i.epsilon, i.recomputed->first_gap),
                        input.recomputed.size() > 1 ? " of the first instance" : "");
  return text + "; " + describe_instances(input);
}

std::string describe_joules(const ComparisonInput& input, bool circuits) {
  bool measured = false, known = false;
  int times = 1;
  double busy = 1.0;
  for (const ComparedMethod& m : input.methods)
    for (const InstanceResult& i : m.instances)
      if (m.is_circuit() == circuits) {
        measured = measured || i.measured;
        known = known || !std::isnan(i.joules);
        times = std::max(times, i.times);
        busy = std::min(busy, i.busy);
      }
  std::string text = measured ? "joules are measured where a counter was read, else modelled"
                     : known  ? "no energy was measured; joules are modelled"
                              : "no energy was measured";
  if (times > 1)
    text += fmt::format("; phases too short for an accuracy of 1 % were run up to {} times", times);
  if (known && busy < 0.95)
    text += fmt::format(
        "; joules count only the seconds in which trainings computed, at least {:.2g} % of "
        "their phase",
        100 * busy);
  return text;
}

std::string describe_table_costs(const ComparisonInput& input) {
  std::size_t known = 0;
  for (const ComparedMethod& m : input.methods)
    for (const InstanceResult& i : m.instances) known += std::isnan(i.table_seconds) ? 0 : 1;
  if (!input.first().campaign->table.enumerated()) return "there is no table to charge";
  if (known == 0) return "the cost of the table is unknown";
  std::string text = fmt::format("the table is charged with {:.3g} s",
                                 input.table_mean(&InstanceResult::table_seconds));
  if (const double joules = input.table_mean(&InstanceResult::table_joules); !std::isnan(joules))
    text += fmt::format(" and {:.3g} J", joules);
  return text + (known == 1 ? std::string(", from the one result that records it")
                            : fmt::format(", the mean of {} results", known));
}

std::vector<std::string> comparison_remarks(const ComparisonInput& input) {
  std::vector<std::string> all;
  for (const ComparedMethod& m : input.methods)
    for (const InstanceResult& i : m.instances) {
      const std::string rounding = rounding_remark(i.campaign->table, i.epsilon);
      if (!rounding.empty()) all.push_back(fmt::format("{}: {}", i.campaign->name, rounding));
    }
  for (const auto& [data, recomputed] : input.recomputed)
    if (!recomputed.missing.empty())
      all.push_back(
          fmt::format("The costs could not be recomputed ({}): other units of epsilon, "
                      "shots of whole final states and test scores are omitted.",
                      recomputed.missing));
  if (input.has(MethodKind::shots))
    all.push_back(
        "Projected figures omit error correction and mitigation, calibration, "
        "compilation and queueing.");
  all.push_back(
      "Joules of simulated circuits are those of the simulation: they say nothing about a "
      "quantum computer and are not comparable with those of classical methods.");
  return all;
}

}  // namespace qhn
