#include <fmt/format.h>
#include <omp.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <bit>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>
#include <numeric>

#include "campaign/experiment.hpp"
#include "campaign/memory.hpp"
#include "cli/options.hpp"
#include "cli/verbs.hpp"
#include "comm/processors.hpp"
#include "core/check_sum.hpp"
#include "core/costs.hpp"
#include "core/error.hpp"
#include "core/wht.hpp"
#include "problem/data.hpp"
#include "record/atomic_file.hpp"
#include "record/hdf5.hpp"
#include "record/output.hpp"
#include "record/provenance.hpp"
#include "report/campaign_statistics.hpp"

namespace qhn {
namespace {

struct TableOptions {
  std::string experiment;
  std::vector<std::string> overrides;
  std::string out;
  bool json = false;
  bool spectrum = false;
  int threads = 0;
};

struct Summary {
  int qubits = 0;
  std::size_t samples = 0;
  double minimum = 0.0;
  std::uint64_t minimizers = 0;
  double tolerance = 0.0;  // costs up to this above E_min count as E_min
  Index best_index = 0;    // the lowest of the minimizers
  double seconds = 0.0;
  std::vector<double> weights;  // W(0…N), see spectrum(); empty if not requested

  double networks_per_second() const { return static_cast<double>(dimension(qubits)) / seconds; }
};

/// W(S) = Σ_{|s|=S} f_s²; transforms `costs` in place.
std::vector<double> spectrum(std::vector<double>& costs) {
  walsh_hadamard(costs);
  const auto scale = 1.0 / static_cast<double>(costs.size());
  std::vector<double> weights(static_cast<std::size_t>(std::countr_zero(costs.size())) + 1, 0.0);
  for (std::size_t s = 0; s < costs.size(); ++s) {
    const double f = costs[s] * scale;
    weights[static_cast<std::size_t>(std::popcount(s))] += f * f;
  }
  return weights;
}

std::string as_text(const std::vector<double>& costs) {
  std::string text;
  text.reserve(costs.size() * 25);
  for (const double cost : costs) fmt::format_to(std::back_inserter(text), "{:.16e}\n", cost);
  return text;
}

/// Writes the origin of a table as attributes.
void write_provenance(hid_t file, const Summary& summary, const Experiment& experiment,
                      const std::string& data_sha256) {
  const Provenance here = collect_provenance();
  for (const auto& [name, value] : {std::pair{"format", std::string("qhn cost table")},
                                    {"experiment", to_toml(experiment)},
                                    {"data_sha256", data_sha256},
                                    {"version", here.version},
                                    {"git_commit", here.git_commit},
                                    {"git_dirty", here.git_dirty},
                                    {"compiler", here.compiler},
                                    {"simd", here.simd},
                                    {"created", utc_now()}})
    write_attribute(file, name, value);
  write_attribute(file, "qubits", std::int32_t{summary.qubits});
  write_attribute(file, "minimum", summary.minimum);  // E_min
  write_attribute(file, "minimizers", summary.minimizers);
  write_attribute(file, "best_index", summary.best_index);
}

/// Returns the bytes of an HDF5 file that problem.table can read: dataset "costs".
std::vector<std::byte> as_hdf5(const std::vector<double>& costs, const Summary& summary,
                               const Experiment& experiment, const std::string& data_sha256) {
  const H5Quiet quiet;
  const H5Id access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose, "cannot set up HDF5");
  h5_check(H5Pset_fapl_core(access, std::size_t{1} << 24, 0), "cannot set up HDF5");
  const H5Id file(H5Fcreate("table", H5F_ACC_TRUNC, H5P_DEFAULT, access), H5Fclose,
                  "cannot create the table");
  write_dataset(file, "costs", costs, "1");
  write_provenance(file, summary, experiment, data_sha256);
  {
    const H5Id dataset(H5Dopen2(file, "costs", H5P_DEFAULT), H5Dclose, "cannot create the table");
    write_attribute(dataset, "description",
                    std::string("cost of every network, in the order of their table indices: bit "
                                "N-1-p of an index is parameter p"));
    write_attribute(dataset, "shape", std::string("[2^qubits]"));
  }
  h5_check(H5Fflush(file, H5F_SCOPE_GLOBAL), "cannot finish the table");
  const ssize_t size = H5Fget_file_image(file, nullptr, 0);
  h5_check(size < 0 ? -1 : 0, "cannot finish the table");
  std::vector<std::byte> image;
  image.reserve(static_cast<std::size_t>(size) + 4096);  // capacity for the check-sum line
  image.resize(static_cast<std::size_t>(size));
  h5_check(H5Fget_file_image(file, image.data(), image.size()) == size ? 0 : -1,
           "cannot finish the table");
  const std::string line = check_sum_line(image);
  const auto bytes = std::as_bytes(std::span(line));
  image.insert(image.end(), bytes.begin(), bytes.end());
  return image;
}

void print_json(const Summary& summary, const Problem& problem) {
  const auto accuracy = [](const std::optional<Score>& score) {
    return score ? nlohmann::ordered_json(score->accuracy) : nlohmann::ordered_json(nullptr);
  };
  nlohmann::ordered_json out = {
      {"qubits", summary.qubits},
      {"minimum", summary.minimum},
      {"minimizers", summary.minimizers},
      {"best_index", summary.best_index},
      {"train_accuracy", accuracy(problem.train_score(summary.best_index))},
      {"test_accuracy", accuracy(problem.test_score(summary.best_index))},
      {"networks_per_second", summary.networks_per_second()}};
  if (!summary.weights.empty()) out["spectrum"] = summary.weights;
  fmt::print("{}\n", out.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

void print_text(const Summary& summary, const Problem& problem) {
  fmt::print("qubits       {} ({} networks, {} training samples)\n", summary.qubits,
             dimension(summary.qubits), summary.samples);
  fmt::print("E_min        {:.17g}\n", summary.minimum);
  fmt::print("minimizers   {} (costs within {:.3g} of E_min)\n", summary.minimizers,
             summary.tolerance);
  std::string bits;
  for (int q = summary.qubits - 1; q >= 0; --q) bits += bit(summary.best_index, q) ? '1' : '0';
  fmt::print("best index   {} = {}\n", summary.best_index, bits);
  if (summary.samples > 0)
    for (const DecodedValue& value : problem.decode(summary.best_index))
      fmt::print("  {:<10} {}\n", value.name, value.value);
  const auto print_score = [](const char* name, const std::optional<Score>& score) {
    if (score)
      fmt::print("{:<12} accuracy {:.4f}, loss {:.10g} on {} samples\n", name, score->accuracy,
                 score->loss, score->samples);
  };
  print_score("training", problem.train_score(summary.best_index));
  print_score("test", problem.test_score(summary.best_index));
  fmt::print("speed        {:.3g} s on {} threads: {:.3g} networks/s", summary.seconds,
             omp_get_max_threads(), summary.networks_per_second());
  if (summary.samples > 0)
    fmt::print(", {:.3g} network·samples/s",
               summary.networks_per_second() * static_cast<double>(summary.samples));
  fmt::print("\n");
  if (summary.weights.empty()) return;
  const double variance = std::accumulate(summary.weights.begin() + 1, summary.weights.end(), 0.0);
  fmt::print("spectrum     S, W(S), share of the variance\n");
  for (std::size_t s = 0; s < summary.weights.size(); ++s)
    fmt::print("  {:>3}  {:<24.17g}{}\n", s, summary.weights[s],
               s == 0 || variance == 0.0 ? std::string()
                                         : fmt::format("  {:.6f}", summary.weights[s] / variance));
}

void run_table(const TableOptions& options) {
  const std::filesystem::path out = options.out;
  const bool to_stdout = options.out == "-", as_lines = to_stdout || out.extension() == ".txt";
  if (!options.out.empty() && !as_lines && out.extension() != ".h5")
    throw InputError(fmt::format("--out {}: allowed: FILE.txt, FILE.h5 or -", options.out));
  if (to_stdout && (options.json || options.spectrum))
    throw InputError(
        "--out -: standard output holds only the costs; allowed: without --json and "
        "--spectrum");
  if (options.threads > 0) {
    if (options.threads > omp_get_thread_limit())
      throw InputError(fmt::format("--threads {}: OpenMP allows {} here (OMP_THREAD_LIMIT)",
                                   options.threads, omp_get_thread_limit()));
    omp_set_num_threads(options.threads);
  }
  const Experiment experiment = read_experiment(options.experiment, options.overrides);
  std::vector<std::string> inputs = input_files(experiment.problem);
  inputs.push_back(options.experiment);
  if (!experiment.problem.table.empty()) inputs.push_back(experiment.problem.table);
  refuse_own_input(options.out, inputs);
  const auto check_memory = [&](int qubits) {
    // Per network: 8 bytes of the table, and of its file in memory 24 (text) or 16 (HDF5).
    const double bytes = 8.0 + (as_lines ? 24.0 : out.empty() ? 0.0 : 16.0);
    const MemoryNeed need{qubits, bytes * static_cast<double>(dimension(qubits)), 0.0};
    require_memory(options.experiment, need, available_memory());
  };
  if (experiment.problem.kind != ProblemKind::table) check_memory(network_bits(experiment.problem));
  const std::unique_ptr<Problem> problem = make_problem(experiment.problem);
  print_remarks(*problem);

  Summary summary;
  summary.qubits = problem->bits();
  summary.samples = problem->train_samples();
  check_memory(summary.qubits);
  std::vector<double> costs(dimension(summary.qubits));
  const auto start = std::chrono::steady_clock::now();
  problem->costs(0, costs);
  require_finite(costs, [](Index w) { return w; });
  summary.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();

  const auto [least, most] = std::minmax_element(costs.begin(), costs.end());
  summary.minimum = *least;
  const double limit = minimizer_limit(summary.minimum, *most);
  summary.tolerance = limit - summary.minimum;
  const auto is_minimum = [limit](double cost) { return cost <= limit; };
  summary.minimizers =
      static_cast<std::uint64_t>(std::count_if(costs.begin(), costs.end(), is_minimum));
  summary.best_index =
      static_cast<Index>(std::find_if(costs.begin(), costs.end(), is_minimum) - costs.begin());

  if (as_lines) write_output(options.out, as_text(costs));
  if (to_stdout) return;
  if (out.extension() == ".h5")
    write_atomically(options.out, as_hdf5(costs, summary, experiment, problem->data_sha256()));
  if (options.spectrum) summary.weights = spectrum(costs);
  if (options.json)
    print_json(summary, *problem);
  else
    print_text(summary, *problem);
}

}  // namespace

void add_table(CLI::App& app) {
  auto options = std::make_shared<TableOptions>();
  CLI::App* verb =
      app.add_subcommand("table", "Enumerate all networks: print the best one, write all costs");
  verb->add_option("EXPERIMENT", options->experiment, "Experiment file (TOML)")->required();
  verb->add_option("--set", options->overrides,
                   "Override a key of the file, e.g. circuit.sublayers=4")
      ->type_size(1)
      ->allow_extra_args(false);
  verb->add_option(
      "--out", options->out,
      "Write all costs in index order to FILE.txt (one per line), to FILE.h5 (dataset costs, with "
      "attributes for its origin), or to standard output (-, one per line, without summary)");
  verb->add_flag("--json", options->json, "Print the summary as JSON");
  verb->add_flag("--spectrum", options->spectrum,
                 "Print W(S), the weight of S-body terms (Walsh-Hadamard transform)");
  add_integer(*verb, "--threads", options->threads,
              "Threads (default: OMP_NUM_THREADS, or all cores)", 1, max_threads);
  verb->footer(
      "Examples:\n  qhn table jobs/experiments/gaussian.toml --spectrum\n"
      "  qhn table jobs/experiments/mnist-01.toml --out costs.h5 --json");
  verb->callback([options] { run_table(*options); });
}

}  // namespace qhn
