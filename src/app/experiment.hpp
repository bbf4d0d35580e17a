#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "app/energy.hpp"
#include "baseline/method.hpp"
#include "circuit/circuit.hpp"
#include "farm/shot_restart.hpp"
#include "gradient/engine.hpp"
#include "optim/lbfgs.hpp"
#include "problem/problem.hpp"
#include "record/stopping.hpp"

namespace qhn {

/// lbfgs has exact expectations and gradients, the others see measured bit strings.
enum class OptimizerKind { lbfgs, adam, spsa };

/// One experiment file, every default filled in.
struct Experiment {
  std::string name;    ///< default: the file's stem
  std::string source;  ///< path of the file
  ProblemOptions problem;
  Family family = Family::linear;
  int sublayers = 6;              ///< layers × sublayers_per_layer(family) where layers was given
  std::vector<CustomGate> gates;  ///< family custom
  OptimizerKind optimizer_kind = OptimizerKind::lbfgs;  ///< optimizer.name
  LbfgsOptions optimizer;
  ShotOptions shots;            ///< of adam and spsa
  std::vector<Method> methods;  ///< baseline.method, in the order given; empty: all that fit
  BaselineOptions baseline;     ///< of the first of them: what qhn baseline runs; `fixed` are the
                                ///< settings of its method
  std::uint64_t restart_count = 100;  ///< restarts.count, or restarts.max with a rule
  StoppingRule rule;                  ///< restarts.epsilon, .halfwidth, .relative_tts
  std::uint64_t restart_seed = 1;
  bool keep_angles = false;  ///< restarts.keep_angles: store the final angles
  std::vector<double> epsilons{1e-2, 1e-3, 1e-4, 1e-5};  ///< statistics.epsilon, descending
  EngineKind engine = EngineKind::automatic;             ///< engine.kind
  Precision precision = Precision::float64;              ///< engine.precision
  EnergyOptions energy;                                  ///< [meter] and [carbon]
};

/// Reads `path` and applies `overrides` ("key=value", value in TOML syntax) on top. Throws
/// InputError as "file:line:column: what was found; what is allowed; did you mean …".
Experiment read_experiment(const std::string& path, const std::vector<std::string>& overrides = {});

/// The same from a text, as results keep it; `name` stands for the file in messages.
Experiment read_experiment_text(const std::string& text, const std::string& name);

/// The resolved experiment as TOML, as far as results of `qhn train` depend on it: reading it back
/// gives the same but for [baseline], [meter] and [carbon].
std::string to_toml(const Experiment& experiment);

/// The same for `qhn baseline`: [baseline], but neither circuit nor optimizer nor engine.
std::string to_baseline_toml(const Experiment& experiment);

/// Warns (on stderr) of what there is to say about the problem's data files. For one rank.
void print_remarks(const Problem& problem);

/// Number of qubits of the experiment's problem, and the remarks on its data files. Reads data only
/// where the options do not tell.
int count_qubits(const Experiment& experiment);

/// The experiment's circuit on `qubits` qubits.
Circuit make_circuit(const Experiment& experiment, int qubits);

}  // namespace qhn
