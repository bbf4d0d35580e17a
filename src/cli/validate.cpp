#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "campaign/experiment.hpp"
#include "campaign/sweep.hpp"
#include "cli/options.hpp"
#include "cli/verbs.hpp"
#include "core/error.hpp"
#include "core/printable.hpp"
#include "problem/problem.hpp"

namespace qhn {
namespace {

struct ValidateOptions {
  std::string experiment;
  std::vector<std::string> overrides;
  bool data = false;
};

// Checks that the data is readable. Files are also loaded as in a run, except tables and CSV files
// above 256 MiB, which are too large for a login node.
void check_data(const ProblemOptions& problem) {
  namespace fs = std::filesystem;
  std::uintmax_t bytes = 0;
  for (const std::string& path : {problem.data, problem.test_data, problem.table}) {
    if (path.empty() || problem.kind == ProblemKind::images) continue;
    std::error_code error;
    if (!std::ifstream(path).good() || fs::is_directory(path, error))
      throw InputError(fmt::format("{}: cannot read the data; allowed: a file, relative to {}",
                                   path, fs::current_path().string()));
    const std::uintmax_t size = fs::file_size(path, error);
    bytes += error ? 0 : size;
  }
  const bool files = problem.kind == ProblemKind::images || problem.kind == ProblemKind::csv ||
                     problem.kind == ProblemKind::table;
  constexpr std::uintmax_t large = std::uintmax_t{256} << 20;
  if (files && bytes <= large) make_problem(problem);
}

struct Valid {
  Experiment experiment;
  Circuit circuit;
};

// `surveyed`: the qubits of problems that were checked before, by to_problem_toml().
Valid check(const std::string& path, const std::vector<std::string>& overrides, bool data,
            std::map<std::string, int>& surveyed) {
  Experiment experiment = read_experiment(path, overrides);
  const std::string problem = to_problem_toml(experiment);
  if (!surveyed.contains(problem)) {
    if (data) check_data(experiment.problem);
    surveyed[problem] = count_qubits(experiment);
  }
  Circuit circuit = make_circuit(experiment, surveyed[problem]);
  return {std::move(experiment), std::move(circuit)};
}

// Of a sweep all points are checked, and the one with the fewest restarts is printed: an array of
// jobs may have no more tasks.
void run_validate(const ValidateOptions& options) {
  const Sweep sweep = read_sweep(options.experiment, options.overrides);
  std::map<std::string, int> surveyed;
  std::optional<Valid> least;
  std::string shown;
  for (const SweepPoint& point : sweep.points) {
    Valid valid =
        check(options.experiment, point.on_top_of(options.overrides), options.data, surveyed);
    if (least && least->experiment.restart_count <= valid.experiment.restart_count) continue;
    least = std::move(valid);
    shown = point.folder;
  }
  if (sweep.empty())
    least = check(options.experiment, options.overrides, options.data, surveyed);
  else
    fmt::print("# {}: a sweep of {} points over {}. The one with the fewest restarts is {}:\n",
               printable(options.experiment), sweep.points.size(), fmt::join(sweep.keys, ", "),
               shown);
  fmt::print("# {}: valid, {} qubits, {} angles. All settings, defaults included:\n{}",
             printable(options.experiment), least->circuit.qubits, least->circuit.angles,
             to_whole_toml(least->experiment));
}

}  // namespace

void add_validate(CLI::App& app) {
  auto options = std::make_shared<ValidateOptions>();
  CLI::App* verb = app.add_subcommand(
      "validate", "Check an experiment file and print all its settings, defaults included");
  verb->add_option("EXPERIMENT", options->experiment, "Experiment file (TOML)")->required();
  add_set(*verb, options->overrides);
  verb->add_flag("--data", options->data, "Also check that its data can be read");
  verb->footer("Example:\n  qhn validate jobs/experiments/gaussian.toml --set circuit.sublayers=4");
  verb->callback([options] { run_validate(*options); });
}

}  // namespace qhn
