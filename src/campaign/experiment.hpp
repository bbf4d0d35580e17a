#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "baseline/method.hpp"
#include "campaign/circuit_estimator.hpp"
#include "campaign/energy_log.hpp"
#include "circuit/circuit.hpp"
#include "engine/execution_plan.hpp"
#include "optim/optimizer.hpp"
#include "problem/problem.hpp"
#include "record/stopping.hpp"

namespace qhn {

/// One experiment file, every default filled in.
struct Experiment {
  std::string name;    ///< default: the file's stem
  std::string source;  ///< path of the file
  ProblemOptions problem;
  Family family = Family::linear;
  int sublayers = 6;              ///< or layers × sublayers_per_layer(family)
  std::vector<CustomGate> gates;  ///< family custom
  Noise noise;                    ///< [noise] before it is scaled
  double noise_scale = 1.0;       ///< noise.scale: multiplies all its probabilities
  OptimizerOptions optimizer;     ///< kind: optimizer.name
  ShotOptions shots;              ///< of adam, spsa and qnspsa
  std::vector<Method> methods;    ///< baseline.method, in the order given; empty: all that apply
  BaselineOptions baseline;  ///< of the first of `methods`; `fixed`: the settings of that method
  std::map<Method, Settings> settings;  ///< baseline.METHOD, as given
  std::uint64_t restart_count = 100;    ///< restarts.count, or restarts.max with a rule
  StoppingRule rule;                    ///< restarts.epsilon, .halfwidth, .relative_tts
  std::uint64_t restart_seed = 1;
  bool keep_angles = false;   ///< restarts.keep_angles: store the final angles
  bool keep_history = false;  ///< restarts.keep_history: store all iterates
  bool keep_scores = false;   ///< restarts.keep_scores: store test losses and accuracies
  std::vector<double> epsilons{1e-2, 1e-3, 1e-4, 1e-5};  ///< statistics.epsilon, descending
  EngineKind engine = EngineKind::automatic;             ///< engine.kind
  Precision precision = Precision::float64;              ///< engine.precision
  EnergyOptions energy;                                  ///< [meter] and [carbon]
};

/// Reads `path` and applies `overrides` ("key=value", value in TOML syntax) on top. Throws
/// InputError as "file:line:column: what was found; what is allowed; did you mean …".
Experiment read_experiment(const std::string& path, const std::vector<std::string>& overrides = {});

/// The same for a text, as stored in results; messages give `name` as the file.
Experiment read_experiment_text(const std::string& text, const std::string& name,
                                const std::vector<std::string>& overrides = {});

/// All tables of the experiment as TOML, defaults filled in. Reading it back gives the same.
std::string to_whole_toml(const Experiment& experiment);

/// The experiment as TOML, with all keys that results of `qhn train` depend on. Reading it back
/// gives the same experiment except for [baseline], [meter] and [carbon].
std::string to_toml(const Experiment& experiment);

/// [problem] and [network] alone: what a cost table depends on, besides the data.
std::string to_problem_toml(const Experiment& experiment);

/// The same as to_toml() for `qhn baseline`: with [baseline], without [circuit], [optimizer] and
/// [engine].
std::string to_baseline_toml(const Experiment& experiment);

/// Logs warnings about the problem's data files (stderr). For one rank.
void print_remarks(const Problem& problem);

/// Number of qubits of the experiment's problem. Logs warnings about its data files; reads data
/// only if the options do not determine the number.
int count_qubits(const Experiment& experiment);

/// The experiment's circuit on `qubits` qubits, with its noise. Throws InputError.
Circuit make_circuit(const Experiment& experiment, int qubits);

/// Whether E(θ) is estimated from measured shots; otherwise it is exact. The only place where the
/// optimizer's name decides that.
bool measures_shots(const Experiment& experiment);
/// Whether the optimizer compares states.
bool measures_fidelities(const Experiment& experiment);

/// How to simulate it on `ranks` ranks per state, with one thread.
ExecutionRequest execution_request(const Experiment& experiment, int ranks);

}  // namespace qhn
