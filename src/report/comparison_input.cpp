#include "report/comparison_input.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "core/costs.hpp"
#include "core/error.hpp"
#include "engine/measure.hpp"
#include "report/method_names.hpp"

namespace qhn {
namespace {

constexpr int most_table_qubits = 24;  // larger tables are not recomputed

RecomputedCosts recompute(const Experiment& experiment, const CampaignFile& campaign) {
  const TableSummary& table = campaign.table;
  RecomputedCosts out;
  if (experiment.problem.target || table.qubits > most_table_qubits) return out;
  std::unique_ptr<Problem> problem;
  try {
    problem = make_problem(experiment.problem);
  } catch (const InputError& error) {
    out.missing = error.what();
    return out;
  }
  const std::string& hash = campaign.provenance.data_sha256;
  if (!hash.empty() && hash != problem->data_sha256()) {
    out.missing = fmt::format("{}: its data has changed since the run", campaign.name);
    return out;
  }
  if (table.qubits != problem->bits()) {
    out.missing = fmt::format("{}: its networks have {} bits, those of its experiment {}",
                              campaign.name, table.qubits, problem->bits());
    return out;
  }
  out.problem = std::move(problem);
  out.costs.resize(dimension(table.qubits));
  out.problem->costs(0, out.costs);
  const double limit =
      minimizer_limit(table.reference.cost, *std::max_element(out.costs.begin(), out.costs.end()));
  double sum = 0.0, next = std::numeric_limits<double>::infinity();
  for (const double cost : out.costs) {
    sum +=
        cost - table.reference.cost;  // summing costs would round away gaps much smaller than E_min
    if (cost > limit) next = std::min(next, cost);
  }
  out.all_equal = std::isinf(next);
  if (out.all_equal) return out;
  out.mean_gap = sum / static_cast<double>(out.costs.size());
  out.first_gap = next - table.reference.cost;
  return out;
}

std::span<const RestartRecord> prefix_of(const CampaignFile& campaign) {
  std::size_t count = 0;
  while (count < campaign.records.size() && campaign.records[count].result.id == count) ++count;
  if (count == 0)
    throw InputError(
        fmt::format("{}: holds no restart with id 0 yet: nothing to compare", campaign.name));
  return std::span(campaign.records).first(count);
}

// Fills in the seconds and joules of a restart and of the table.
void take_costs(InstanceResult& instance) {
  for (const RestartRecord& r : instance.records)
    instance.mean_seconds += r.cost.seconds / static_cast<double>(instance.records.size());
  const CampaignFile& c = *instance.campaign;
  for (const EnergyTotal& total : total_energy(c.energy)) {
    const auto runs = static_cast<double>(
        std::count_if(c.energy.begin(), c.energy.end(), [&](const RunEnergy& run) {
          return std::any_of(run.phases.begin(), run.phases.end(),
                             [&](const PhaseEnergy& p) { return p.phase == total.phase; });
        }));
    const Work work{total.flops, total.bytes, 0.0, total.exchanged};
    instance.times = std::max(instance.times, total.times);
    if (total.phase == "table") {  // every run computed it
      instance.table_seconds = total.seconds / runs;
      instance.table_joules = total.joules / runs;
      instance.table_work = 1 / runs * work;
    } else if (total.phase == "restarts" && total.restarts > 0) {
      instance.joules = total.per_restart(instance.mean_seconds);
      instance.busy = total.busy_share(instance.mean_seconds);
      instance.measured = is_measured(total.method);
      instance.work = 1 / static_cast<double>(total.restarts) * work;
    }
  }
}

MethodKind kind_of(const CampaignFile& campaign, const Experiment& e) {
  if (!campaign.method.name.empty()) return MethodKind::classical;
  return measures_shots(e) ? MethodKind::shots : MethodKind::ideal;
}

// Probability that one shot is a success, for each final state. Without angles that of the most
// probable string only: a lower bound.
std::vector<double> shot_successes(const InstanceResult& i, const Circuit& circuit) {
  std::vector<double> all;
  if (i.records.front().result.angles.empty() || !i.recomputed->problem) {
    for (const RestartRecord& r : i.records)
      all.push_back(i.is_success(r.result.best_cost) ? std::min(1.0, r.result.best_probability)
                                                     : 0.0);
    return all;
  }
  AlignedVector<Complex> amplitudes(dimension(circuit.qubits));
  const auto engine = make_engine(circuit, i.recomputed->costs,
                                  {i.experiment.engine, i.experiment.precision, 1, false});
  for (const RestartRecord& r : i.records) {
    if (r.result.angles.size() != static_cast<std::size_t>(circuit.angles))
      throw InputError(fmt::format("{}: restart {} has {} angles, its circuit {}", i.campaign->name,
                                   r.result.id, r.result.angles.size(), circuit.angles));
    measurable_state(*engine, r.result.angles, amplitudes);
    double sum = 0.0;
    for (Index w = 0; w < amplitudes.size(); ++w)
      if (i.is_success(i.recomputed->costs[w])) sum += std::norm(amplitudes[w]);
    all.push_back(std::min(1.0, sum));
  }
  return all;
}

// Number of layers of simultaneous gates. Rz is a change of frame and takes no time (D. C. McKay et
// al., Phys. Rev. A 96 (2017) 022330).
double depth_of(const Circuit& circuit) {
  std::vector<int> level(static_cast<std::size_t>(circuit.qubits));
  for (const Gate& gate : circuit.gates) {
    if (gate.kind == GateKind::rz) continue;
    int& a = level[static_cast<std::size_t>(gate.first)];
    int& b = gate.second < 0 ? a : level[static_cast<std::size_t>(gate.second)];
    a = b = std::max(a, b) + 1;
  }
  return *std::max_element(level.begin(), level.end());
}

// The unit of epsilon on one instance, in units of the cost.
double size_of(GapUnit gap_unit, const InstanceResult& instance) {
  if (gap_unit == GapUnit::absolute) return 1.0;
  const RecomputedCosts& costs = *instance.recomputed;
  const double unit = gap_unit == GapUnit::mean ? costs.mean_gap : costs.first_gap;
  if (!(unit > 0) || std::isinf(unit))
    throw InputError(fmt::format(
        "{}: {}: allowed: --unit absolute", instance.campaign->name,
        costs.all_equal         ? "the costs are all equal, so no gap can be the unit"
        : costs.problem         ? "the gaps of its costs are out of range"
        : costs.missing.empty() ? "has no cost table"
                                : "its cost table could not be recomputed: " + costs.missing));
  return unit;
}

ComparedMethod& method_of(std::vector<ComparedMethod>& methods, const std::string& name,
                          MethodKind kind) {
  const auto found = std::find_if(methods.begin(), methods.end(), [&](const ComparedMethod& m) {
    return m.name == name && m.kind == kind;
  });
  return found == methods.end() ? methods.emplace_back(ComparedMethod{name, kind, {}}) : *found;
}

}  // namespace

bool ComparisonInput::has(MethodKind kind) const {
  return std::any_of(methods.begin(), methods.end(),
                     [kind](const ComparedMethod& m) { return m.kind == kind; });
}

double ComparisonInput::table_mean(
    const std::function<double(const InstanceResult&)>& value) const {
  double sum = 0.0, count = 0.0;
  for (const ComparedMethod& m : methods)
    for (const InstanceResult& i : m.instances)
      if (!std::isnan(value(i))) {
        sum += value(i);
        ++count;
      }
  return count > 0 ? sum / count : not_known;
}

ComparisonInput read_comparison_input(std::span<const CampaignFile> campaigns,
                                      const ComparisonOptions& options) {
  ComparisonInput input{options, {}, {}};
  if (options.epsilon <= 0) input.options.epsilon = campaigns.front().epsilons.back();
  const std::vector<std::string> names =
      options.labels.empty() ? method_names(campaigns) : options.labels;
  if (names.size() != campaigns.size())
    throw InputError(fmt::format("--labels: found {} for {} results; allowed: one for each",
                                 names.size(), campaigns.size()));
  std::string first_problem;
  std::set<std::string> known;  // method and data
  for (std::size_t k = 0; k < campaigns.size(); ++k) {
    const CampaignFile& campaign = campaigns[k];
    if (is_full_enumeration(campaign)) continue;
    InstanceResult instance;
    instance.campaign = &campaign;
    instance.records = prefix_of(campaign);
    instance.experiment = read_experiment_text(campaign.experiment, campaign.name);
    const std::string problem = problem_text(campaign, false);
    if (input.methods.empty()) first_problem = problem;
    if (problem != first_problem)
      throw InputError(
          fmt::format("{}: another problem than that of the first result; allowed: "
                      "problems that differ only in problem.seed",
                      campaign.name));
    const std::string data = problem_text(campaign, true);
    auto [recomputed, fresh] = input.recomputed.try_emplace(data);
    if (fresh) recomputed->second = recompute(instance.experiment, campaign);
    instance.recomputed = &recomputed->second;
    instance.epsilon = input.options.epsilon * size_of(options.unit, instance);
    take_costs(instance);
    const MethodKind kind = kind_of(campaign, instance.experiment);
    if (kind != MethodKind::classical) {
      const Circuit circuit = make_circuit(instance.experiment, campaign.table.qubits);
      instance.depth = depth_of(circuit);
      if (measures_fidelities(instance.experiment))
        instance.fidelity_shots = static_cast<double>(instance.experiment.shots.fidelity_shots);
      if (kind == MethodKind::ideal) instance.shot_success = shot_successes(instance, circuit);
    }
    if (!known.insert(names[k] + '\n' + data).second)
      throw InputError(
          fmt::format("{}: a second result of {} on the same data; allowed: one result of each "
                      "method, or --labels with different names",
                      campaign.name, names[k]));
    method_of(input.methods, names[k], kind).instances.push_back(std::move(instance));
  }
  if (input.methods.empty())
    throw InputError("all results are full enumerations; allowed: at least one of another method");
  std::stable_sort(
      input.methods.begin(), input.methods.end(),
      [](const ComparedMethod& a, const ComparedMethod& b) { return a.kind < b.kind; });
  return input;
}

}  // namespace qhn
