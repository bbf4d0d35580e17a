#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <memory>

#include "cli/verbs.hpp"
#include "core/error.hpp"
#include "core/paths.hpp"
#include "core/printable.hpp"
#include "record/atomic_file.hpp"
#include "record/output.hpp"

namespace qhn {
namespace {

constexpr const char* experiment_template =
    R"toml(# An experiment for qhn. Lines that start with # show alternatives.
# "qhn validate {0}.toml" checks it, "qhn train {0}.toml" runs it into results/{0}.

[problem]
kind = "gaussian"        # or "images", "csv", "table", "synthetic"
seed = 1                 # selects the data set
train_samples = 10000
test_samples = 10000
# kind = "images"        # IDX files, e.g. MNIST: jobs/fetch-data.sh mnist
# data = "data/mnist"    # folder of the IDX files
# digits = [0, 1]        # labels 0 and 1
# side = 4               # images are resized to side x side pixels
# kind = "csv"           # numeric columns, the label last (or label = "name")
# data = "train.csv"
# test_data = "test.csv" # or: test_fraction = 0.2
# kind = "table"         # any diagonal cost: 2^N numbers, no [network]
# table = "costs.txt"    # or .h5, .npy
# kind = "synthetic"     # random one- and two-body costs of any size, no [network]
# qubits = 30

[network]
kind = "mlp"             # or "logistic"
hidden = 3
activation = ["relu", "sigmoid"]  # two: a choice bit; one: fixed (also "sign", "tanh", "clamped-relu")
pair = [-1, 1]           # values of weight bits 0 and 1; "choice": two bits choose the pair
# pair_b1 = [0, 1]       # pair of one group of parameters: pair_w1, pair_w2, pair_b1, pair_b2
# width_choice = true    # a bit chooses between H-1 and H hidden units

[circuit]
family = "linear"        # or "product", "all-to-all", "custom"
sublayers = 6            # or layers: one layer of "linear" is two sublayers
# family = "custom"
# gates = [ {{gate = "Ry", qubits = [0], angle = "a"}}, {{gate = "CX", qubits = [0, 1]}},
#           {{gate = "Rzz", qubits = [0, 1], value = 0.5}} ]

[restarts]
count = 100
seed = 1                 # restart k starts from random angles given by (seed, k)
# keep_angles = true     # store the final angles too
# halfwidth = 0.02       # instead of count: until the 95 % interval of P(gap < epsilon) is +- 0.02
# epsilon = 1e-3         # (or relative_tts = 1.5: upper / lower end of the time to solution)
# max = 10000            # at most this many restarts

[statistics]
epsilon = [1e-2, 1e-3, 1e-4, 1e-5]  # success: expectation - minimum < epsilon
)toml";

void run_new(std::string name) {
  if (name == "-") return write_output("-", fmt::format(experiment_template, "experiment"));
  if (name.ends_with(".toml")) name.resize(name.size() - 5);
  const std::string file = name + ".toml";
  const std::string stem = std::filesystem::path(name).filename().string();
  const bool one_line = std::none_of(name.begin(), name.end(), [](unsigned char c) {
    return c < 0x20 || c == 0x7f;  // comments of the file hold the name
  });
  if (stem.empty() || stem == "." || stem == ".." || !one_line)
    throw InputError(fmt::format("found the name '{}'; allowed: the name of a new file", name));
  if (std::filesystem::exists(file))
    throw InputError(fmt::format("{}: exists already; choose another name", file));
  write_atomically(file, fmt::format(experiment_template, stem));
  fmt::print("{} written. Next: qhn validate {}\n", printable(file), printable(shell_quoted(file)));
}

}  // namespace

void add_new(CLI::App& app) {
  auto name = std::make_shared<std::string>();
  CLI::App* verb = app.add_subcommand("new", "Write a commented experiment file to start from");
  verb->add_option("NAME", *name,
                   "Writes NAME.toml, unless it exists; -: writes to standard output")
      ->required();
  verb->footer("Example:\n  qhn new my-experiment");
  verb->callback([name] { run_new(*name); });
}

}  // namespace qhn
