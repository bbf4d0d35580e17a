#include "report/comparison_tables.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <optional>
#include <utility>

#include "problem/data.hpp"
#include "report/campaign_statistics.hpp"
#include "report/comparison_text.hpp"

namespace qhn {
namespace {

/// A number of one training.
using OfTraining = std::function<double(const InstanceResult&, const RestartRecord&)>;

/// A criterion of success of a training: 0, 1, or a probability.
struct Criterion {
  std::string name;
  OfTraining success;
};

constexpr const char* network_found = "network found";

double finds_network(const InstanceResult& i, const RestartRecord& r) {
  return i.is_success(r.result.best_cost);
}
double reaches_expectation(const InstanceResult& i, const RestartRecord& r) {
  return r.result.gap < i.epsilon;
}

double of_shots(double probability, double shots) {
  if (probability >= 1) return 1.0;
  return -std::expm1(shots * std::log1p(-probability));
}

std::vector<Criterion> criteria(const ComparedMethod& method) {
  if (method.kind == MethodKind::classical) return {{network_found, finds_network}};
  std::vector<Criterion> all{{"E(theta)", reaches_expectation}};
  if (method.kind == MethodKind::shots) {
    all.push_back({"best of selection shots", finds_network});
    return all;
  }
  const InstanceResult& some = method.instances.front();
  const bool whole = some.recomputed->problem && !some.records.front().result.angles.empty();
  for (const double shots : {1.0, 100.0, 10000.0})
    all.push_back({fmt::format("best of {:g} shot{}{}", shots, shots == 1 ? "" : "s",
                               whole ? "" : ", at least"),
                   [shots](const InstanceResult& i, const RestartRecord& r) {
                     return of_shots(i.shot_success[r.result.id], shots);
                   }});
  return all;
}

std::vector<Attempts> attempts(const ComparedMethod& method, const Criterion& criterion,
                               const OfTraining& cost) {
  std::vector<Attempts> all;
  for (const InstanceResult& i : method.instances) {
    Attempts& attempts = all.emplace_back();
    for (const RestartRecord& r : i.records)
      attempts.push_back({criterion.success(i, r), cost(i, r)});
  }
  return all;
}

// Mean over instances; NaN if the value of one is unknown.
double mean_of(const ComparedMethod& method,
               const std::function<double(const InstanceResult&)>& value) {
  double sum = 0.0;
  for (const InstanceResult& i : method.instances) sum += value(i);
  return sum / static_cast<double>(method.instances.size());
}

// "-" if an unknown number enters.
Cell number(const Estimate& e) {
  return std::isnan(e.value) || std::isnan(e.interval.low) ? Cell{"-", {}} : Cell{"", e};
}
Cell exact(double value) { return number({value, {value, value}}); }
Cell unknown() { return exact(not_known); }

void add_row(ComparedTable& table, const std::string& method, const std::string& success_by,
             const std::vector<Cell>& cells) {
  std::vector<Cell> row{{method, {}}, {success_by, {}}};
  row.insert(row.end(), cells.begin(), cells.end());
  table.rows.push_back(std::move(row));
}
void add_enumeration(ComparedTable& table, const std::vector<Cell>& cells) {
  add_row(table, "full enumeration", network_found, cells);
}

// Mean test loss and accuracy of the returned networks or, for ideal gradients, the most probable.
std::pair<double, double> test_scores(const ComparedMethod& method) {
  double loss = 0.0, accuracy = 0.0, count = 0.0;
  for (const InstanceResult& i : method.instances) {
    if (!i.recomputed->problem) return {not_known, not_known};
    std::map<Index, std::optional<Score>> known;
    for (const RestartRecord& r : i.records) {
      const auto [score, fresh] = known.try_emplace(r.result.best_string.index());
      if (fresh) score->second = i.recomputed->problem->test_score(r.result.best_string.index());
      if (!score->second) return {not_known, not_known};
      loss += score->second->loss;
      accuracy += score->second->accuracy;
      ++count;
    }
  }
  return {loss / count, accuracy / count};
}

ComparedTable success_table(const ComparisonInput& input) {
  ComparedTable t{"success",
                  fmt::format("Success: {}", describe_epsilon(input)),
                  {"method", "success by", "trainings", "probability", "test loss", "test accuracy",
                   "cut short"},
                  {}};
  const OfTraining free = [](const InstanceResult&, const RestartRecord&) { return 0.0; };
  for (const ComparedMethod& m : input.methods) {
    double trainings = 0.0, cut = 0.0;  // cut: by the iteration limit
    for (const InstanceResult& i : m.instances) {
      trainings += static_cast<double>(i.records.size());
      cut += static_cast<double>(std::count_if(
          i.records.begin(), i.records.end(),
          [](const RestartRecord& r) { return r.result.status == Status::iteration_limit; }));
    }
    const bool limited = !describe_limit(*m.instances.front().campaign).empty();
    const auto [loss, accuracy] = test_scores(m);
    for (const Criterion& c : criteria(m))
      add_row(t, m.name, c.name,
              {exact(trainings), number(mean_success(attempts(m, c, free))), exact(loss),
               exact(accuracy), limited ? exact(cut) : unknown()});
  }
  add_enumeration(t, {exact(1), exact(1), unknown(), unknown(), unknown()});
  return t;
}

double samples(const InstanceResult& i) {
  return static_cast<double>(std::max<std::uint64_t>(i.campaign->table.samples, 1));
}

// Losses over all training samples.
double losses(const InstanceResult& i, const RestartRecord& r) {
  return static_cast<double>(r.result.oracle.total().samples) / samples(i);
}

double tuning_losses(const InstanceResult& i) {
  return static_cast<double>(i.campaign->method.tuning.samples) / samples(i);
}

// Of a training.
double distinct_networks(const InstanceResult& i) {
  double sum = 0.0;
  for (const RestartRecord& r : i.records)
    sum += static_cast<double>(r.result.oracle.total().unique);
  return sum / static_cast<double>(i.records.size());
}

ComparedTable oracle_table(const ComparisonInput& input) {
  ComparedTable t{
      "oracle",
      "Ledger 1, oracle: losses over all training samples, counted with repeats, cached or not",
      {"method", "success by", "losses a training", "distinct networks", "tuning, once",
       "losses to solution 99 %"},
      {}};
  for (const ComparedMethod& m : input.methods) {
    if (m.kind == MethodKind::ideal) {
      add_row(t, m.name, "ideal-gradient bound: no oracle cost",
              {unknown(), unknown(), unknown(), unknown()});
      continue;
    }
    const Cell distinct = exact(mean_of(m, distinct_networks));
    const Cell tuning = exact(mean_of(m, tuning_losses));
    for (const Criterion& c : criteria(m)) {
      const auto bills = attempts(m, c, losses);
      add_row(t, m.name, c.name,
              {number(mean_cost(bills)), distinct, tuning, number(solution_cost_99(bills))});
    }
  }
  const Cell networks = exact(input.networks());
  add_enumeration(t, {networks, networks, exact(0), networks});
  return t;
}

// `cost` is that of a training. The table is charged once (`in_full`), or divided among trainings.
Cell to_solution(const ComparedMethod& method, const Criterion& criterion, double table,
                 bool in_full, const OfTraining& cost) {
  if (method.instances.front().experiment.problem.target) table = 0.0;  // no table exists
  const auto charged =
      attempts(method, criterion, [&](const InstanceResult& i, const RestartRecord& r) {
        return cost(i, r) + (in_full ? 0.0 : table / static_cast<double>(i.records.size()));
      });
  return number(solution_cost_99(charged, in_full ? table : 0.0));
}

const char* here(bool circuits) {
  return circuits ? "simulating circuits on this machine" : "classical methods on this machine";
}

double seconds(const InstanceResult&, const RestartRecord& r) { return r.cost.seconds; }
double joules(const InstanceResult& i, const RestartRecord& r) {
  return i.joules * r.cost.seconds / i.mean_seconds;
}

ComparedTable simulation_table(const ComparisonInput& input, bool circuits) {
  ComparedTable t{
      circuits ? "circuits" : "classical",
      fmt::format("Ledger 2, {}: {}; {}", here(circuits), describe_joules(input, circuits),
                  describe_table_costs(input)),
      {"method", "success by", "s a training", "J a training", "TTS99, s, table in full",
       "TTS99, s, table/R", "ETS99, J, table in full", "ETS99, J, table/R"},
      {}};
  const double table_seconds = input.table_mean(&InstanceResult::table_seconds);
  const double table_joules = input.table_mean(&InstanceResult::table_joules);
  for (const ComparedMethod& m : input.methods) {
    if (m.is_circuit() != circuits) continue;
    for (const Criterion& c : criteria(m))
      add_row(
          t, m.name, c.name,
          {number(mean_cost(attempts(m, c, seconds))), number(mean_cost(attempts(m, c, joules))),
           to_solution(m, c, table_seconds, true, seconds),
           to_solution(m, c, table_seconds, false, seconds),
           to_solution(m, c, table_joules, true, joules),
           to_solution(m, c, table_joules, false, joules)});
  }
  const Cell time = exact(table_seconds);
  // Its joules are those of a classical method: not comparable with those of circuits.
  const Cell energy = circuits ? unknown() : exact(table_joules);
  add_enumeration(t, {time, energy, time, time, energy, energy});
  return t;
}

ComparedTable work_table(const ComparisonInput& input, bool circuits) {
  ComparedTable t{circuits ? "circuits-work" : "classical-work",
                  fmt::format("Ledger 2, {}: operations counted per training; '-' for methods that "
                              "count bits instead",
                              here(circuits)),
                  {"method", "success by", "flops", "bytes", "exchanged bytes"},
                  {}};
  const auto cells = [](const auto& mean) {
    return std::vector{exact(mean(&Work::flops)), exact(mean(&Work::bytes)),
                       exact(mean(&Work::exchanged))};
  };
  for (const ComparedMethod& m : input.methods)
    if (m.is_circuit() == circuits)
      add_row(t, m.name, "any", cells([&](double Work::*what) {
                return mean_of(m, [what](const InstanceResult& i) { return i.work.*what; });
              }));
  add_enumeration(
      t, cells([&](double Work::*what) {
        return input.table_mean([what](const InstanceResult& i) { return i.table_work.*what; });
      }));
  return t;
}

/// Shots of losses, and those of fidelities in the iterations of QN-SPSA.
double loss_shots(const RestartRecord& r) {
  return static_cast<double>(r.result.oracle.total().evaluations);
}
double fidelity_shots(const InstanceResult& i, const RestartRecord& r) {
  return static_cast<double>(fidelities_of_metric) * r.result.iterations * i.fidelity_shots;
}
double shots(const InstanceResult& i, const RestartRecord& r) {
  return loss_shots(r) + fidelity_shots(i, r);
}

OfTraining projected_seconds(const HardwareCase& hardware) {
  return [hardware](const InstanceResult& i, const RestartRecord& r) {
    return hardware.seconds(r.result.evaluations + 1.0, loss_shots(r), i.depth) +
           fidelity_shots(i, r) * hardware.shot_seconds(2.0 * i.depth);
  };
}

ComparedTable projected_table(const ComparisonInput& input) {
  const Hardware& hardware = input.options.hardware;
  ComparedTable t{
      "projected",
      fmt::format("Ledger 3, projected: {}, no error correction, nothing measured", hardware.name),
      {"method", "success by", "case", "shots a training", "s a training", "J a training",
       "TTS99, s", "ETS99, J"},
      {}};
  for (const ComparedMethod& m : input.methods) {
    if (m.kind != MethodKind::shots) continue;
    for (const Criterion& c : criteria(m))
      for (const auto& [name, constants] : {std::pair{"low", hardware.low},
                                            {"central", hardware.central},
                                            {"high", hardware.high}}) {
        const auto times = attempts(m, c, projected_seconds(constants));
        std::vector<Attempts> energies = times;
        for (Attempts& instance : energies)
          for (Attempt& a : instance) a.cost *= constants.watts;
        add_row(t, m.name, c.name,
                {{name, {}},
                 number(mean_cost(attempts(m, c, shots))),
                 number(mean_cost(times)),
                 number(mean_cost(energies)),
                 number(solution_cost_99(times)),
                 number(solution_cost_99(energies))});
      }
  }
  const Cell time = exact(input.table_mean(&InstanceResult::table_seconds));
  const Cell energy = exact(input.table_mean(&InstanceResult::table_joules));
  add_enumeration(t, {{"on this machine", {}}, unknown(), time, energy, time, energy});
  return t;
}

// The classical method with the smallest ETS99 and this, in J; none: no energy is known.
std::optional<std::pair<std::string, double>> best_classical(
    const std::vector<ComparedTable>& tables) {
  std::optional<std::pair<std::string, double>> best;
  for (const ComparedTable& t : tables) {
    if (t.name != "classical") continue;
    for (const auto& row : t.rows) {
      const auto& ets = row[6].number;
      if (ets && std::isfinite(ets->value) && (!best || ets->value < best->second))
        best = {row[0].text, ets->value};
    }
  }
  return best;
}

}  // namespace

std::vector<ComparedTable> comparison_tables(const ComparisonInput& input) {
  std::vector<ComparedTable> tables{success_table(input), oracle_table(input)};
  for (const bool circuits : {true, false})
    if (std::any_of(input.methods.begin(), input.methods.end(),
                    [&](const ComparedMethod& m) { return m.is_circuit() == circuits; })) {
      tables.push_back(simulation_table(input, circuits));
      tables.push_back(work_table(input, circuits));
    }
  if (input.has(MethodKind::shots)) tables.push_back(projected_table(input));
  return tables;
}

std::vector<std::string> break_even_remarks(const ComparisonInput& input,
                                            const std::vector<ComparedTable>& tables) {
  const auto best = best_classical(tables);
  // Constants or joules of 0 break even with anything.
  if (!best || !(best->second > 0)) return {};
  const auto& [rival, ets] = *best;
  const HardwareCase& hardware = input.options.hardware.central;
  std::vector<std::string> all;
  for (const ComparedMethod& m : input.methods) {
    if (m.kind != MethodKind::shots) continue;
    for (const Criterion& c : criteria(m)) {
      const double tts = solution_cost_99(attempts(m, c, projected_seconds(hardware))).value;
      if (!std::isfinite(tts) || !(tts > 0)) continue;
      const double shots_to_solution = solution_cost_99(attempts(m, c, shots)).value;
      all.push_back(fmt::format(
          "{} ({}) would break even with {}, {:.3g} J to solution 99 %, at a wall power of {:.3g} "
          "W, or at {:.3g} kW with {:.3g} shots a second (central case: {:.3g}).",
          m.name, c.name, rival, ets, ets / tts, hardware.watts / 1e3,
          shots_to_solution * hardware.watts / ets, shots_to_solution / tts));
    }
  }
  return all;
}

}  // namespace qhn
