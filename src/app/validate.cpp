#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "app/experiment.hpp"
#include "app/verbs.hpp"

namespace qhn {
namespace {

struct ValidateOptions {
  std::string experiment;
  std::vector<std::string> overrides;
};

void run_validate(const ValidateOptions& options) {
  const Experiment experiment = read_experiment(options.experiment, options.overrides);
  const Circuit circuit = make_circuit(experiment, count_qubits(experiment));
  fmt::print(
      "# {}: valid, {} qubits, {} angles. All that qhn train goes by, defaults included:\n{}",
      options.experiment, circuit.qubits, circuit.angles, to_toml(experiment));
}

}  // namespace

void add_validate(CLI::App& app) {
  auto options = std::make_shared<ValidateOptions>();
  CLI::App* verb = app.add_subcommand("validate", "Check an experiment and show every default");
  verb->add_option("EXPERIMENT", options->experiment, "Experiment file (TOML)")->required();
  verb->add_option("--set", options->overrides, "key=value in place of the file's")
      ->type_size(1)
      ->allow_extra_args(false);
  verb->footer("Example:\n  qhn validate jobs/experiments/gaussian.toml --set circuit.sublayers=4");
  verb->callback([options] { run_validate(*options); });
}

}  // namespace qhn
