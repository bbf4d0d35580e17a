#include "report/comparison.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <sstream>

#include "campaign/experiment.hpp"
#include "core/aligned.hpp"
#include "core/costs.hpp"
#include "core/error.hpp"
#include "core/sha256.hpp"
#include "engine/engine.hpp"
#include "perf/work.hpp"
#include "problem/data.hpp"
#include "problem/problem.hpp"
#include "report/campaign_statistics.hpp"

namespace qhn {
namespace {

constexpr std::size_t claim_instances = 20;  // fewest for a statement about the problem
constexpr int most_table_qubits = 24;        // larger tables are not recomputed

/// The costs of one instance, recomputed.
struct Facts {
  std::unique_ptr<Problem> problem;  ///< null: no cost table
  AlignedVector<double> costs;
  /// Gap of the mean cost, and of the next cost that counts as different from E_min.
  double mean_gap = not_known, first_gap = not_known;
  bool all_equal = false;  ///< within equal_costs: no first gap exists
  std::string missing;     ///< why a table could not be recomputed; empty: it was, or none exists
};

Facts make_facts(const Experiment& experiment, const CampaignFile& campaign) {
  const TableSummary& table = campaign.table;
  Facts facts;
  if (experiment.problem.target || table.qubits > most_table_qubits) return facts;
  std::unique_ptr<Problem> problem;
  try {
    problem = make_problem(experiment.problem);
  } catch (const InputError& error) {
    facts.missing = error.what();
    return facts;
  }
  const std::string& hash = campaign.provenance.data_sha256;
  if (!hash.empty() && hash != problem->data_sha256()) {
    facts.missing = fmt::format("{}: its data has changed since the run", campaign.name);
    return facts;
  }
  facts.problem = std::move(problem);
  facts.costs.resize(dimension(table.qubits));
  facts.problem->costs(0, facts.costs);
  const double limit =
      minimizer_limit(table.minimum, *std::max_element(facts.costs.begin(), facts.costs.end()));
  double sum = 0.0, next = std::numeric_limits<double>::infinity();
  for (const double cost : facts.costs) {
    sum += cost - table.minimum;  // summing costs would round away gaps much smaller than E_min
    if (cost > limit) next = std::min(next, cost);
  }
  facts.all_equal = std::isinf(next);
  if (facts.all_equal) return facts;
  facts.mean_gap = sum / static_cast<double>(facts.costs.size());
  facts.first_gap = next - table.minimum;
  return facts;
}

/// The contiguous prefix of one campaign.
struct Instance {
  const CampaignFile* campaign;
  std::span<const RestartRecord> records;
  Experiment experiment;
  const Facts* facts;
  double epsilon;
  double table_seconds = not_known, table_joules = not_known;
  double joules = not_known;  // of a restart, for its own seconds
  double busy = 1.0;          // share of their phase in which restarts computed
  bool measured = false;      // false: modelled
  int times = 1;              // largest number of runs of a phase
  Work work{not_known, not_known, 0.0, not_known};  // of a restart, and of the table
  Work table_work{not_known, not_known, 0.0, not_known};
  double mean_seconds = 0.0;  // of a restart
  double depth = 0.0;         // of the circuit, in layers of gates
  // Circuits: probability that one shot is a success, for each final state.
  std::vector<double> shot_success;
};

enum class Side { exact, shots, classical };

/// A method on all instances of the problem.
struct Subject {
  std::string name;
  Side side = Side::classical;
  std::vector<Instance> instances;
};

/// A criterion of success of a training.
struct Judgement {
  std::string name;
  std::function<double(const Instance&, const RestartRecord&)> success;
};

/// The keys that two results on one problem share. The hash of the data stands for its path.
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

/// Name of a method: its kind, the keys that distinguish it from others of the kind, its training.
struct MethodName {
  std::string kind, apart, training;
  std::string text() const { return kind + apart + training; }
};

MethodName name_of(const CampaignFile& campaign, const Experiment& e) {
  if (!campaign.method.name.empty()) return {campaign.method.name, "", ""};
  MethodName name{to_string(e.family), "", " (ideal gradient)"};
  if (e.family != Family::custom) name.kind += fmt::format(" D={}", e.sublayers);
  if (e.optimizer.kind != OptimizerKind::lbfgs)
    name.training = fmt::format(
        " {} {} shots", e.optimizer.kind == OptimizerKind::adam ? "adam" : "spsa", e.shots.shots);
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
  return key.starts_with("circuit.") || key.starts_with("optimizer.") ||
         key.starts_with("baseline.");
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

Side side_of(const CampaignFile& campaign, const Experiment& e) {
  if (!campaign.method.name.empty()) return Side::classical;
  return e.optimizer.kind == OptimizerKind::lbfgs ? Side::exact : Side::shots;
}

void take_energy(Instance& instance) {
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

std::span<const RestartRecord> prefix_of(const CampaignFile& campaign) {
  std::size_t count = 0;
  while (count < campaign.records.size() && campaign.records[count].result.id == count) ++count;
  if (count == 0)
    throw InputError(
        fmt::format("{}: holds no restart with id 0 yet: nothing to compare", campaign.name));
  return std::span(campaign.records).first(count);
}

double one_if(bool yes) { return yes ? 1.0 : 0.0; }

double success_of_network(const Instance& i, const RestartRecord& r) {
  return one_if(r.result.best_cost - i.campaign->table.minimum < i.epsilon);
}

double of_shots(double probability, double shots) {
  if (probability >= 1) return 1.0;
  return -std::expm1(shots * std::log1p(-probability));
}

// Probability that one shot is a success, for each final state. Without angles that of the most
// probable string only: a lower bound.
std::vector<double> shot_successes(const Instance& i, const Circuit& circuit) {
  std::vector<double> all;
  if (i.records.front().result.angles.empty() || !i.facts->problem) {
    for (const RestartRecord& r : i.records)
      all.push_back(success_of_network(i, r) * std::min(1.0, r.result.best_probability));
    return all;
  }
  AlignedVector<Complex> amplitudes(dimension(circuit.qubits));
  const auto engine =
      make_engine(circuit, i.facts->costs, {i.experiment.engine, i.experiment.precision, 1, false});
  for (const RestartRecord& r : i.records) {
    engine->amplitudes()->state(r.result.angles, amplitudes);
    double sum = 0.0;
    for (Index w = 0; w < amplitudes.size(); ++w)
      if (i.facts->costs[w] - i.campaign->table.minimum < i.epsilon)
        sum += std::norm(amplitudes[w]);
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

class Comparer {
 public:
  Comparer(std::span<const CampaignFile> campaigns, const ComparisonOptions& options)
      : options_(options) {
    if (options_.epsilon <= 0) options_.epsilon = campaigns.front().epsilons.back();
    const std::vector<std::string> names = name_all(campaigns);
    for (std::size_t k = 0; k < campaigns.size(); ++k)
      if (!is_last_row(campaigns[k])) add(campaigns[k], names[k]);
    if (subjects_.empty())
      throw InputError(
          "all results are full enumerations; allowed: at least one of another method");
    std::stable_sort(subjects_.begin(), subjects_.end(),
                     [](const Subject& a, const Subject& b) { return a.side < b.side; });
  }

  Comparison run() {
    Comparison all;
    all.introduction = introduction();
    for (const Subject& s : subjects_)
      for (const Instance& i : s.instances)
        all.references.push_back({i.campaign->name, i.campaign->table.reference(),
                                  i.campaign->table.minimum, i.epsilon});
    all.tables = {success_table(), oracle_table()};
    for (const bool circuits : {true, false}) {
      if (circuits ? !has(Side::exact) && !has(Side::shots) : !has(Side::classical)) continue;
      all.tables.push_back(simulation_table(circuits));
      all.tables.push_back(work_table(circuits));
    }
    if (has(Side::shots)) all.tables.push_back(projected_table());
    all.remarks = remarks();
    return all;
  }

 private:
  static bool is_last_row(const CampaignFile& campaign) {
    return campaign.method.name == "enumeration";  // the last row of every table
  }

  /// Returns one name per campaign; instances of one method share it. Names of methods of one kind
  /// contain the keys in which these differ, those of results on the same data the keys of the
  /// runs.
  std::vector<std::string> name_all(std::span<const CampaignFile> campaigns) const {
    if (!options_.labels.empty()) {
      if (options_.labels.size() != campaigns.size())
        throw InputError(fmt::format("--labels: found {} for {} results; allowed: one for each",
                                     options_.labels.size(), campaigns.size()));
      return options_.labels;
    }
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
        if (!is_last_row(campaigns[k])) groups[group_of(k)].push_back(k);
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

  void add(const CampaignFile& campaign, const std::string& name) {
    Instance instance;
    instance.campaign = &campaign;
    instance.records = prefix_of(campaign);
    instance.experiment = read_experiment_text(campaign.experiment, campaign.name);
    const std::string problem = problem_text(campaign, false);
    if (subjects_.empty()) problem_ = problem;
    if (problem != problem_)
      throw InputError(
          fmt::format("{}: another problem than that of the first result; allowed: "
                      "problems that differ only in problem.seed",
                      campaign.name));
    const std::string data = problem_text(campaign, true);
    auto [facts, fresh] = facts_.try_emplace(data);
    if (fresh) facts->second = make_facts(instance.experiment, campaign);
    instance.facts = &facts->second;
    instance.epsilon = options_.epsilon * scale(instance);
    for (const RestartRecord& r : instance.records)
      instance.mean_seconds += r.cost.seconds / static_cast<double>(instance.records.size());
    take_energy(instance);
    const Side side = side_of(campaign, instance.experiment);
    if (side != Side::classical) {
      const Circuit circuit = make_circuit(instance.experiment, campaign.table.qubits);
      instance.depth = depth_of(circuit);
      if (side == Side::exact) instance.shot_success = shot_successes(instance, circuit);
    }

    if (!known_.insert(name + '\n' + data).second)
      throw InputError(
          fmt::format("{}: a second result of {} on the same data; allowed: one result of each "
                      "method, or --labels with different names",
                      campaign.name, name));
    auto subject = std::find_if(subjects_.begin(), subjects_.end(),
                                [&](const Subject& s) { return s.name == name && s.side == side; });
    if (subject == subjects_.end()) subject = subjects_.insert(subjects_.end(), {name, side, {}});
    subject->instances.push_back(std::move(instance));
  }

  double scale(const Instance& instance) const {
    if (options_.unit == GapUnit::absolute) return 1.0;
    const Facts& facts = *instance.facts;
    const double unit = options_.unit == GapUnit::mean ? facts.mean_gap : facts.first_gap;
    if (!(unit > 0) || std::isinf(unit))
      throw InputError(fmt::format(
          "{}: {}: allowed: --unit absolute", instance.campaign->name,
          facts.all_equal         ? "the costs are all equal, so no gap can be the unit"
          : facts.problem         ? "the gaps of its costs are out of range"
          : facts.missing.empty() ? "has no cost table"
                                  : "its cost table could not be recomputed: " + facts.missing));
    return unit;
  }

  bool has(Side side) const {
    return std::any_of(subjects_.begin(), subjects_.end(),
                       [side](const Subject& s) { return s.side == side; });
  }
  const Instance& first() const { return subjects_.front().instances.front(); }
  double networks() const { return std::ldexp(1.0, first().campaign->table.qubits); }

  static std::vector<Judgement> judgements(const Subject& subject) {
    const Judgement network{
        subject.side == Side::shots ? "best of selection shots" : "network found",
        success_of_network};
    const Judgement expectation{"E(theta)", [](const Instance& i, const RestartRecord& r) {
                                  return one_if(r.result.gap < i.epsilon);
                                }};
    if (subject.side == Side::classical) return {network};
    if (subject.side == Side::shots) return {expectation, network};
    std::vector<Judgement> all{expectation};
    const Instance& some = subject.instances.front();
    const bool whole = some.facts->problem && !some.records.front().result.angles.empty();
    for (const double shots : {1.0, 100.0, 10000.0})
      all.push_back({fmt::format("best of {:g} shot{}{}", shots, shots == 1 ? "" : "s",
                                 whole ? "" : ", at least"),
                     [shots](const Instance& i, const RestartRecord& r) {
                       return of_shots(i.shot_success[r.result.id], shots);
                     }});
    return all;
  }

  template <class Cost>
  static std::vector<Attempts> attempts(const Subject& subject, const Judgement& judgement,
                                        const Cost& cost) {
    std::vector<Attempts> all;
    for (const Instance& i : subject.instances) {
      Attempts& attempts = all.emplace_back();
      for (const RestartRecord& r : i.records)
        attempts.push_back({judgement.success(i, r), cost(i, r)});
    }
    return all;
  }

  // Mean over instances; NaN if the value of one is unknown.
  template <class Value>
  static double mean(const Subject& subject, const Value& value) {
    double sum = 0.0;
    for (const Instance& i : subject.instances) sum += value(i);
    return sum / static_cast<double>(subject.instances.size());
  }

  static Cell exact(double value) { return number({value, {value, value}}); }
  // "-" if an unknown number enters.
  static Cell number(const Estimate& e) {
    return std::isnan(e.value) || std::isnan(e.interval.low) ? Cell{"-", {}} : Cell{"", e};
  }

  ComparedTable success_table() {
    ComparedTable t{"success",
                    fmt::format("Success: {}", describe_epsilon()),
                    {"method", "success by", "trainings", "probability", "test loss",
                     "test accuracy", "cut short"},
                    {}};
    for (const Subject& s : subjects_) {
      double trainings = 0.0;
      for (const Instance& i : s.instances) trainings += static_cast<double>(i.records.size());
      const auto [loss, accuracy] = test_scores(s);
      double cut = 0.0;  // by the iteration limit
      for (const Instance& i : s.instances)
        cut += static_cast<double>(std::count_if(
            i.records.begin(), i.records.end(),
            [](const RestartRecord& r) { return r.result.status == Status::iteration_limit; }));
      const bool limited = !describe_limit(*s.instances.front().campaign).empty();
      for (const Judgement& j : judgements(s))
        t.rows.push_back({{s.name, {}},
                          {j.name, {}},
                          exact(trainings),
                          number(mean_success(attempts(s, j, [](auto&, auto&) { return 0.0; }))),
                          exact(loss),
                          exact(accuracy),
                          limited ? exact(cut) : Cell{"-", {}}});
    }
    t.rows.push_back({{enumeration, {}},
                      {"network found", {}},
                      exact(1),
                      exact(1),
                      {"-", {}},
                      {"-", {}},
                      {"-", {}}});
    return t;
  }

  // Mean test loss and accuracy of the returned networks or, for exact expectations, the most
  // probable.
  static std::pair<double, double> test_scores(const Subject& subject) {
    double loss = 0.0, accuracy = 0.0, count = 0.0;
    for (const Instance& i : subject.instances) {
      if (!i.facts->problem) return {not_known, not_known};
      std::map<Index, std::optional<Score>> known;
      for (const RestartRecord& r : i.records) {
        const auto [score, fresh] = known.try_emplace(r.result.best_string);
        if (fresh) score->second = i.facts->problem->test_score(r.result.best_string);
        if (!score->second) return {not_known, not_known};
        loss += score->second->loss;
        accuracy += score->second->accuracy;
        ++count;
      }
    }
    return {loss / count, accuracy / count};
  }

  static double samples(const Instance& i) {
    return static_cast<double>(std::max<std::uint64_t>(i.campaign->table.samples, 1));
  }
  // Losses over all training samples.
  static double asked(const Instance& i, const RestartRecord& r) {
    return static_cast<double>(r.result.oracle.total().samples) / samples(i);
  }

  ComparedTable oracle_table() {
    ComparedTable t{
        "oracle",
        "Ledger 1, oracle: losses over all training samples, counted with repeats, cached or not",
        {"method", "success by", "losses a training", "distinct networks", "tuning, once",
         "losses to solution 99 %"},
        {}};
    for (const Subject& s : subjects_) {
      if (s.side == Side::exact) {
        t.rows.push_back({{s.name, {}},
                          {"ideal-gradient bound: no oracle cost", {}},
                          {"-", {}},
                          {"-", {}},
                          {"-", {}},
                          {"-", {}}});
        continue;
      }
      const double tuning = mean(s, [](const Instance& i) {
        return static_cast<double>(i.campaign->method.tuning.samples) / samples(i);
      });
      const double distinct = mean(s, [](const Instance& i) {
        double sum = 0.0;
        for (const RestartRecord& r : i.records)
          sum += static_cast<double>(r.result.oracle.total().unique);
        return sum / static_cast<double>(i.records.size());
      });
      for (const Judgement& j : judgements(s)) {
        const auto bills = attempts(s, j, asked);
        t.rows.push_back({{s.name, {}},
                          {j.name, {}},
                          number(mean_cost(bills)),
                          exact(distinct),
                          exact(tuning),
                          number(solution_cost_99(bills))});
      }
    }
    t.rows.push_back({{enumeration, {}},
                      {"network found", {}},
                      exact(networks()),
                      exact(networks()),
                      exact(0),
                      exact(networks())});
    return t;
  }

  // Mean over all campaigns that computed a table. Every method is charged the same.
  template <class Value>
  double table_mean(const Value& value) const {
    double sum = 0.0, count = 0.0;
    for (const Subject& s : subjects_)
      for (const Instance& i : s.instances)
        if (!std::isnan(value(i))) {
          sum += value(i);
          ++count;
        }
    return count > 0 ? sum / count : not_known;
  }
  double table_cost(double Instance::*what) const {
    return table_mean([what](const Instance& i) { return i.*what; });
  }

  // `cost` is that of a training. The table is charged once (`in_full`), or divided among
  // trainings.
  template <class Cost>
  static Cell to_solution(const Subject& s, const Judgement& j, double table, bool in_full,
                          const Cost& cost) {
    if (s.instances.front().experiment.problem.target) table = 0.0;  // no table exists
    const auto charged = attempts(s, j, [&](const Instance& i, const RestartRecord& r) {
      return cost(i, r) + (in_full ? 0.0 : table / static_cast<double>(i.records.size()));
    });
    return number(solution_cost_99(charged, in_full ? table : 0.0));
  }

  static const char* here(bool circuits) {
    return circuits ? "simulating circuits on this machine" : "classical methods on this machine";
  }

  static double seconds(const Instance&, const RestartRecord& r) { return r.cost.seconds; }
  static double joules(const Instance& i, const RestartRecord& r) {
    return i.joules * r.cost.seconds / i.mean_seconds;
  }

  ComparedTable simulation_table(bool circuits) {
    ComparedTable t{
        circuits ? "circuits" : "classical",
        fmt::format("Ledger 2, {}: {}; {}", here(circuits), describe_joules(circuits),
                    describe_table_costs()),
        {"method", "success by", "s a training", "J a training", "TTS99, s, table in full",
         "TTS99, s, table/R", "ETS99, J, table in full", "ETS99, J, table/R"},
        {}};
    const double table_seconds = table_cost(&Instance::table_seconds);
    const double table_joules = table_cost(&Instance::table_joules);
    for (const Subject& s : subjects_) {
      if ((s.side == Side::classical) == circuits) continue;
      for (const Judgement& j : judgements(s)) {
        const auto cost = [&](const auto& of) { return number(mean_cost(attempts(s, j, of))); };
        t.rows.push_back({{s.name, {}},
                          {j.name, {}},
                          cost(seconds),
                          cost(joules),
                          to_solution(s, j, table_seconds, true, seconds),
                          to_solution(s, j, table_seconds, false, seconds),
                          to_solution(s, j, table_joules, true, joules),
                          to_solution(s, j, table_joules, false, joules)});
        if (!circuits) note_best(t.rows.back());
      }
    }
    const double time = table_seconds;
    // Its joules are those of a classical method: not comparable with those of circuits.
    const double energy = circuits ? not_known : table_joules;
    t.rows.push_back({{enumeration, {}},
                      {"network found", {}},
                      exact(time),
                      exact(energy),
                      exact(time),
                      exact(time),
                      exact(energy),
                      exact(energy)});
    if (!circuits) note_best(t.rows.back());
    return t;
  }

  ComparedTable work_table(bool circuits) {
    ComparedTable t{
        circuits ? "circuits-work" : "classical-work",
        fmt::format("Ledger 2, {}: operations counted per training; '-' for methods that "
                    "count bits instead",
                    here(circuits)),
        {"method", "success by", "flops", "bytes", "exchanged bytes"},
        {}};
    const auto add = [&t](const std::string& name, const char* by, const auto& mean_of) {
      t.rows.push_back({{name, {}},
                        {by, {}},
                        exact(mean_of(&Work::flops)),
                        exact(mean_of(&Work::bytes)),
                        exact(mean_of(&Work::exchanged))});
    };
    for (const Subject& s : subjects_)
      if ((s.side == Side::classical) != circuits)
        add(s.name, "any", [&](double Work::*what) {
          return mean(s, [what](const Instance& i) { return i.work.*what; });
        });
    add(enumeration, "network found", [&](double Work::*what) {
      return table_mean([what](const Instance& i) { return i.table_work.*what; });
    });
    return t;
  }

  // Keeps the smallest ETS99 of classical rows, for the break-even.
  void note_best(const std::vector<Cell>& row) {
    const Cell& ets = row[6];
    if (ets.number && std::isfinite(ets.number->value) &&
        (!best_ || ets.number->value < best_->second))
      best_ = {row[0].text, ets.number->value};
  }

  ComparedTable projected_table() {
    const Hardware& hardware = options_.hardware;
    ComparedTable t{"projected",
                    fmt::format("Ledger 3, projected: {}, no error correction, nothing measured",
                                hardware.name),
                    {"method", "success by", "case", "shots a training", "s a training",
                     "J a training", "TTS99, s", "ETS99, J"},
                    {}};
    for (const Subject& s : subjects_) {
      if (s.side != Side::shots) continue;
      for (const Judgement& j : judgements(s))
        for (const auto& [name, constants] : {std::pair{"low", hardware.low},
                                              {"central", hardware.central},
                                              {"high", hardware.high}}) {
          const auto time = [&, c = constants](const Instance& i, const RestartRecord& r) {
            return c.seconds(r.result.evaluations + 1.0, shots(i, r), i.depth);
          };
          const auto energy = [&, watts = constants.watts](const Instance& i,
                                                           const RestartRecord& r) {
            return watts * time(i, r);
          };
          const auto tts = solution_cost_99(attempts(s, j, time));
          t.rows.push_back({{s.name, {}},
                            {j.name, {}},
                            {name, {}},
                            number(mean_cost(attempts(s, j, shots))),
                            number(mean_cost(attempts(s, j, time))),
                            number(mean_cost(attempts(s, j, energy))),
                            number(tts),
                            number(solution_cost_99(attempts(s, j, energy)))});
          if (std::string(name) == "central")
            break_even(s, j, tts.value, solution_cost_99(attempts(s, j, shots)).value);
        }
    }
    const double time = table_cost(&Instance::table_seconds);
    const double energy = table_cost(&Instance::table_joules);
    t.rows.push_back({{enumeration, {}},
                      {"network found", {}},
                      {"on this machine", {}},
                      {"-", {}},
                      exact(time),
                      exact(energy),
                      exact(time),
                      exact(energy)});
    return t;
  }

  static double shots(const Instance&, const RestartRecord& r) {
    return static_cast<double>(r.result.oracle.total().evaluations);
  }

  void break_even(const Subject& s, const Judgement& j, double tts, double shots_to_solution) {
    if (!best_ || !std::isfinite(tts)) return;
    const auto& [rival, ets] = *best_;
    if (!(tts > 0) || !(ets > 0)) return;  // constants or joules of 0 break even with anything
    break_even_.push_back(fmt::format(
        "{} ({}) would break even with {}, {:.3g} J to solution 99 %, at a wall power of {:.3g} W, "
        "or at {:.3g} kW with {:.3g} shots a second (central case: {:.3g}).",
        s.name, j.name, rival, ets, ets / tts, options_.hardware.central.watts / 1e3,
        shots_to_solution * options_.hardware.central.watts / ets, shots_to_solution / tts));
  }

  static std::string ratio(double a, double b) {
    return std::isfinite(a / b) ? fmt::format("{:.3g}", a / b) : "more than 1e308";
  }

  /// "gap below 1e-05 = 0.01 (mean - E_min) = 0.1 first gaps; one instance".
  std::string describe_epsilon() const {
    const Instance& i = first();
    const TableSummary& table = i.campaign->table;
    if (!table.enumerated())
      return (i.epsilon <= target_slack(table.minimum)
                  ? fmt::format("loss at most the target {:g}; ", table.minimum)
                  : fmt::format("loss less than {:.3g} above the target {:g}; ", i.epsilon,
                                table.minimum)) +
             describe_instances();
    std::string text = fmt::format("gap to the enumerated E_min below {:.3g}", i.epsilon);
    if (facts_.size() > 1 && options_.unit != GapUnit::absolute)
      text = fmt::format("gap to the enumerated E_min below {:.3g} {}", options_.epsilon,
                         options_.unit == GapUnit::mean ? "(mean - E_min)" : "first gaps");
    else if (i.facts->all_equal)
      text += " (the costs are all equal: no other unit)";
    else if (i.facts->problem)
      text += fmt::format(" = {} (mean - E_min) = {} first gaps{}",
                          ratio(i.epsilon, i.facts->mean_gap), ratio(i.epsilon, i.facts->first_gap),
                          facts_.size() > 1 ? " of the first instance" : "");
    return text + "; " + describe_instances();
  }

  std::string describe_instances() const {
    std::size_t fewest = subjects_.front().instances.size(), most = fewest;
    for (const Subject& s : subjects_) {
      fewest = std::min(fewest, s.instances.size());
      most = std::max(most, s.instances.size());
    }
    if (most == 1) return "one instance";
    if (fewest < claim_instances)
      return fmt::format("{} to {} instances: too few for a statement about the problem ({})",
                         fewest, most, claim_instances);
    return fmt::format("{} instances", fewest);
  }

  std::string describe_joules(bool circuits) const {
    bool measured = false, known = false;
    int times = 1;
    double busy = 1.0;
    for (const Subject& s : subjects_)
      for (const Instance& i : s.instances)
        if ((s.side == Side::classical) != circuits) {
          measured = measured || i.measured;
          known = known || !std::isnan(i.joules);
          times = std::max(times, i.times);
          busy = std::min(busy, i.busy);
        }
    std::string text = measured ? "joules are measured where a counter was read, else modelled"
                       : known  ? "no energy was measured; joules are modelled"
                                : "no energy was measured";
    if (times > 1)
      text +=
          fmt::format("; phases too short for an accuracy of 1 % were run up to {} times", times);
    if (known && busy < 0.95)
      text += fmt::format(
          "; joules count only the seconds in which trainings computed, at least {:.2g} % of "
          "their phase",
          100 * busy);
    return text;
  }

  /// The cost of the table in TTS99 and ETS99.
  std::string describe_table_costs() const {
    std::size_t known = 0;
    for (const Subject& s : subjects_)
      for (const Instance& i : s.instances) known += std::isnan(i.table_seconds) ? 0 : 1;
    if (!first().campaign->table.enumerated()) return "there is no table to charge";
    if (known == 0) return "the cost of the table is unknown";
    std::string text =
        fmt::format("the table is charged with {:.3g} s", table_cost(&Instance::table_seconds));
    if (const double joules = table_cost(&Instance::table_joules); !std::isnan(joules))
      text += fmt::format(" and {:.3g} J", joules);
    return text + (known == 1 ? std::string(", from the one result that records it")
                              : fmt::format(", the mean of {} results", known));
  }

  std::string introduction() const {
    return fmt::format(
        "A simulation that reads a table of costs cannot beat full enumeration in oracle calls: "
        "the table needs the loss of each of the {:g} networks, and its smallest entry is the "
        "answer. The cost of the table is charged to every method that reads it. Intervals are "
        "95 %; failed trainings are charged too; '>' is a one-sided bound if no training "
        "succeeded.",
        networks());
  }

  std::vector<std::string> remarks() const {
    std::vector<std::string> all = break_even_;
    for (const Subject& s : subjects_)
      for (const Instance& i : s.instances) {
        const std::string rounding = rounding_remark(i.campaign->table, i.epsilon);
        if (!rounding.empty()) all.push_back(fmt::format("{}: {}", i.campaign->name, rounding));
      }
    for (const auto& [data, facts] : facts_)
      if (!facts.missing.empty())
        all.push_back(
            fmt::format("The costs could not be recomputed ({}): other units of epsilon, "
                        "shots of whole final states and test scores are omitted.",
                        facts.missing));
    if (has(Side::shots))
      all.push_back(
          "Projected figures omit error correction and mitigation, calibration, "
          "compilation and queueing.");
    all.push_back(
        "Joules of simulated circuits are those of the simulation: they say nothing about a "
        "quantum computer and are not comparable with those of classical methods.");
    return all;
  }

  static constexpr const char* enumeration = "full enumeration";

  ComparisonOptions options_;
  std::string problem_;
  std::map<std::string, Facts> facts_;  // by problem and seed
  std::set<std::string> known_;         // method and data
  std::vector<Subject> subjects_;
  std::optional<std::pair<std::string, double>> best_;  // classical method and its ETS99
  std::vector<std::string> break_even_;
};

}  // namespace

Comparison compare(std::span<const CampaignFile> campaigns, const ComparisonOptions& options) {
  return Comparer(campaigns, options).run();
}

}  // namespace qhn
