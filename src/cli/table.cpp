#include <fmt/format.h>
#include <omp.h>

#include <CLI/CLI.hpp>
#include <cstddef>
#include <filesystem>
#include <iterator>
#include <memory>
#include <optional>

#include "cli/enumeration.hpp"
#include "cli/json_line.hpp"
#include "cli/verbs.hpp"
#include "core/check_sum.hpp"
#include "core/error.hpp"
#include "record/atomic_file.hpp"
#include "record/hdf5.hpp"
#include "record/output.hpp"
#include "record/provenance.hpp"

namespace qhn {
namespace {

struct TableOptions {
  EnumerationOptions table;
  std::string out;
  bool json = false;
  bool spectrum = false;
};

std::string as_text(const std::vector<double>& costs) {
  std::string text;
  text.reserve(costs.size() * 25);
  for (const double cost : costs) fmt::format_to(std::back_inserter(text), "{:.16e}\n", cost);
  return text;
}

/// Writes the origin of a table as attributes.
void write_provenance(hid_t file, const Enumeration& e) {
  const Provenance here = collect_provenance();
  for (const auto& [name, value] : {std::pair{"format", std::string("qhn cost table")},
                                    {"experiment", to_toml(e.experiment)},
                                    {"data_sha256", e.problem->data_sha256()},
                                    {"version", here.version},
                                    {"git_commit", here.git_commit},
                                    {"git_dirty", here.git_dirty},
                                    {"compiler", here.compiler},
                                    {"simd", here.simd},
                                    {"created", utc_now()}})
    write_attribute(file, name, value);
  write_attribute(file, "qubits", std::int32_t{e.qubits()});
  write_attribute(file, "minimum", e.minimum);  // E_min
  write_attribute(file, "minimizers", e.minimizers);
  write_attribute(file, "best_index", e.best_index);
}

/// Returns the bytes of an HDF5 file that problem.table can read: dataset "costs".
std::vector<std::byte> as_hdf5(const Enumeration& e) {
  const H5Quiet quiet;
  const H5Id access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose, "cannot set up HDF5");
  h5_check(H5Pset_fapl_core(access, std::size_t{1} << 24, 0), "cannot set up HDF5");
  const H5Id file(H5Fcreate("table", H5F_ACC_TRUNC, H5P_DEFAULT, access), H5Fclose,
                  "cannot create the table");
  write_dataset(file, "costs", e.costs, "1");
  write_provenance(file, e);
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

double networks_per_second(const Enumeration& e) {
  return static_cast<double>(dimension(e.qubits())) / e.seconds;
}

void print_json(const Enumeration& e, const std::optional<Locality>& locality) {
  const Problem& problem = *e.problem;
  nlohmann::ordered_json out = {{"qubits", e.qubits()},
                                {"minimum", e.minimum},
                                {"minimizers", e.minimizers},
                                {"best_index", e.best_index},
                                {"best_bits", bits_of(e.best_index, e.qubits())},
                                {"network", network_json(problem, e.best_index)}};
  out.update(scores_json(problem, e.best_index));
  out["networks_per_second"] = networks_per_second(e);
  if (locality) out["spectrum"] = locality->weights;
  print_line(out);
}

void print_text(const Enumeration& e, const std::optional<Locality>& locality) {
  const std::size_t samples = e.problem->train_samples();
  fmt::print("qubits       {} ({} networks, {} training samples)\n", e.qubits(),
             dimension(e.qubits()), samples);
  fmt::print("E_min        {:.17g}\n", e.minimum);
  fmt::print("minimizers   {} (costs within {:.3g} of E_min)\n", e.minimizers, e.tolerance);
  fmt::print("best index   {} = {}\n", e.best_index, bits_of(e.best_index, e.qubits()));
  print_network(*e.problem, e.best_index);
  print_scores(*e.problem, e.best_index);
  fmt::print("speed        {:.3g} s on {} threads: {:.3g} networks/s", e.seconds,
             omp_get_max_threads(), networks_per_second(e));
  if (samples > 0)
    fmt::print(", {:.3g} network·samples/s", networks_per_second(e) * static_cast<double>(samples));
  fmt::print("\n");
  if (locality) print_locality(*locality);
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
  const auto refuse_inputs = [&](const ProblemOptions& problem) {
    std::vector<std::string> inputs = input_files(problem);
    inputs.push_back(options.table.experiment);
    if (!problem.table.empty()) inputs.push_back(problem.table);
    refuse_own_input(options.out, inputs);
  };
  // Of the file in memory.
  const double more = as_lines ? 24.0 : out.empty() ? 0.0 : 16.0;
  Enumeration e = enumerate(options.table, {.more = more, .check = refuse_inputs});

  if (as_lines) write_output(options.out, as_text(e.costs));
  if (to_stdout) return;
  if (out.extension() == ".h5") write_atomically(options.out, as_hdf5(e));
  std::optional<Locality> locality;
  if (options.spectrum) locality = find_locality(e.costs);
  if (options.json)
    print_json(e, locality);
  else
    print_text(e, locality);
}

}  // namespace

void add_table(CLI::App& app) {
  auto options = std::make_shared<TableOptions>();
  CLI::App* verb =
      app.add_subcommand("table", "Enumerate all networks: print the best one, write all costs");
  add_enumeration_options(*verb, options->table);
  verb->add_option(
      "--out", options->out,
      "Write all costs in index order to FILE.txt (one per line), to FILE.h5 (dataset costs, with "
      "attributes for its origin), or to standard output (-, one per line, without summary)");
  verb->add_flag("--json", options->json, "Print the summary as JSON");
  verb->add_flag("--spectrum", options->spectrum,
                 "Print W(S), the weight of S-body terms, as qhn locality does");
  verb->footer(
      "Examples:\n  qhn table jobs/experiments/gaussian.toml --spectrum\n"
      "  qhn table jobs/experiments/mnist-01.toml --out costs.h5 --json");
  verb->callback([options] { run_table(*options); });
}

}  // namespace qhn
