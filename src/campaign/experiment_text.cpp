#include <fmt/format.h>
#include <fmt/ranges.h>

#include "campaign/experiment.hpp"
#include "campaign/experiment_names.hpp"
#include "record/toml_reader.hpp"

namespace qhn {
namespace {

std::string quoted(const std::string& text) {
  // No multi-line strings: toml++ loses a line end at their beginning, which TOML does not count.
  const auto flags =
      toml::toml_formatter::default_flags &
      ~(toml::format_flags::allow_literal_strings | toml::format_flags::allow_multi_line_strings);
  const toml::value<std::string> value(text);
  std::ostringstream out;
  out << toml::toml_formatter(value, flags);
  return out.str();
}

std::string to_toml(const ValuePair& pair) { return fmt::format("[{}, {}]", pair[0], pair[1]); }

void write_problem(std::string& out, const ProblemOptions& o) {
  const auto line = [&out](const char* key, const std::string& value) {
    out += fmt::format("{} = {}\n", key, value);
  };
  out += "\n[problem]\n";
  line("kind", quoted(name_of(problem_kinds, o.kind)));
  if (o.target) line("target", fmt::format("{}", *o.target));
  switch (o.kind) {
    case ProblemKind::gaussian:
      line("seed", std::to_string(o.seed));
      line("train_samples", std::to_string(o.train_samples));
      line("test_samples", std::to_string(o.test_samples));
      break;
    case ProblemKind::images:
      line("data", quoted(o.data));
      line("digits", fmt::format("[{}, {}]", o.digits[0], o.digits[1]));
      line("side", std::to_string(o.side));
      break;
    case ProblemKind::csv:
      line("data", quoted(o.data));
      if (!o.test_data.empty()) line("test_data", quoted(o.test_data));
      if (o.test_fraction > 0) line("test_fraction", fmt::format("{}", o.test_fraction));
      if (o.test_fraction > 0 || o.train_limit) line("split_seed", std::to_string(o.split_seed));
      if (o.label_column > 0) line("label", std::to_string(o.label_column));
      if (!o.label.empty()) line("label", quoted(o.label));
      if (o.header) line("header", *o.header ? "true" : "false");
      break;
    case ProblemKind::table:
      line("table", quoted(o.table));
      return;  // no network
    case ProblemKind::synthetic:
      line("qubits", std::to_string(o.qubits));
      line("seed", std::to_string(o.seed));
      return;
  }
  if (o.train_limit) line("train_samples", std::to_string(*o.train_limit));
  if (o.standardize) line("standardize", "true");
  if (o.binarize) line("binarize", fmt::format("{}", *o.binarize));

  out += "\n[network]\n";
  line("kind", quoted(name_of(network_kinds, o.network)));
  const bool mlp = o.network == NetworkKind::mlp;
  if (mlp) {
    line("hidden", std::to_string(o.hidden));
    std::vector<std::string> names;
    for (const Activation a : o.activations) names.push_back(quoted(name_of(activations, a)));
    line("activation", names.size() == 1 ? names[0] : fmt::format("[{}]", fmt::join(names, ", ")));
    line("width_choice", o.width_choice ? "true" : "false");
  }
  line("pair", o.pair_choice ? "\"choice\"" : to_toml(o.pair));
  if (o.pair_w1) line("pair_w1", to_toml(*o.pair_w1));
  if (o.pair_w2) line("pair_w2", to_toml(*o.pair_w2));
  if (o.pair_b1) line("pair_b1", to_toml(*o.pair_b1));
  if (o.pair_b2) line("pair_b2", to_toml(*o.pair_b2));
}

void write_circuit(std::string& out, const Experiment& e) {
  out += fmt::format("\n[circuit]\nfamily = \"{}\"\n", to_string(e.family));
  if (e.family != Family::custom) {
    out += fmt::format("sublayers = {}\n", e.sublayers);
    return;
  }
  out += "gates = [\n";
  for (const CustomGate& g : e.gates) {
    const bool rotation = g.gate.starts_with('R') || g.gate.starts_with('r');
    std::string angle;
    if (rotation)
      angle =
          g.angle.empty() ? fmt::format(", value = {}", g.value) : ", angle = " + quoted(g.angle);
    out += fmt::format("  {{gate = {}, qubits = [{}]{}}},\n", quoted(g.gate),
                       fmt::join(g.qubits, ", "), angle);
  }
  out += "]\n";
}

void write_optimizer(std::string& out, const Experiment& e) {
  const OptimizerOptions& o = e.optimizer;
  out += fmt::format("\n[optimizer]\nname = {}\n", quoted(name_of(optimizers, o.kind)));
  if (o.kind == OptimizerKind::lbfgs) {
    out += fmt::format(
        "memory = {}\ngradient_tolerance = {}\nmax_iterations = {}\nc1 = {}\nc2 = {}\n",
        o.lbfgs.memory, o.lbfgs.gradient_tolerance, o.lbfgs.max_iterations, o.lbfgs.c1, o.lbfgs.c2);
    return;
  }
  out += fmt::format("shots = {}\nselection_shots = {}\nmax_iterations = {}\n", e.shots.shots,
                     e.shots.selection_shots, o.max_iterations);
  if (o.kind == OptimizerKind::adam)
    out += fmt::format("learning_rate = {}\ngradient = {}\n", o.adam.learning_rate,
                       quoted(name_of(shot_gradients, e.shots.gradient)));
  else
    out += fmt::format("gain = {}\n", o.spsa.gain);
  if (e.shots.gradient == ShotGradient::spsa) out += fmt::format("width = {}\n", o.spsa.width);
}

void write_baseline(std::string& out, const BaselineOptions& o) {
  out += fmt::format("\n[baseline]\nmethod = \"{}\"\n", to_string(o.method));
  if (o.method == Method::nested)
    out += fmt::format("outer = \"{}\"\ninner = \"{}\"\n", to_string(o.outer), to_string(o.inner));
  if (trains_networks(o.method)) {
    out += fmt::format("selection = \"{}\"\n", to_string(o.selection));
    if (o.selection == Selection::validation)
      out += fmt::format("validation_fraction = {}\n", o.validation_fraction);
  }
  out += fmt::format("tuning = {}\n", o.tuning);
  if (o.fixed.empty()) return;
  out += fmt::format("\n[baseline.{}]\n", to_string(o.method));
  for (const auto& [name, value] : o.fixed) out += fmt::format("{} = {}\n", name, value);
}

void write_restarts(std::string& out, const Experiment& e) {
  out += "\n[restarts]\n";
  if (e.rule.halfwidth > 0) out += fmt::format("halfwidth = {}\n", e.rule.halfwidth);
  if (e.rule.relative_tts > 0) out += fmt::format("relative_tts = {}\n", e.rule.relative_tts);
  if (e.rule.active()) out += fmt::format("epsilon = {}\n", e.rule.epsilon);
  out += fmt::format("{} = {}\nseed = {}\nkeep_angles = {}\n", e.rule.active() ? "max" : "count",
                     e.restart_count, e.restart_seed, e.keep_angles);
  out += fmt::format("\n[statistics]\nepsilon = [{}]\n", fmt::join(e.epsilons, ", "));
}

}  // namespace

std::string to_toml(const Experiment& e) {
  std::string out = fmt::format("name = {}\n", quoted(e.name));
  write_problem(out, e.problem);
  write_circuit(out, e);
  write_optimizer(out, e);
  write_restarts(out, e);
  out += fmt::format("\n[engine]\nkind = \"{}\"\nprecision = \"{}\"\n", to_string(e.engine),
                     to_string(e.precision));
  return out;
}

std::string to_baseline_toml(const Experiment& e) {
  std::string out = fmt::format("name = {}\n", quoted(e.name));
  write_problem(out, e.problem);
  write_baseline(out, e.baseline);
  write_restarts(out, e);
  return out;
}

}  // namespace qhn
