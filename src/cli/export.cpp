#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <optional>

#include "campaign/experiment.hpp"
#include "campaign/trained_restart.hpp"
#include "cli/openqasm.hpp"
#include "cli/options.hpp"
#include "cli/single_state_options.hpp"
#include "cli/verbs.hpp"
#include "core/error.hpp"
#include "record/angles.hpp"
#include "record/campaign_file.hpp"
#include "record/output.hpp"
#include "report/tables.hpp"

namespace qhn {
namespace {

struct ExportOptions {
  std::string input;
  bool csv = false;
  bool history = false;
  bool openqasm3 = false;
  std::string angles;
  TrainedRestart restart;
  std::optional<std::size_t> row;
  bool ignore_extra = false;
  std::vector<std::string> overrides;
  std::string out;
};

constexpr const char* phase_names[] = {"optimisation", "selection", "validation"};  // in columns

std::string csv_heading(const CampaignReader& campaign) {
  std::string out =
      "id,seed,status,expectation,gap,gradient_norm,iterations,evaluations,best_string,"
      "best_probability,best_cost,seconds,cpu_seconds,joules,host";
  for (const char* what : {"expectation", "string"})
    for (const double epsilon : campaign.head().epsilons)
      out += fmt::format(",{0}_iteration_{1:g},{0}_evaluation_{1:g}", what, epsilon);
  if (campaign.shape().oracle)
    for (const char* phase : phase_names)
      out += fmt::format(",{0}_evaluations,{0}_unique,{0}_samples", phase);
  if (campaign.shape().scores)
    out += ",test_expectation,best_test_cost,best_accuracy,best_test_accuracy";
  for (std::size_t k = 0; k < campaign.shape().angles; ++k) out += fmt::format(",angle_{}", k);
  return out + '\n';
}

std::string csv_line(const RestartRecord& record, bool oracle) {
  const RestartResult& r = record.result;
  const BitString& string = r.best_string;
  const std::string network = string.has_index() ? std::to_string(string.index()) : string.text();
  std::string out =
      fmt::format("{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}", r.id, r.seed, to_string(r.status),
                  r.expectation, r.gap, r.gradient_norm, r.iterations, r.evaluations, network,
                  r.best_probability, r.best_cost, record.cost.seconds, record.cost.cpu_seconds,
                  record.cost.joules, csv_field(record.cost.host));
  for (const auto* crossings : {&r.expectation_crossings, &r.string_crossings})
    for (const Crossing& c : *crossings) out += fmt::format(",{},{}", c.iteration, c.evaluation);
  if (oracle)
    for (const OracleCount& c : r.oracle.phases)
      out += fmt::format(",{},{},{}", c.evaluations, c.unique, c.samples);
  if (const RestartScores& s = r.scores; r.scored != 0)
    out += fmt::format(",{},{},{},{}", s.test_expectation, s.best_test_cost, s.best_accuracy,
                       s.best_test_accuracy);
  for (const double angle : r.angles) out += fmt::format(",{}", angle);
  return out + '\n';
}

void write_csv(const CampaignReader& campaign, Output& out) {
  const bool oracle = campaign.shape().oracle;
  std::string text = csv_heading(campaign);
  campaign.for_each([&](RestartRecord&& record) {
    text += csv_line(record, oracle);
    if (text.size() < 1 << 16) return;
    out.write(text);
    text.clear();
  });
  out.write(text);
}

// A line for each iterate of each restart.
void write_history(const CampaignReader& campaign, Output& out) {
  const double reference = campaign.head().table.reference.cost;
  out.write("id,iteration,expectation,gap,gradient_norm,step,evaluations\n");
  campaign.for_each([&](RestartRecord&& record) {
    const RestartHistory& h = record.result.history;
    std::string text;
    for (std::size_t k = 0; k < h.size(); ++k)
      text += fmt::format("{},{},{},{},{},{},{}\n", record.result.id, k, h.expectation[k],
                          h.expectation[k] - reference, h.gradient_norm[k], h.step[k],
                          h.evaluations[k]);
    out.write(text);
  });
}

struct NamedCircuit {
  std::optional<std::uint64_t> restart;  ///< nullopt: angles of a file
  std::string qasm;
};

std::vector<NamedCircuit> circuits(const ExportOptions& options) {
  require_one_origin(options.input, options.angles, options.restart);
  const Experiment experiment = options.restart.given()
                                    ? read_stored_experiment(options.restart, options.overrides)
                                    : read_experiment(options.input, options.overrides);
  const Circuit circuit = make_circuit(experiment, count_qubits(experiment));
  if (!circuit.noise.none()) spdlog::warn("the noise of the experiment is not exported");
  std::vector<NamedCircuit> all;
  if (options.restart.given()) {
    for (const auto& [restart, angles] :
         read_final_angles(options.restart, static_cast<std::size_t>(circuit.angles)))
      all.push_back({restart, to_openqasm3(circuit, angles)});
    return all;
  }
  std::string remark;
  const std::vector<double> angles =
      read_angles(options.angles, options.row, static_cast<std::size_t>(circuit.angles),
                  options.ignore_extra, &remark);
  if (!remark.empty()) spdlog::warn("{}", remark);
  return {{std::nullopt, to_openqasm3(circuit, angles)}};
}

// One file for each restart, in the folder --out.
void write_circuits(const std::vector<NamedCircuit>& all, const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  for (const auto& [restart, qasm] : all) {
    Output out((std::filesystem::path(folder) / fmt::format("restart-{}.qasm", *restart)).string());
    out.write(qasm);
    out.finish();
  }
}

void run_export(const ExportOptions& options) {
  if (options.csv + options.history + options.openqasm3 != 1)
    throw InputError(
        "export: needs one of --csv, --history (of a result) and --openqasm3 (of an experiment)");
  // Read all input before creating the output file.
  std::optional<CampaignReader> campaign;
  std::vector<NamedCircuit> all;
  if (!options.openqasm3) {
    const TrainedRestart& restart = options.restart;
    if (options.input.empty() || restart.given() || restart.id || restart.all)
      throw InputError(fmt::format("{}: allowed: INPUT, a folder of a campaign, without --from",
                                   options.csv ? "--csv" : "--history"));
    campaign.emplace(options.input);
    if (options.history && !campaign->shape().history)
      throw InputError(
          fmt::format("{}: holds no histories; allowed: a campaign of qhn train with --set "
                      "restarts.keep_history=true",
                      campaign_path(options.input)));
    refuse_own_input(options.out, {campaign_path(options.input)});
  } else {
    if (options.restart.all && (options.out.empty() || options.out == "-"))
      throw InputError("--all: allowed: with --out DIR, the folder of the files");
    all = circuits(options);
    if (options.restart.all) return write_circuits(all, options.out);
    refuse_own_input(options.out, options.restart.given()
                                      ? std::vector{campaign_path(options.restart.from)}
                                      : std::vector{options.input, options.angles});
  }
  Output out(options.out);
  if (options.csv)
    write_csv(*campaign, out);
  else if (options.history)
    write_history(*campaign, out);
  else
    out.write(all.front().qasm);
  out.finish();
}

}  // namespace

void add_export(CLI::App& app) {
  auto options = std::make_shared<ExportOptions>();
  CLI::App* verb = app.add_subcommand("export", "Write records as CSV, or a circuit as OpenQASM 3");
  verb->add_option("INPUT", options->input,
                   "With --csv, --history: folder of a campaign, or campaign.h5; with --openqasm3: "
                   "experiment file (TOML)");
  verb->add_flag("--csv", options->csv, "Write one line per restart");
  verb->add_flag("--history", options->history,
                 "Write one line per iteration of each restart (restarts.keep_history)");
  CLI::Option* qasm =
      verb->add_flag("--openqasm3", options->openqasm3, "Write the circuit with its angles");
  CLI::Option* angles =
      verb->add_option("--angles", options->angles,
                       "Text file with one vector of angles per line, or one number per line")
          ->needs(qasm);
  add_integer(*verb, "--row", options->row, "Vector of angles to use, counted from 0 (default: 0)",
              0)
      ->needs(angles);
  verb->add_flag("--ignore-extra", options->ignore_extra,
                 "Ignore numbers beyond the circuit's angles")
      ->needs(angles);
  add_trained_restart(*verb, options->restart);
  add_set(*verb, options->overrides)->needs(qasm);
  verb->add_option("--out", options->out,
                   "File to write (default, or -: standard output); with --all: a folder");
  verb->footer(
      "Examples:\n  qhn export results/gaussian --csv --out gaussian.csv\n"
      "  qhn export jobs/experiments/gaussian.toml --angles angles.txt --openqasm3\n"
      "  qhn export --openqasm3 --from results/gaussian --restart 17\n"
      "  qhn export --openqasm3 --from results/gaussian --all --out circuits");
  verb->callback([options] { run_export(*options); });
}

}  // namespace qhn
