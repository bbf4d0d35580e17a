#include "campaign/experiment.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <filesystem>

#include "campaign/experiment_keys.hpp"
#include "campaign/sweep.hpp"
#include "core/error.hpp"
#include "core/printable.hpp"
#include "problem/data.hpp"
#include "record/toml_reader.hpp"

namespace qhn {
namespace {

// The first condition that makes the key an error where it stands; null: it is allowed.
const KeyCondition* refusal(const KeyTable& table, const ExperimentKey& key, const Experiment& e) {
  const KeyCondition* unmet = unmet_condition(table, key, e);
  return unmet && !unmet->ignored ? unmet : nullptr;
}

// The declarations of a name that read it: the one that applies, or the first if none does.
bool reads(const KeyTable& table, const ExperimentKey& key, const Experiment& e) {
  const ExperimentKey* reader = nullptr;
  for (const ExperimentKey& other : table.keys) {
    if (other.name != key.name) continue;
    if (!refusal(table, other, e)) return &other == &key;
    if (!reader) reader = &other;
  }
  return reader == &key;
}

// Keys without an effect are errors, so that none is ignored silently.
void refuse_keys(const TomlReader& reader, const KeyTable& table, const Experiment& e) {
  for (const ExperimentKey& key : table.keys) {
    if (!reader.has(key.name) || !reads(table, key, e) || !refusal(table, key, e)) continue;
    KeyCondition all = *refusal(table, key, e);
    for (const ExperimentKey& other : table.keys)  // its further declarations
      if (other.name == key.name && &other != &key)
        std::ranges::copy(refusal(table, other, e)->words, std::back_inserter(all.words));
    reader.fail(key.name, "allowed only with " + to_string(all));
  }
}

void read_table(TomlReader& reader, const KeyTable& table, Experiment& e) {
  for (const ExperimentKey& key : table.keys)
    if (reads(table, key, e)) key.type.read(reader, key.name, e);
  refuse_keys(reader, table, e);
  for (const ExperimentKey& key : table.keys)
    if (!key.missing.empty() && !refusal(table, key, e)) reader.require(key.name, key.missing);
  for (const KeyTable& inner : table.tables) {
    TomlReader its = reader.table(inner.name);
    read_table(its, inner, e);
  }
  if (table.finish) table.finish(reader, e);
  reader.finish();
}

Experiment read_root(const toml::table& root, const std::string& path) {
  Experiment e;
  e.source = path;
  e.name = std::filesystem::path(path).stem().string();
  TomlReader reader(root);
  read_table(reader, experiment_keys(), e);
  return e;
}

// `overrides` are in `root` already.
Experiment read_changed(toml::table root, const std::string& path,
                        const std::vector<std::string>& overrides) {
  settle_sweep(root, overrides);
  // An override of circuit.sublayers replaces circuit.layers of the file, and vice versa.
  if (toml::table* circuit = root["circuit"].as_table()) {
    const bool sublayers = is_overridden(overrides, "circuit.sublayers");
    const bool layers = is_overridden(overrides, "circuit.layers");
    if (sublayers && !layers) circuit->erase("layers");
    if (layers && !sublayers) circuit->erase("sublayers");
  }
  return read_root(root, path);
}

}  // namespace

Experiment read_experiment(const std::string& path, const std::vector<std::string>& overrides) {
  return read_changed(parse_toml(path, overrides), path, overrides);
}

Experiment read_experiment_text(const std::string& text, const std::string& name,
                                const std::vector<std::string>& overrides) {
  return read_changed(parse_toml_text(text, name, overrides), name, overrides);
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
    Circuit circuit = e.family == Family::custom ? make_custom_circuit(qubits, e.gates)
                                                 : make_circuit(e.family, qubits, e.sublayers);
    circuit.noise = scaled(e.noise, e.noise_scale);
    const auto pairs = e.noise.readout.size();
    if (pairs > 1 && pairs != static_cast<std::size_t>(qubits))
      throw InputError(
          fmt::format("found {} pairs of noise.readout for {} qubits; allowed: one "
                      "pair for all qubits, or one for each",
                      pairs, qubits));
    return circuit;
  } catch (const InputError& error) {
    throw InputError(fmt::format("{}: circuit: {}", e.source, error.what()));
  }
}

bool measures_shots(const Experiment& e) { return e.optimizer.kind != OptimizerKind::lbfgs; }

bool measures_fidelities(const Experiment& e) { return e.optimizer.kind == OptimizerKind::qnspsa; }

ExecutionRequest execution_request(const Experiment& e, int ranks) {
  ExecutionRequest request{{e.engine, e.precision}};
  request.shots = measures_shots(e);
  request.engine.gradient = !request.shots;
  request.fidelities = measures_fidelities(e);
  request.ranks = ranks;
  request.tables = e.keep_scores ? 2 : 1;
  return request;
}

}  // namespace qhn
