#include <gtest/gtest.h>

#include <filesystem>

#include "../record/temporary_folder.hpp"
#include "campaign/experiment.hpp"
#include "campaign/experiment_keys.hpp"
#include "campaign/sweep.hpp"
#include "core/error.hpp"

namespace qhn {
namespace {

Experiment read_text(const std::string& text, const std::vector<std::string>& overrides = {}) {
  const TemporaryFolder folder;
  return read_experiment(folder.write("e.toml", text), overrides);
}

// The complaint about an experiment, without the folder.
std::string complaint(const std::string& text, const std::vector<std::string>& overrides = {}) {
  const TemporaryFolder folder;
  const std::string file = folder.write("e.toml", text);
  std::string message = message_of<InputError>([&] { read_experiment(file, overrides); });
  if (message.starts_with(file)) message = message.substr(file.size() - 6);
  return message;
}

TEST(Experiment, EmptyFileMeansTheDefaults) {
  const Experiment e = read_text("");
  const Experiment defaults;
  EXPECT_EQ(e.name, "e");
  EXPECT_EQ(e.problem.kind, defaults.problem.kind);
  EXPECT_EQ(e.problem.hidden, defaults.problem.hidden);
  EXPECT_EQ(e.problem.activations, defaults.problem.activations);
  EXPECT_EQ(e.sublayers, defaults.sublayers);
  EXPECT_EQ(e.epsilons, defaults.epsilons);
  EXPECT_EQ(e.restart_count, defaults.restart_count);
  EXPECT_EQ(e.optimizer.lbfgs.c1, 0.1);
}

TEST(Experiment, ReadsEveryKey) {
  const Experiment e = read_text(R"(
name = "mine"
[problem]
kind = "csv"
data = "a.csv"
test_fraction = 0.25
split_seed = 3
train_samples = 50
label = "kind"
header = true
standardize = true
binarize = 0.5
[network]
kind = "mlp"
hidden = 2
activation = "tanh"
width_choice = true
pair = [0, 1]
pair_w1 = [-3, 1]
pair_w2 = [-2, 1]
pair_b1 = [-1, 2.5]
pair_b2 = [1, -1]
[circuit]
family = "linear"
layers = 3
[noise]
kind = "phase-flip"
one_qubit = 0.001
two_qubit = 0.25
readout = [[0.01, 0.02], [0.1, 0], [0, 0.5], [0, 0]]
scale = 2
[optimizer]
memory = 5
gradient_tolerance = 1e-8
max_iterations = 20
c1 = 0.01
c2 = 0.8
[restarts]
count = 7
seed = 9
keep_angles = true
[statistics]
epsilon = [1e-5, 0.1]
[engine]
kind = "tensor"
precision = "float64"
)");
  EXPECT_EQ(e.name, "mine");
  EXPECT_EQ(e.problem.kind, ProblemKind::csv);
  EXPECT_EQ(e.problem.data, "a.csv");
  EXPECT_EQ(e.problem.test_fraction, 0.25);
  EXPECT_EQ(e.problem.split_seed, 3u);
  EXPECT_EQ(e.problem.train_limit, 50);
  EXPECT_EQ(e.problem.label, "kind");
  EXPECT_EQ(e.problem.header, true);
  EXPECT_TRUE(e.problem.standardize);
  EXPECT_EQ(e.problem.binarize, 0.5);
  EXPECT_EQ(e.problem.hidden, 2);
  EXPECT_EQ(e.problem.activations, std::vector{Activation::tanh});
  EXPECT_TRUE(e.problem.width_choice);
  EXPECT_EQ(e.problem.pair, (ValuePair{0, 1}));
  EXPECT_EQ(e.problem.pair_w1, (ValuePair{-3, 1}));
  EXPECT_EQ(e.problem.pair_w2, (ValuePair{-2, 1}));
  EXPECT_EQ(e.problem.pair_b1, (ValuePair{-1, 2.5}));
  EXPECT_EQ(e.problem.pair_b2, (ValuePair{1, -1}));
  EXPECT_EQ(e.sublayers, 6);
  EXPECT_EQ(e.noise.kind, NoiseKind::phase_flip);
  const Circuit circuit = make_circuit(e, 4);
  EXPECT_EQ(circuit.noise.one_qubit, 0.002);
  EXPECT_EQ(circuit.noise.two_qubit, 0.5);
  EXPECT_EQ(circuit.noise.readout_of(0).zero_for_one, 0.04);
  EXPECT_EQ(circuit.noise.readout_of(1).one_for_zero, 0.2);
  EXPECT_EQ(circuit.noise.readout_of(2).zero_for_one, 1.0);
  EXPECT_EQ(e.optimizer.lbfgs.memory, 5);
  EXPECT_EQ(e.optimizer.lbfgs.gradient_tolerance, 1e-8);
  EXPECT_EQ(e.optimizer.lbfgs.max_iterations, 20);
  EXPECT_EQ(e.optimizer.lbfgs.c1, 0.01);
  EXPECT_EQ(e.optimizer.lbfgs.c2, 0.8);
  EXPECT_EQ(e.restart_count, 7u);
  EXPECT_EQ(e.restart_seed, 9u);
  EXPECT_TRUE(e.keep_angles);
  EXPECT_EQ(e.epsilons, (std::vector{0.1, 1e-5}));  // descending
  EXPECT_EQ(e.engine, EngineKind::tensor);
  EXPECT_EQ(e.precision, Precision::float64);
}

TEST(Experiment, NoiseIsRefusedWhereItCannotBe) {
  const std::string noisy = "[noise]\ntwo_qubit = 0.1\n";
  EXPECT_NE(complaint("[noise]\none_qubit = 1.5\n").find("allowed: a number from 0 to 1"),
            std::string::npos);
  EXPECT_NE(complaint("[noise]\none_qubit = nan\n"), "");
  EXPECT_NE(complaint(noisy + "scale = 11\n").find("allowed: products of at most 1"),
            std::string::npos);
  for (const std::string readout : {"0.1", "[]", "[0.1]", "[0.1, 2]", "[0.1, -0.1]", "[0.1, nan]",
                                    "[[0.1, 0.2], 0.3]", "[\"a\", \"b\"]", "[[0.1], [0.1]]"})
    EXPECT_NE(complaint("[noise]\nreadout = " + readout + "\n").find("noise.readout"),
              std::string::npos)
        << readout;
  const Experiment e = read_text("[problem]\nkind = \"gaussian\"\n[noise]\nreadout = [0.1, 0.2]\n");
  EXPECT_EQ(make_circuit(e, 30).noise.readout_of(29).zero_for_one, 0.2);
  EXPECT_NE(to_toml(e).find("readout = [0.1, 0.2]\n"), std::string::npos);
  const Experiment three = read_text("[noise]\nreadout = [[0, 0.1], [0, 0], [0, 0]]\n");
  EXPECT_EQ(read_text(to_toml(three)).noise.readout.size(), 3u);
  try {
    make_circuit(three, 4);
    FAIL() << "three pairs for four qubits";
  } catch (const InputError& error) {
    EXPECT_NE(std::string(error.what()).find("3 pairs of noise.readout for 4 qubits"),
              std::string::npos);
  }
  EXPECT_NE(complaint(noisy + "kind = \"pink\"\n").find("phase-flip, amplitude-damping"),
            std::string::npos);
}

TEST(Experiment, ReadsImagesAndTables) {
  const Experiment images = read_text(
      "[problem]\nkind = \"images\"\ndata = \"d\"\ndigits = [3, 7]\nside = 8\n"
      "[network]\nkind = \"logistic\"\npair = \"choice\"\n");
  EXPECT_EQ(images.problem.digits, (std::array{3, 7}));
  EXPECT_EQ(images.problem.side, 8);
  EXPECT_TRUE(images.problem.pair_choice);
  const Experiment table = read_text("[problem]\nkind = \"table\"\ntable = \"costs.txt\"\n");
  EXPECT_EQ(table.problem.table, "costs.txt");
  const Experiment synthetic =
      read_text("[problem]\nkind = \"synthetic\"\nqubits = 40\nseed = 3\n");
  EXPECT_EQ(count_qubits(synthetic), 40);
  EXPECT_EQ(to_toml(read_text(to_toml(synthetic))), to_toml(synthetic));
}

TEST(Experiment, ReadsCustomCircuits) {
  const Experiment e = read_text(R"(
[circuit]
family = "custom"
gates = [ {gate = "Ry", qubits = [0], angle = "a"}, {gate = "CX", qubits = [0, 1]},
          {gate = "rzz", qubits = [1, 0], value = 0.3} ]
)");
  ASSERT_EQ(e.gates.size(), 3u);
  EXPECT_EQ(e.gates[0].angle, "a");
  EXPECT_EQ(e.gates[1].qubits, (std::vector{0, 1}));
  EXPECT_EQ(e.gates[2].value, 0.3);
  const Circuit circuit = make_circuit(e, 2);
  EXPECT_EQ(circuit.angles, 1);
  EXPECT_EQ(circuit.gates.size(), 3u);
}

TEST(Experiment, LayersCountSublayersOfTheFamily) {
  EXPECT_EQ(read_text("[circuit]\nlayers = 2\n").sublayers, 4);
  EXPECT_EQ(read_text("[circuit]\nfamily = \"product\"\nlayers = 2\n").sublayers, 2);
  EXPECT_EQ(read_text("[circuit]\nfamily = \"all-to-all\"\nlayers = 2\n").sublayers, 2);
  EXPECT_EQ(read_text("[circuit]\nlayers = 50000\n").sublayers, 100000);
  EXPECT_EQ(complaint("", {"circuit.layers=50001"}),
            "--set circuit.layers=50001: circuit.layers: found 50001; allowed: an integer from 1 "
            "to 50000");
}

TEST(Experiment, AnOverrideOfTheDepthReplacesEitherKey) {
  EXPECT_EQ(read_text("[circuit]\nlayers = 2\n", {"circuit.sublayers=5"}).sublayers, 5);
  EXPECT_EQ(read_text("[circuit]\nsublayers = 5\n", {"circuit.layers=2"}).sublayers, 4);
  EXPECT_EQ(complaint("", {"circuit.layers=2", "circuit.sublayers=4"}),
            "--set circuit.layers=2: circuit.layers: contradicts circuit.sublayers; allowed: one "
            "of the two");
}

TEST(Experiment, OverridesWin) {
  const Experiment e = read_text("[restarts]\ncount = 7\n",
                                 {"restarts.count=5", "circuit.family=all-to-all", "name=x"});
  EXPECT_EQ(e.restart_count, 5u);
  EXPECT_EQ(e.family, Family::all_to_all);
  EXPECT_EQ(e.name, "x");
}

TEST(Experiment, RefusesContradictionsAndIgnoredKeys) {
  EXPECT_EQ(complaint("[circuit]\nsublayers = 4\nlayers = 2\n"),
            "e.toml:3:10: circuit.layers: contradicts circuit.sublayers; allowed: one of the two");
  EXPECT_EQ(complaint("[restarts]\ncount = 0\n"),
            "e.toml:2:9: restarts.count: found 0; allowed: an integer of at least 1");
  EXPECT_EQ(complaint("[problem]\ndigits = [0, 1]\n"),
            "e.toml:2:10: problem.digits: allowed only with kind = \"images\"");
  EXPECT_EQ(complaint("[problem]\nkind = \"images\"\n"),
            "e.toml:1:1: problem.data: missing; allowed: the folder of the IDX files");
  EXPECT_EQ(complaint("[problem]\nkind = \"csv\"\ndata = \"a\"\ntest_data = \"b\"\n"
                      "test_fraction = 0.5\n"),
            "e.toml:5:17: problem.test_fraction: contradicts test_data; allowed: one of the two");
  EXPECT_EQ(complaint("[network]\nkind = \"logistic\"\nhidden = 3\n"),
            "e.toml:3:10: network.hidden: allowed only with kind = \"mlp\"");
  EXPECT_EQ(complaint("[network]\nhidden = 1\nwidth_choice = true\n"),
            "e.toml:3:16: network.width_choice: a choice between H-1 and H hidden units needs "
            "hidden >= 2");
  EXPECT_EQ(complaint("[problem]\nkind = \"table\"\ntable = \"t\"\n[network]\nhidden = 3\n"),
            "e.toml:5:10: network.hidden: allowed only with problem.kind gaussian, images or csv: "
            "tables and synthetic costs have no network");
  EXPECT_EQ(complaint("[problem]\nkind = \"synthetic\"\n"),
            "e.toml:1:1: problem.qubits: missing; allowed: 1 to 62");
  EXPECT_EQ(complaint("[problem]\nqubits = 20\n"),
            "e.toml:2:10: problem.qubits: allowed only with kind = \"synthetic\"");
  EXPECT_EQ(complaint("[optimizer]\nc1 = 0.95\n"),
            "e.toml:2:6: optimizer.c1: found c1 = 0.95 and c2 = 0.9; allowed: c1 < c2");
  EXPECT_EQ(complaint("[statistics]\nepsilon = []\n"),
            "e.toml:2:11: statistics.epsilon: found []; allowed: different positive numbers");
  EXPECT_EQ(
      complaint("[statistics]\nepsilon = [1e-3, 0]\n"),
      "e.toml:2:11: statistics.epsilon: found [0.001, 0]; allowed: different positive numbers");
  EXPECT_EQ(complaint("name = \"a/b\"\n"),
            "e.toml:1:8: name: found \"a/b\"; allowed: a folder name, without '/'");
}

TEST(Experiment, KeysOfFilesAreInTheResolvedExperimentOnlyWhereTheyAreGiven) {
  const std::string csv = "[problem]\nkind = \"csv\"\ndata = \"d\"\n";
  const std::string plain = to_toml(read_text(csv));
  for (const char* key : {"split_seed", "label", "header", "train_samples", "standardize"})
    EXPECT_EQ(plain.find(key), std::string::npos) << key;
  for (const char* line :
       {"label = 2", "label = \"a\"", "header = false", "train_samples = 9", "standardize = true"})
    EXPECT_NE(to_toml(read_text(csv + line)).find(line), std::string::npos) << line;
  // What decides about the data is in the identity.
  EXPECT_NE(to_toml(read_text(csv + "test_fraction = 0.2")).find("split_seed = 1\n"),
            std::string::npos);
  EXPECT_EQ(complaint(csv + "split_seed = 2\n"),
            "e.toml:4:14: problem.split_seed: allowed only with test_fraction or train_samples");
  EXPECT_EQ(complaint(csv + "label = 0\n"),
            "e.toml:4:9: problem.label: found 0; allowed: an integer from 1 to 2147483647");
  EXPECT_EQ(complaint(csv + "label = \"\"\n"),
            "e.toml:4:9: problem.label: found \"\"; allowed: the name of a column, or its number "
            "from 1 on");
  EXPECT_EQ(complaint("[problem]\nstandardize = true\n"),
            "e.toml:2:15: problem.standardize: allowed only with kind = \"images\" or \"csv\"");
}

TEST(Experiment, RefusesWrongValuesOfNetworkAndData) {
  EXPECT_EQ(complaint("[network]\npair = [1, 1]\n"),
            "e.toml:2:8: network.pair: found [1, 1]; allowed: two different numbers, e.g. [-1, 1]");
  EXPECT_EQ(complaint("[network]\npair = \"chosen\"\n"),
            "e.toml:2:8: network.pair: found \"chosen\"; allowed: choice");
  EXPECT_EQ(
      complaint("[network]\nactivation = [\"relu\", \"sigmoi\"]\n"),
      "e.toml:2:14: network.activation: found \"sigmoi\"; allowed: relu, sigmoid, sign, tanh, "
      "clamped-relu; did you mean 'sigmoid'?");
  EXPECT_EQ(
      complaint("[network]\nactivation = [\"relu\", \"relu\"]\n"),
      "e.toml:2:14: network.activation: allowed: one activation, or an array of two different "
      "ones (a choice bit)");
  EXPECT_EQ(
      complaint("[problem]\nkind = \"images\"\ndata = \"d\"\ndigits = [4, 4]\n"),
      "e.toml:4:10: problem.digits: found [4, 4]; allowed: two different digits, e.g. [0, 1]");
  EXPECT_EQ(complaint("[circuit]\nfamily = \"liner\"\n"),
            "e.toml:2:10: circuit.family: found \"liner\"; allowed: product, linear, all-to-all, "
            "custom; did you mean 'linear'?");
}

TEST(Experiment, RefusesWrongCustomGates) {
  const std::string head = "[circuit]\nfamily = \"custom\"\ngates = [";
  EXPECT_EQ(
      complaint("[circuit]\nfamily = \"custom\"\n"),
      "e.toml:1:1: circuit.gates: missing; allowed: an array of tables, e.g. [{gate = \"Ry\", "
      "qubits = [0], angle = \"a\"}]");
  EXPECT_EQ(complaint(head + "{gate = \"Ry\", qubits = [0]}]\n"),
            "e.toml:3:18: circuit.gates[0].gate: gate 1, Ry, needs an angle; allowed: angle = "
            "\"name\" or value = number");
  EXPECT_EQ(complaint(head + "{gate = \"CX\", qubits = [0, 1], value = 1}]\n"),
            "e.toml:3:49: circuit.gates[0].value: allowed only with a rotation (Rx, Ry, Rz, Rzz)");
  EXPECT_EQ(complaint(head + "{gate = \"Ry\", qubits = [0], angle = \"a\", value = 1}]\n"),
            "e.toml:3:59: circuit.gates[0].value: contradicts angle; allowed: one of the two");
  EXPECT_EQ(complaint("[circuit]\ngates = []\n"),
            "e.toml:2:9: circuit.gates: allowed only with family = \"custom\"");
  // What only the number of qubits can tell is said by the circuit, with the file in front.
  const TemporaryFolder folder;
  const std::string file = folder.write("e.toml", head + "{gate = \"CX\", qubits = [0, 7]}]\n");
  EXPECT_TRUE(message_of<InputError>([&] {
                make_circuit(read_experiment(file), 3);
              }).starts_with(file + ": circuit: "));
}

TEST(Experiment, ShippedOnesReadAndRoundTrip) {
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(QHN_SOURCE "/jobs/experiments")) {
    ++count;
    const Sweep sweep = read_sweep(entry.path().string(), {});
    const Experiment e =
        read_experiment(entry.path().string(), sweep.empty() ? std::vector<std::string>()
                                                             : sweep.points.front().overrides);
    EXPECT_EQ(e.name, entry.path().stem().string());
    EXPECT_EQ(to_toml(read_text(to_toml(e))), to_toml(e)) << entry.path();
  }
  EXPECT_EQ(count, 16);
}

TEST(Experiment, TomlRoundTripKeepsEveryField) {
  for (const char* text :
       {"[problem]\nkind = \"csv\"\ndata = \"d\"\ntest_fraction = 0.2\nsplit_seed = 7\n"
        "label = 2\nheader = false\ntrain_samples = 9\nstandardize = true\n",
        "[problem]\nkind = \"csv\"\ndata = \"d\"\nlabel = \"a b\"\n",
        "[problem]\nkind = \"images\"\ndata = \"d\"\ntrain_samples = 9\n",
        "name = \"a \\\" b\"\n[problem]\nkind = \"csv\"\ndata = \"x\\\\y 'z'\"\ntest_data = \"t\"\n"
        "binarize = 0.1\n[network]\nwidth_choice = true\npair_b2 = [0.1, 1e-30]\n",
        "[circuit]\nfamily = \"custom\"\ngates = [{gate = \"Rx\", qubits = [2], angle = "
        "\"\u03b8\"}, "
        "{gate = \"CZ\", qubits = [0, 1]}, {gate = \"Rzz\", qubits = [0, 1], value = -1.5}]\n",
        "[optimizer]\ngradient_tolerance = 1e-9\nc1 = 0.3\n[restarts]\nkeep_angles = true\n"
        "keep_history = true\nkeep_scores = true\nseed = 9223372036854775807\n[engine]\nprecision "
        "= \"float32\"\n"}) {
    const std::string once = to_toml(read_text(text));
    EXPECT_EQ(to_toml(read_text(once)), once);
  }
  const Experiment e =
      read_text(to_toml(read_text("[optimizer]\nc1 = 0.3\n[network]\nhidden = 5\n")));
  EXPECT_EQ(e.optimizer.lbfgs.c1, 0.3);
  EXPECT_EQ(e.problem.hidden, 5);
}

// Empty: `text` is an experiment.
std::string complaint_if_any(const std::string& text) {
  try {
    read_experiment_text(text, "e.toml");
    return "";
  } catch (const InputError& error) {
    return error.what();
  }
}

// Defaults and examples of all keys have values that are allowed, where the key applies.
void expect_allowed_examples(const KeyTable& table, const std::string& name) {
  for (const ExperimentKey& key : table.keys) {
    EXPECT_FALSE(key.help.empty()) << key.name;
    const std::string standard = key.type.write(Experiment{});
    EXPECT_FALSE(standard.empty() && key.example.empty()) << key.name;
    for (const std::string& value : {standard, key.example}) {
      if (value.empty()) continue;
      const std::string text = under_heading(name, key.name + " = " + value + "\n");
      EXPECT_EQ(complaint_if_any(text).find("found"), std::string::npos) << text;
    }
  }
  for (const KeyTable& inner : table.tables)
    expect_allowed_examples(inner, full_name(name, inner.name));
}

TEST(Experiment, EveryKeyHasAnAllowedDefaultOrExample) {
  expect_allowed_examples(experiment_keys(), "");
}

TEST(Experiment, MeterAndCarbonAreReadAndChecked) {
  const std::string constants = QHN_SOURCE "/jobs/energy/cpu.toml";
  const Experiment e = read_text(
      "[meter]\nsource = \"powercap\"\npowercap = \"/a\"\n"
      "pm_counters = \"/c\"\nowns_node = true\nrepeat = false\npue = 1.2\nconstants = \"" +
      constants + "\"\n[carbon]\ngCO2e_per_kWh = 41.5\n");
  EXPECT_EQ(e.energy.meter.source, MeterSource::powercap);
  EXPECT_EQ(e.energy.meter.powercap + e.energy.meter.pm_counters, "/a/c");
  const std::string programs =
      "meter.slurm: an experiment file cannot name a program; allowed: the option --sstat DIR of "
      "qhn train and qhn baseline (default: sstat on PATH)";
  EXPECT_EQ(complaint("[meter]\nslurm = \"/b\"\n"), "e.toml:2:9: " + programs);
  EXPECT_EQ(complaint("", {"meter.slurm=/b"}), "--set meter.slurm=/b: " + programs);
  EXPECT_TRUE(e.energy.meter.owns_node);
  EXPECT_FALSE(e.energy.repeat);
  EXPECT_TRUE(read_text("").energy.repeat);
  EXPECT_EQ(e.energy.pue, 1.2);
  EXPECT_EQ(e.energy.grams_per_kwh, 41.5);
  // The shipped constants are the defaults.
  EXPECT_EQ(e.energy.model.name, CpuModel{}.name);
  EXPECT_EQ(e.energy.model.joules_per_flop, CpuModel{}.joules_per_flop);
  EXPECT_EQ(e.energy.model.joules_per_byte, CpuModel{}.joules_per_byte);
  EXPECT_EQ(e.energy.model.idle_watts, CpuModel{}.idle_watts);
  EXPECT_EQ(to_toml(e), to_toml(read_text("")));  // no result depends on it
  for (const auto& [text, words] :
       {std::pair<std::string, std::string>{"[meter]\npue = 0.9", "a number of at least 1"},
        {"[meter]\nsource = \"rapl\"", "powercap"},
        {"[meter]\nconstants = \"missing.toml\"", "missing.toml"},
        {"[carbon]\ngCO2e_per_kWh = -1", "not negative"}})
    EXPECT_NE(message_of<InputError>([&] { read_text(text); }).find(words), std::string::npos);
}

// the published problem
TEST(Experiment, ShippedOnesHaveThePublishedQubits) {
  const std::string folder = QHN_SOURCE "/jobs/experiments/";
  for (const auto& [file, qubits] : {std::pair{"gaussian-h2", 10},
                                     {"gaussian", 14},
                                     {"gaussian-h4", 18},
                                     {"mnist-01", 17},
                                     {"mnist-37-encoding", 19},
                                     {"digits-sign", 19},
                                     {"synthetic", 20}})
    EXPECT_EQ(count_qubits(read_experiment(folder + file + ".toml")), qubits) << file;
}

}  // namespace
}  // namespace qhn
