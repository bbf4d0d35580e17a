#include "campaign/experiment_keys.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "campaign/key_types.hpp"

// One function per table of an experiment file. An entry: the key, its type with the member that
// holds the value, its help, then optionally when it applies, an example for a key without default,
// and what is missing if a key that must be given is not.
namespace qhn {

const KeyCondition* unmet_condition(const KeyTable& table, const ExperimentKey& key,
                                    const Experiment& e) {
  for (const auto* conditions : {&key.when, &table.when})
    for (const KeyCondition& condition : *conditions)
      if (!condition.holds(e)) return &condition;
  return nullptr;
}

std::string to_string(const KeyCondition& c) {
  return c.words.empty() ? c.subject : c.subject + " = " + either(c.words);
}

std::string under_heading(const std::string& name, const std::string& lines) {
  return name.empty() ? lines : fmt::format("\n[{}]\n{}", name, lines);
}

namespace {

void finish_file(TomlReader& file, Experiment& e) {
  if (e.name.empty() || e.name == "." || e.name == ".." || e.name.find('/') != std::string::npos)
    file.fail("name", fmt::format("found \"{}\"; allowed: a folder name, without '/'", e.name));
}

void finish_problem(TomlReader& table, Experiment&) {
  if (table.has("test_data"))
    table.refuse("test_fraction", "contradicts test_data; allowed: one of the two");
}

KeyTable problem_table() {
  using P = ProblemOptions;
  using Kind = ProblemKind;
  const Names<Kind> kinds{{"gaussian", Kind::gaussian},
                          {"images", Kind::images},
                          {"csv", Kind::csv},
                          {"table", Kind::table},
                          {"synthetic", Kind::synthetic}};
  const auto kind = [&](const std::vector<Kind>& values) {
    return only_with("kind", &P::kind, kinds, values);
  };
  const KeyCondition gaussian = kind({Kind::gaussian}), images = kind({Kind::images});
  const KeyCondition csv = kind({Kind::csv}), files = kind({Kind::images, Kind::csv});
  const KeyCondition table = kind({Kind::table}), synthetic = kind({Kind::synthetic});
  const auto draws = [](const Experiment& e) {
    return e.problem.test_fraction > 0 || e.problem.train_limit;
  };
  const KeyCondition drawn{draws, "test_fraction or train_samples"};

  KeyTable t{"problem", "The cost of each bit string."};
  t.add("kind", word(&P::kind, kinds),
        "table: costs from a file; synthetic: random costs; else losses of networks on samples");
  t.add("target",
        number(&P::target, any_number("a loss: networks of at most this loss count as successes")),
        "for qhn baseline: gaps count from it, and no table of costs is made", {}, "0.3");
  t.add("seed", integer(&P::seed, 0), "names the data set", {gaussian});
  t.add("train_samples", integer(&P::train_samples, 1, int_limit), "training samples to make",
        {gaussian});
  t.add("test_samples", integer(&P::test_samples, 1, int_limit), "test samples to make",
        {gaussian});
  t.add("data", text(&P::data, "a folder"), "with the IDX files by their usual names, plain or .gz",
        {images}, "\"data/mnist\"", "allowed: the folder of the IDX files");
  t.add("digits", two_digits(), "the classes with labels 0 and 1", {images});
  t.add("side", integer(&P::side, 1, 1024), "images are resized to side x side pixels", {images});
  t.add("data", text(&P::data, "a file"), "the training samples", {csv}, "\"train.csv\"",
        "allowed: the file of the training samples");
  t.add("test_data", text(&P::test_data, "a file", true), "the test samples", {csv},
        "\"test.csv\"");
  t.add("test_fraction", number(&P::test_fraction, open_fraction()),
        "in place of test_data: share of the rows, stratified by class", {csv}, "0.2");
  t.add("split_seed", integer(&P::split_seed, 0),
        "names the rows that test_fraction and train_samples draw", {csv, drawn});
  t.add("label", label_column(), "column of the labels; default: the last", {csv}, "\"label\"");
  t.add("header", boolean(&P::header),
        "whether the first line is a header; default: if it has no number", {csv}, "true");
  t.add("train_samples", integer(&P::train_limit, 1, int_limit),
        "uses the first so many images, or so many rows, stratified by class; default: all",
        {files}, "1000");
  t.add("standardize", only_if_true(&P::standardize),
        "mean 0, deviation 1 by the training samples; constant features: 0; default: false",
        {files}, "true");
  t.add("binarize",
        number(&P::binarize, any_number("a number: x becomes 1 where x > binarize, else -1")),
        "threshold of all features, after standardize", {files}, "0.5");
  t.add("table", text(&P::table, "a file"),
        "2^N numbers in table-index order: text (one a line), HDF5 (dataset costs), or .npy",
        {table}, "\"costs.txt\"", "allowed: a file of 2^N costs in table-index order");
  t.add("qubits", integer(&P::qubits, 1, 62),
        "N of random one- and two-body costs with the variances of mnist-01", {synthetic}, "30",
        "allowed: 1 to 62");
  t.add("seed", integer(&P::seed, 0), "names the costs", {synthetic});
  t.finish = finish_problem;
  return t;
}

void finish_network(TomlReader& table, Experiment& e) {
  const std::vector<Activation>& chosen = e.problem.activations;
  if (chosen.empty() || chosen.size() > 2 || (chosen.size() == 2 && chosen[0] == chosen[1]))
    table.fail("activation",
               "allowed: one activation, or an array of two different ones (a choice bit)");
  if (e.problem.width_choice && e.problem.hidden < 2)
    table.fail("width_choice", "a choice between H-1 and H hidden units needs hidden >= 2");
}

KeyTable network_table() {
  using P = ProblemOptions;
  const Names<NetworkKind> kinds{{"logistic", NetworkKind::logistic}, {"mlp", NetworkKind::mlp}};
  const Names<Activation> activations{{"relu", Activation::relu},
                                      {"sigmoid", Activation::sigmoid},
                                      {"sign", Activation::sign},
                                      {"tanh", Activation::tanh},
                                      {"clamped-relu", Activation::clamped_relu}};
  const KeyCondition mlp = only_with("kind", &P::network, kinds, {NetworkKind::mlp});

  KeyTable t{"network", "The networks that bit strings encode."};
  t.when = {{[](const Experiment& e) { return has_networks(e.problem); },
             "problem.kind gaussian, images or csv: tables and synthetic costs have no network"}};
  t.add("kind", word(&P::network, kinds), "logistic regression, or one hidden layer");
  t.add("hidden", integer(&P::hidden, 1, 62), "H, the number of hidden units", {mlp});
  t.add("activation", words(&P::activations, activations), "one: fixed; two: a bit chooses", {mlp});
  t.add("width_choice", boolean(&P::width_choice), "a bit chooses H-1 or H hidden units", {mlp});
  t.add("pair", pair_or_choice(),
        "values of weight bits 0 and 1; \"choice\": two bits choose the pair");
  t.add("pair_w1", pair_of_values(&P::pair_w1), "the pair of W1 (logistic: W); default: pair", {},
        "[-1, 1]");
  t.add("pair_w2", pair_of_values(&P::pair_w2), "the pair of W2; default: pair", {mlp}, "[-1, 1]");
  t.add("pair_b1", pair_of_values(&P::pair_b1), "the pair of b1 (logistic: b); default: pair", {},
        "[0, 1]");
  t.add("pair_b2", pair_of_values(&P::pair_b2), "the pair of b2; default: pair", {mlp}, "[0, 1]");
  t.finish = finish_network;
  return t;
}

void finish_circuit(TomlReader& table, Experiment& e) {
  if (table.has("layers") && table.has("sublayers"))
    table.fail("layers", "contradicts circuit.sublayers; allowed: one of the two");
  if (e.family == Family::custom && e.gates.empty())
    table.fail("gates",
               "missing; allowed: an array of tables, e.g. "
               "[{gate = \"Ry\", qubits = [0], angle = \"a\"}]");
}

KeyTable circuit_table() {
  const auto families = names_of(circuit_families());
  const KeyCondition custom = only_with("family", &Experiment::family, families, {Family::custom});
  const KeyCondition regular{[](const Experiment& e) { return e.family != Family::custom; },
                             "family product, linear or all-to-all"};

  KeyTable t{"circuit", "The circuit that is trained."};
  t.add("family", word(&Experiment::family, families), "which qubits a sublayer entangles");
  t.add("sublayers", integer(&Experiment::sublayers, 1, most_sublayers), "depth", {regular});
  t.add("layers", layers(), "in place of sublayers: a layer of linear is two sublayers", {regular},
        "3");
  t.add("gates", custom_gates(),
        "CX, CZ, Rx, Ry, Rz, Rzz in order; gates with one angle name share that angle", {custom},
        "[{gate = \"Ry\", qubits = [0], angle = \"a\"}, {gate = \"CX\", qubits = [0, 1]}]");
  t.finish = finish_circuit;
  return t;
}

void finish_noise(TomlReader& table, Experiment& e) {
  if (e.noise_scale * e.noise.largest() > 1.0)
    table.fail("scale", fmt::format("found {} times {}; allowed: products of at most 1",
                                    e.noise_scale, e.noise.largest()));
}

KeyTable noise_table() {
  const NumberRange probability{[](double x) { return x >= 0 && x <= 1; }, "a number from 0 to 1"};
  KeyTable t{
      "noise",
      "A channel after every gate, on its qubits, and readout errors. E(\u03b8) stays exact."};
  t.add("kind", word(&Noise::kind, names_of(noise_kinds())), "the channel (docs/theory.md)");
  t.add("one_qubit", number(&Noise::one_qubit, probability),
        "its probability after gates of one qubit; of amplitude-damping its rate");
  t.add("two_qubit", number(&Noise::two_qubit, probability), "the same after gates of two qubits");
  t.add("readout", readout_errors(), "errors of the readout: of all qubits, or of each from 0 on",
        {}, "[0.01, 0.03]");
  t.add("scale", number(&Experiment::noise_scale, {is_not_negative, "a number, not negative"}),
        "multiplies all of these");
  t.finish = finish_noise;
  return t;
}

void finish_optimizer(TomlReader& table, Experiment& e) {
  OptimizerOptions& o = e.optimizer;
  if (o.lbfgs.c1 >= o.lbfgs.c2)
    table.fail("c1",
               fmt::format("found c1 = {} and c2 = {}; allowed: c1 < c2", o.lbfgs.c1, o.lbfgs.c2));
  if (o.kind == OptimizerKind::spsa || o.kind == OptimizerKind::qnspsa)
    e.shots.gradient = ShotGradient::spsa;
  o.spsa.stability = 0.1 * o.max_iterations;  // Spall's advice (optim/spsa.hpp)
  e.shots.perturbation = o.spsa;
  if (o.kind == OptimizerKind::qnspsa) e.shots.perturbation = {.width = o.qnspsa.width, .gamma = 0};
}

KeyTable optimizer_table() {
  using Kind = OptimizerKind;
  const auto names = names_of({Kind::lbfgs, Kind::adam, Kind::spsa, Kind::qnspsa});
  const Names<ShotGradient> gradients{{"shift", ShotGradient::shift}, {"spsa", ShotGradient::spsa}};
  const auto name = [&](const std::vector<Kind>& values) {
    return only_with("name", &OptimizerOptions::kind, names, values);
  };
  const KeyCondition lbfgs = name({Kind::lbfgs}), adam = name({Kind::adam});
  const KeyCondition spsa = name({Kind::spsa}), qnspsa = name({Kind::qnspsa});
  const KeyCondition measured = name({Kind::adam, Kind::spsa, Kind::qnspsa});
  const auto perturbs = [](const Experiment& e) {
    const Kind kind = e.optimizer.kind;
    return kind == Kind::spsa || (kind == Kind::adam && e.shots.gradient == ShotGradient::spsa);
  };
  const KeyCondition perturbed{perturbs, "name or gradient", {"spsa"}};

  KeyTable t{"optimizer", "How angles are trained."};
  t.add("name", word(&OptimizerOptions::kind, names),
        "lbfgs: exact gradients; adam, spsa, qnspsa: measured shots");
  t.add("memory", integer(&LbfgsOptions::memory, 1, 10000),
        "pairs of steps and gradients that it keeps", {lbfgs});
  t.add("gradient_tolerance", number(&LbfgsOptions::gradient_tolerance, positive_number()),
        "stops once the 2-norm of the gradient is at most this", {lbfgs});
  t.add("max_iterations", integer(&LbfgsOptions::max_iterations, 1, int_limit),
        "stops after so many at the latest", {lbfgs});
  t.add("c1", number(&LbfgsOptions::c1, open_fraction()), "sufficient decrease in the line search",
        {lbfgs});
  t.add("c2", number(&LbfgsOptions::c2, open_fraction()), "curvature in the line search", {lbfgs});
  t.add("shots", integer(&ShotOptions::shots, 1, int_limit), "measurements of each circuit",
        {measured});
  t.add("selection_shots", integer(&ShotOptions::selection_shots, 1, int_limit),
        "measurements of the final state; the best network among them is returned", {measured});
  t.add("max_iterations", integer(&OptimizerOptions::max_iterations, 1, int_limit),
        "stops after so many", {measured});
  t.add("learning_rate", number(&AdamOptions::learning_rate, positive_number()), "step size",
        {adam});
  t.add("gradient", word(&ShotOptions::gradient, gradients),
        "parameter shift, or the estimate of SPSA", {adam});
  t.add("gain", number(&SpsaOptions::gain, positive_number()), "step size at the beginning",
        {spsa});
  t.add("width", number(&SpsaOptions::width, positive_number()), "perturbation at the beginning",
        {perturbed});
  t.add("learning_rate", number(&QnSpsaOptions::learning_rate, positive_number()), "step size",
        {qnspsa});
  t.add("width", number(&QnSpsaOptions::width, positive_number()), "perturbation", {qnspsa});
  t.add("regularization", number(&QnSpsaOptions::regularization, positive_number()),
        "is added to the metric", {qnspsa});
  t.add("fidelity_shots", integer(&ShotOptions::fidelity_shots, 0, int_limit),
        "measurements of each of four fidelities a step; 0: exact", {qnspsa});
  t.add("blocking", boolean(&QnSpsaOptions::blocking),
        "refuses steps that raise E by more than two standard deviations", {qnspsa});
  t.finish = finish_optimizer;
  return t;
}

void finish_baseline(TomlReader& table, Experiment& e) {
  if (!e.methods.empty()) e.baseline.method = e.methods.front();
  e.baseline.fixed = e.settings[e.baseline.method];
  if (!has_networks(e.problem) && std::any_of(e.methods.begin(), e.methods.end(), trains_networks))
    table.fail("method",
               "found a method that trains networks, but problem.kind table and synthetic have "
               "none; allowed: random, descent, annealing, cross-entropy, enumeration");
}

// One file may hold the settings of all methods.
KeyTable method_table(Method method) {
  BaselineOptions options;
  options.method = method;
  std::vector<SettingRange> ranges = setting_ranges(options);
  std::ranges::sort(ranges, {}, &SettingRange::name);  // the order of Settings
  KeyTable t{to_string(method), "Settings that are not to be tuned."};
  for (const SettingRange& range : ranges)
    t.add(range.name, method_setting(method, range),
          range.values.empty() ? fmt::format("default: {}", range.fallback)
                               : fmt::format("default: tuned over {}; without tuning: {}",
                                             fmt::join(range.values, ", "), range.fallback),
          {}, fmt::format("{}", range.fallback));
  return t;
}

KeyTable baseline_table() {
  using B = BaselineOptions;
  const auto runs = [](bool (*meant)(Method)) {
    return [meant](const Experiment& e) {
      return e.methods.empty() ? has_networks(e.problem)
                               : std::any_of(e.methods.begin(), e.methods.end(), meant);
    };
  };
  const auto is_nested = [](Method method) { return method == Method::nested; };
  const KeyCondition nested{runs(is_nested), "method", {"nested"}, true};
  const KeyCondition trained{runs(trains_networks), "a method that trains networks", {}, true};
  const auto selections = names_of({Selection::training, Selection::validation});
  const KeyCondition validation =
      only_with("selection", &B::selection, selections, {Selection::validation});
  const auto outer = names_of({Outer::grid, Outer::random, Outer::halving});
  const auto inner = names_of({TrainerKind::ste, TrainerKind::proxquant, TrainerKind::signsgd});

  KeyTable t{"baseline", "The classical methods of qhn baseline."};
  t.add("method", words(&Experiment::methods, names_of(all_methods)),
        "what to run; default: all that suit the problem", {}, "\"annealing\"");
  t.add("outer", word(&B::outer, outer), "search over choices and settings", {nested});
  t.add("inner", word(&B::inner, inner), "training of a network", {nested});
  t.add("selection", word(&B::selection, selections),
        "samples by whose loss a trained network is chosen", {trained});
  t.add("validation_fraction", number(&B::validation_fraction, open_fraction()),
        "share of the training samples, the last ones, that chooses and trains nothing",
        {validation, trained});
  t.add("tuning", integer(&B::tuning, 0), "evaluations of the loss for choosing settings; 0: none");
  for (const Method method : all_methods) t.tables.push_back(method_table(method));
  t.finish = finish_baseline;
  return t;
}

void finish_restarts(TomlReader& table, Experiment& e) {
  if (e.rule.active() && table.has("count"))
    table.fail("count", "contradicts restarts.halfwidth and .relative_tts: use restarts.max");
  if (e.keep_scores && !has_networks(e.problem))
    table.fail("keep_scores",
               "found true, but problem.kind table and synthetic have no test samples; allowed: "
               "gaussian, images, or csv with test samples");
  const ProblemOptions& p = e.problem;
  if (e.keep_scores && p.kind == ProblemKind::csv && p.test_data.empty() && p.test_fraction == 0.0)
    table.fail(
        "keep_scores",
        "found true, but the problem has no test samples; allowed: with problem.test_data or "
        "problem.test_fraction");
  constexpr int most_iterates = 10'000'000;  // 200 MB; a frame of the journal holds twice as many
  const int iterations = e.optimizer.kind == OptimizerKind::lbfgs ? e.optimizer.lbfgs.max_iterations
                                                                  : e.optimizer.max_iterations;
  if (e.keep_history && iterations > most_iterates)
    table.fail("keep_history",
               fmt::format("found true with optimizer.max_iterations = {}; allowed: up to {}",
                           iterations, most_iterates));
}

KeyTable restarts_table() {
  const auto has_rule = [](const Experiment& e) {
    return e.rule.halfwidth > 0 || e.rule.relative_tts > 0;
  };
  const auto has_count = [=](const Experiment& e) { return !has_rule(e); };
  const KeyCondition ruled{has_rule, "restarts.halfwidth or restarts.relative_tts"};
  const KeyCondition counted{has_count, "neither halfwidth nor relative_tts", {}, true};
  const NumberRange above_one{[](double x) { return x > 1; }, "a number above 1"};

  KeyTable t{"restarts", "Restart k starts from random angles named by (seed, k)."};
  t.add("count", integer(&Experiment::restart_count, 1), "number of restarts", {counted});
  t.add("halfwidth", number(&StoppingRule::halfwidth, open_fraction()),
        "in place of count: until the 95 % interval of P(gap < epsilon) is +- this", {}, "0.02");
  t.add("relative_tts", number(&StoppingRule::relative_tts, above_one),
        "or: until upper / lower end of the time to solution is at most this", {}, "1.5");
  t.add("epsilon", number(&StoppingRule::epsilon, positive_number()), "the gap", {ruled}, "1e-3",
        "the gap of the estimated success probability, e.g. 1e-3");
  t.add("max", integer(&Experiment::restart_count, 1), "at most so many restarts", {ruled}, "10000",
        "the largest number of restarts to run");
  t.add("seed", integer(&Experiment::restart_seed, 0), "names the random angles");
  t.add("keep_angles", boolean(&Experiment::keep_angles), "stores the final angles");
  t.add("keep_history", boolean(&Experiment::keep_history),
        "stores E, its gradient's norm, the step and the evaluations of every iteration");
  t.add("keep_scores", boolean(&Experiment::keep_scores),
        "stores E on the test samples, and test loss and accuracies of the network returned; "
        "doubles the memory");
  t.finish = finish_restarts;
  return t;
}

KeyTable statistics_table() {
  KeyTable t{"statistics", "What counts as success."};
  t.add("epsilon", descending_epsilons(), "success: expectation - minimum < epsilon, for each");
  return t;
}

KeyTable engine_table() {
  using E = Experiment;
  const auto kinds = names_of(engine_kinds());
  KeyTable t{"engine", "How expectations and gradients are computed."};
  t.add("kind", word(&E::engine, kinds),
        "automatic: cut or sweep, by operations and memory; tensor with noise");
  t.add("precision", word(&E::precision, names_of({Precision::float64, Precision::float32})),
        "numbers of the amplitudes");
  return t;
}

void finish_meter(TomlReader& table, Experiment& e) {
  table.refuse("slurm",
               "an experiment file cannot name a program; allowed: the option --sstat DIR of qhn "
               "train and qhn baseline (default: sstat on PATH)");
  if (table.has("constants")) e.energy.model = read_cpu_model(e.energy.constants);
}

KeyTable meter_table() {
  const auto sources =
      names_of({MeterSource::automatic, MeterSource::pm_counters, MeterSource::powercap,
                MeterSource::slurm, MeterSource::modelled, MeterSource::none});
  const NumberRange at_least_one{[](double x) { return x >= 1; }, "a number of at least 1"};

  KeyTable t{"meter", "How joules are measured. No result depends on it."};
  t.add("source", word(&MeterOptions::source, sources), "automatic: the first that can be read");
  t.add("pm_counters", text(&MeterOptions::pm_counters, "a folder"), "its root folder");
  t.add("powercap", text(&MeterOptions::powercap, "a folder"), "its root folder");
  t.add("owns_node", boolean(&MeterOptions::owns_node), "no other job works on the nodes");
  t.add("repeat", boolean(&EnergyOptions::repeat),
        "runs phases again that are too short to know their joules to 1 %");
  t.add("constants", text(&EnergyOptions::constants, "a file", true),
        "constants of modelled joules; default: those of jobs/energy/cpu.toml", {},
        "\"jobs/energy/cpu.toml\"");
  t.add("pue", number(&EnergyOptions::pue, at_least_one), "power usage effectiveness of the site");
  t.finish = finish_meter;
  return t;
}

KeyTable carbon_table() {
  KeyTable t{"carbon", "With it, qhn stats prints CO2 equivalents."};
  t.add("gCO2e_per_kWh",
        number(&EnergyOptions::grams_per_kwh, {is_not_negative, "a number, not negative"}),
        "of the electricity", {}, "40");
  return t;
}

KeyTable file_table() {
  KeyTable t{"", "These stand before the first table."};
  t.add("name", text(&Experiment::name, "the name of a folder", true),
        "the campaign, and its folder in results/; default: the name of the file", {}, "\"mine\"");
  t.tables = {problem_table(),   network_table(),  circuit_table(),  noise_table(),
              optimizer_table(), baseline_table(), restarts_table(), statistics_table(),
              engine_table(),    meter_table(),    carbon_table()};
  t.finish = finish_file;
  return t;
}

}  // namespace

const KeyTable& experiment_keys() {
  static const KeyTable file = file_table();
  return file;
}

}  // namespace qhn
