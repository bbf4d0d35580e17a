#include "campaign/experiment.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <functional>
#include <limits>
#include <sstream>
#include <type_traits>

#include "campaign/experiment_names.hpp"
#include "core/error.hpp"
#include "core/printable.hpp"
#include "problem/data.hpp"
#include "record/toml_reader.hpp"

namespace qhn {
namespace {

constexpr std::int64_t no_limit = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t int_limit = std::numeric_limits<int>::max();

bool any(double) { return true; }
bool is_open_fraction(double x) { return x > 0 && x < 1; }

bool read_pair(TomlReader& reader, const std::string& key, ValuePair& out) {
  std::vector<double> values;
  if (!reader.read(key, values)) return false;
  if (values.size() != 2 || values[0] == values[1])
    reader.fail(key, fmt::format("found [{}]; allowed: two different numbers, e.g. [-1, 1]",
                                 fmt::join(values, ", ")));
  out = {values[0], values[1]};
  return true;
}

void read_pair(TomlReader& reader, const std::string& key, std::optional<ValuePair>& out) {
  ValuePair pair;
  if (read_pair(reader, key, pair)) out = pair;
}

// Keys without an effect are errors, so that none is ignored silently.
void belong_to(const TomlReader& reader, bool applies, std::initializer_list<const char*> keys,
               const std::string& where) {
  if (applies) return;
  for (const char* key : keys) reader.refuse(key, "allowed only with " + where);
}

void read_problem(TomlReader reader, ProblemOptions& o) {
  reader.read("kind", o.kind, problem_kinds);
  reader.read("data", o.data);
  reader.read("test_data", o.test_data);
  reader.read("test_fraction", o.test_fraction, is_open_fraction,
              "a number between 0 and 1, both excluded");
  reader.read("table", o.table);
  reader.read("qubits", o.qubits, 1, 62);
  reader.read("seed", o.seed, 0, no_limit);
  if (o.kind == ProblemKind::gaussian) {
    reader.read("train_samples", o.train_samples, 1, int_limit);
  } else if (int limit = 0; reader.read("train_samples", limit, 1, int_limit)) {
    o.train_limit = limit;
  }
  reader.read("test_samples", o.test_samples, 1, int_limit);
  std::vector<int> digits;
  if (reader.read("digits", digits, 0, 255)) {
    if (digits.size() != 2 || digits[0] == digits[1])
      reader.fail("digits", fmt::format("found [{}]; allowed: two different digits, e.g. [0, 1]",
                                        fmt::join(digits, ", ")));
    o.digits = {digits[0], digits[1]};
  }
  reader.read("side", o.side, 1, 1024);
  double threshold = 0;
  if (reader.read("binarize", threshold, any, "a number: x becomes 1 where x > binarize, else -1"))
    o.binarize = threshold;
  reader.read("standardize", o.standardize);
  reader.read("split_seed", o.split_seed, 0, no_limit);
  if (reader.is_string("label")) {
    reader.read("label", o.label);
    if (o.label.empty())
      reader.fail("label", "found \"\"; allowed: the name of a column, or its number from 1 on");
  } else {
    reader.read("label", o.label_column, 1, int_limit);
  }
  if (bool header = false; reader.read("header", header)) o.header = header;

  const bool gaussian = o.kind == ProblemKind::gaussian, images = o.kind == ProblemKind::images;
  const bool csv = o.kind == ProblemKind::csv, table = o.kind == ProblemKind::table;
  const bool synthetic = o.kind == ProblemKind::synthetic;
  double target = 0;
  if (reader.read("target", target, any,
                  "a loss: networks of at most this loss count as successes"))
    o.target = target;

  belong_to(reader, gaussian, {"test_samples"}, "kind = \"gaussian\"");
  belong_to(reader, gaussian || images || csv, {"train_samples"},
            "kind = \"gaussian\", \"images\" or \"csv\"");
  belong_to(reader, synthetic, {"qubits"}, "kind = \"synthetic\"");
  belong_to(reader, gaussian || synthetic, {"seed"}, "kind = \"gaussian\" or \"synthetic\"");
  belong_to(reader, images, {"digits", "side"}, "kind = \"images\"");
  belong_to(reader, csv, {"test_data", "test_fraction", "label", "header", "split_seed"},
            "kind = \"csv\"");
  belong_to(reader, o.test_fraction > 0 || o.train_limit, {"split_seed"},
            "test_fraction or train_samples");
  belong_to(reader, table, {"table"}, "kind = \"table\"");
  belong_to(reader, images || csv, {"data", "binarize", "standardize"},
            "kind = \"images\" or \"csv\"");
  if (images) reader.require("data", "allowed: the folder of the IDX files");
  if (csv) reader.require("data", "allowed: the file of the training samples");
  if (synthetic) reader.require("qubits", "allowed: 1 to 62");
  if (table) reader.require("table", "allowed: a file of 2^N costs in table-index order");
  if (reader.has("test_data"))
    reader.refuse("test_fraction", "contradicts test_data; allowed: one of the two");
  reader.finish();
}

void read_network(TomlReader reader, ProblemOptions& o) {
  reader.read("kind", o.network, network_kinds);
  reader.read("hidden", o.hidden, 1, 62);
  if (reader.read("activation", o.activations, activations) &&
      (o.activations.empty() || o.activations.size() > 2 ||
       (o.activations.size() == 2 && o.activations[0] == o.activations[1])))
    reader.fail("activation",
                "allowed: one activation, or an array of two different ones (a choice bit)");
  reader.read("width_choice", o.width_choice);
  if (reader.is_string("pair"))
    reader.read("pair", o.pair_choice, Names<bool>{{"choice", true}});
  else
    read_pair(reader, "pair", o.pair);
  read_pair(reader, "pair_w1", o.pair_w1);
  read_pair(reader, "pair_w2", o.pair_w2);
  read_pair(reader, "pair_b1", o.pair_b1);
  read_pair(reader, "pair_b2", o.pair_b2);

  belong_to(reader, o.network == NetworkKind::mlp,
            {"hidden", "activation", "width_choice", "pair_w2", "pair_b2"}, "kind = \"mlp\"");
  if (o.width_choice && o.hidden < 2)
    reader.fail("width_choice", "a choice between H-1 and H hidden units needs hidden >= 2");
  if (!has_networks(o))
    belong_to(reader, false,
              {"kind", "hidden", "activation", "width_choice", "pair", "pair_w1", "pair_w2",
               "pair_b1", "pair_b2"},
              "problem.kind gaussian, images or csv: tables and synthetic costs have no network");
  reader.finish();
}

void read_circuit(TomlReader reader, Experiment& e) {
  reader.read("family", e.family,
              names_of({Family::product, Family::linear, Family::all_to_all, Family::custom}));
  reader.read("sublayers", e.sublayers, 1, 100000);
  int layers = 0;
  const bool in_layers = reader.read("layers", layers, 1, 100000);
  if (in_layers && reader.has("sublayers"))
    reader.fail("layers", "contradicts circuit.sublayers; allowed: one of the two");

  int number = 0;
  for (TomlReader& entry : reader.tables("gates")) {
    ++number;
    CustomGate gate;
    entry.require("gate", "allowed: CX, CZ, Rx, Ry, Rz or Rzz");
    entry.require("qubits", "allowed: an array of bit numbers, e.g. [0, 1]");
    entry.read("gate", gate.gate);
    entry.read("qubits", gate.qubits, 0, 61);
    if (entry.read("angle", gate.angle) && gate.angle.empty())
      entry.fail("angle", "found \"\"; allowed: the name of an angle");
    entry.read("value", gate.value, any, "the fixed angle in radians");
    if (entry.has("angle") && entry.has("value"))
      entry.fail("value", "contradicts angle; allowed: one of the two");
    const bool rotation = gate.gate.starts_with('R') || gate.gate.starts_with('r');
    if (rotation && !entry.has("angle") && !entry.has("value"))
      entry.fail("gate", fmt::format("gate {}, {}, needs an angle; allowed: angle = \"name\" or "
                                     "value = number",
                                     number, gate.gate));
    if (!rotation) belong_to(entry, false, {"angle", "value"}, "a rotation (Rx, Ry, Rz, Rzz)");
    entry.finish();
    e.gates.push_back(std::move(gate));
  }

  const bool custom = e.family == Family::custom;
  belong_to(reader, custom, {"gates"}, "family = \"custom\"");
  belong_to(reader, !custom, {"sublayers", "layers"}, "family product, linear or all-to-all");
  if (custom && e.gates.empty())
    reader.fail("gates",
                "missing; allowed: an array of tables, e.g. "
                "[{gate = \"Ry\", qubits = [0], angle = \"a\"}]");
  if (in_layers) e.sublayers = layers * sublayers_per_layer(e.family);
  reader.finish();
}

void read_lbfgs(TomlReader& reader, LbfgsOptions& o) {
  reader.read("memory", o.memory, 1, 10000);
  reader.read("gradient_tolerance", o.gradient_tolerance, is_positive, "a positive number");
  reader.read("c1", o.c1, is_open_fraction, "a number between 0 and 1, both excluded");
  reader.read("c2", o.c2, is_open_fraction, "a number between 0 and 1, both excluded");
  if (o.c1 >= o.c2)
    reader.fail("c1", fmt::format("found c1 = {} and c2 = {}; allowed: c1 < c2", o.c1, o.c2));
}

void read_optimizer(TomlReader reader, Experiment& e) {
  OptimizerOptions& o = e.optimizer;
  reader.read("name", o.kind, optimizers);
  const bool lbfgs = o.kind == OptimizerKind::lbfgs, adam = o.kind == OptimizerKind::adam;
  const bool spsa = o.kind == OptimizerKind::spsa;
  read_lbfgs(reader, o.lbfgs);
  reader.read("shots", e.shots.shots, 1, int_limit);
  reader.read("selection_shots", e.shots.selection_shots, 1, int_limit);
  reader.read("gradient", e.shots.gradient, shot_gradients);
  reader.read("learning_rate", o.adam.learning_rate, is_positive, "a positive number");
  reader.read("gain", o.spsa.gain, is_positive, "a positive number");
  reader.read("width", o.spsa.width, is_positive, "a positive number");
  reader.read("max_iterations", lbfgs ? o.lbfgs.max_iterations : o.max_iterations, 1, int_limit);
  belong_to(reader, lbfgs, {"memory", "gradient_tolerance", "c1", "c2"}, "name = \"lbfgs\"");
  belong_to(reader, !lbfgs, {"shots", "selection_shots"}, "name = \"adam\" or \"spsa\"");
  belong_to(reader, adam, {"gradient", "learning_rate"}, "name = \"adam\"");
  belong_to(reader, spsa, {"gain"}, "name = \"spsa\"");
  if (spsa) e.shots.gradient = ShotGradient::spsa;
  belong_to(reader, !lbfgs && e.shots.gradient == ShotGradient::spsa, {"width"},
            "name or gradient = \"spsa\"");
  o.spsa.stability = 0.1 * o.max_iterations;  // Spall's advice (optim/spsa.hpp)
  e.shots.perturbation = o.spsa;
  reader.finish();
}

void read_settings(TomlReader reader, const BaselineOptions& options, Settings& out) {
  for (const SettingRange& range : setting_ranges(options)) {
    double value = 0;
    if (!reader.read(range.name, value, any, "a number")) continue;
    if (value < range.low || value > range.high || (range.whole && value != std::floor(value)))
      reader.fail(range.name,
                  fmt::format("found {}; allowed: {} from {} to {}", value,
                              range.whole ? "a whole number" : "a number", range.low, range.high));
    out[range.name] = value;
  }
  reader.finish();
}

void read_baseline(TomlReader reader, Experiment& e) {
  BaselineOptions& o = e.baseline;
  reader.read("method", e.methods, names_of(all_methods));
  if (!e.methods.empty()) o.method = e.methods.front();
  reader.read("outer", o.outer, names_of({Outer::grid, Outer::random, Outer::halving}));
  reader.read("inner", o.inner,
              names_of({TrainerKind::ste, TrainerKind::proxquant, TrainerKind::signsgd}));
  reader.read("selection", o.selection, names_of({Selection::training, Selection::validation}));
  reader.read("validation_fraction", o.validation_fraction, is_open_fraction,
              "a number between 0 and 1, both excluded");
  belong_to(reader, o.selection == Selection::validation, {"validation_fraction"},
            "selection = \"validation\"");
  reader.read("tuning", o.tuning, 0, no_limit);
  for (const Method method : all_methods) {  // one file serves all methods
    BaselineOptions of_method = o;
    of_method.method = method;
    Settings settings;
    read_settings(reader.table(to_string(method)), of_method, settings);
    if (method == o.method) o.fixed = std::move(settings);
  }
  if (!has_networks(e.problem) && std::any_of(e.methods.begin(), e.methods.end(), trains_networks))
    reader.fail("method",
                "found a method that trains networks, but problem.kind table and synthetic have "
                "none; allowed: "
                "random, descent, annealing, cross-entropy, enumeration");
  reader.finish();
}

bool is_at_least_one(double x) { return x >= 1; }

void read_meter(TomlReader reader, EnergyOptions& o) {
  reader.read("source", o.meter.source,
              names_of({MeterSource::automatic, MeterSource::pm_counters, MeterSource::powercap,
                        MeterSource::slurm, MeterSource::modelled, MeterSource::none}));
  reader.read("pm_counters", o.meter.pm_counters);
  reader.read("powercap", o.meter.powercap);
  if (reader.has("slurm"))
    reader.fail("slurm",
                "an experiment file cannot name a program; allowed: the option --sstat DIR of qhn "
                "train and "
                "qhn baseline (default: sstat on PATH)");
  reader.read("owns_node", o.meter.owns_node);
  reader.read("repeat", o.repeat);
  std::string constants;
  if (reader.read("constants", constants)) o.model = read_cpu_model(constants);
  reader.read("pue", o.pue, is_at_least_one, "a number of at least 1");
  reader.finish();
}

void read_carbon(TomlReader reader, EnergyOptions& o) {
  reader.read("gCO2e_per_kWh", o.grams_per_kwh, is_not_negative, "a number, not negative");
  reader.finish();
}

bool is_above_one(double x) { return x > 1; }

void read_rule(TomlReader& reader, Experiment& e) {
  StoppingRule& rule = e.rule;
  reader.read("halfwidth", rule.halfwidth, is_open_fraction,
              "a number between 0 and 1, both excluded");
  reader.read("relative_tts", rule.relative_tts, is_above_one, "a number above 1");
  reader.read("epsilon", rule.epsilon, is_positive, "a positive number");
  reader.read("max", e.restart_count, 1, no_limit);
  const bool adaptive = reader.has("halfwidth") || reader.has("relative_tts");
  belong_to(reader, adaptive, {"epsilon", "max"}, "restarts.halfwidth or restarts.relative_tts");
  if (!adaptive) return;
  reader.require("epsilon", "the gap of the estimated success probability, e.g. 1e-3");
  reader.require("max", "the largest number of restarts to run");
  if (reader.has("count"))
    reader.fail("count", "contradicts restarts.halfwidth and .relative_tts: use restarts.max");
}

Experiment read_root(const toml::table& root, const std::string& path) {
  Experiment e;
  e.source = path;
  e.name = std::filesystem::path(path).stem().string();
  TomlReader reader(root);
  reader.read("name", e.name);
  if (e.name.empty() || e.name == "." || e.name == ".." || e.name.find('/') != std::string::npos)
    reader.fail("name", fmt::format("found \"{}\"; allowed: a folder name, without '/'", e.name));
  read_problem(reader.table("problem"), e.problem);
  read_network(reader.table("network"), e.problem);
  read_circuit(reader.table("circuit"), e);
  read_optimizer(reader.table("optimizer"), e);
  read_baseline(reader.table("baseline"), e);

  TomlReader restarts = reader.table("restarts");
  restarts.read("count", e.restart_count, 1, no_limit);
  read_rule(restarts, e);
  restarts.read("seed", e.restart_seed, 0, no_limit);
  restarts.read("keep_angles", e.keep_angles);
  restarts.finish();

  TomlReader statistics = reader.table("statistics");
  if (statistics.read("epsilon", e.epsilons)) {
    std::sort(e.epsilons.begin(), e.epsilons.end(), std::greater<>());
    const bool repeated =
        std::adjacent_find(e.epsilons.begin(), e.epsilons.end()) != e.epsilons.end();
    if (e.epsilons.empty() || repeated || !(e.epsilons.back() > 0))
      statistics.fail("epsilon", fmt::format("found [{}]; allowed: different positive numbers",
                                             fmt::join(e.epsilons, ", ")));
  }
  statistics.finish();

  TomlReader engine = reader.table("engine");
  engine.read("kind", e.engine, names_of(engine_kinds()));
  engine.read("precision", e.precision, names_of({Precision::float64, Precision::float32}));
  engine.finish();
  read_meter(reader.table("meter"), e.energy);
  read_carbon(reader.table("carbon"), e.energy);

  reader.finish();
  return e;
}

}  // namespace

Experiment read_experiment(const std::string& path, const std::vector<std::string>& overrides) {
  toml::table root = parse_toml(path, overrides);
  // An override of circuit.sublayers replaces circuit.layers of the file, and vice versa.
  if (toml::table* circuit = root["circuit"].as_table()) {
    const bool sublayers = is_overridden(overrides, "circuit.sublayers");
    const bool layers = is_overridden(overrides, "circuit.layers");
    if (sublayers && !layers) circuit->erase("layers");
    if (layers && !sublayers) circuit->erase("sublayers");
  }

  return read_root(root, path);
}

Experiment read_experiment_text(const std::string& text, const std::string& name) {
  return read_root(parse_toml_text(text, name), name);
}

void print_remarks(const Problem& problem) {
  if (!problem.data()) return;
  for (const std::string& remark : problem.data()->remarks) spdlog::warn("{}", printable(remark));
}

int count_qubits(const Experiment& e) {
  std::vector<std::string> remarks;
  const int bits = network_bits(e.problem, &remarks);
  for (const std::string& remark : remarks) spdlog::warn("{}", printable(remark));
  return bits > 0 ? bits : make_problem(e.problem)->bits();
}

Circuit make_circuit(const Experiment& e, int qubits) {
  try {
    return e.family == Family::custom ? make_custom_circuit(qubits, e.gates)
                                      : make_circuit(e.family, qubits, e.sublayers);
  } catch (const InputError& error) {
    throw InputError(fmt::format("{}: circuit: {}", e.source, error.what()));
  }
}

ExecutionRequest execution_request(const Experiment& e, int ranks) {
  ExecutionRequest request{{e.engine, e.precision}};
  request.shots = e.optimizer.kind != OptimizerKind::lbfgs;
  request.engine.gradient = !request.shots;
  request.ranks = ranks;
  return request;
}

}  // namespace qhn
