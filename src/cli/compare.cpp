#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cmath>
#include <filesystem>
#include <memory>

#include "cli/options.hpp"
#include "cli/verbs.hpp"
#include "core/error.hpp"
#include "core/printable.hpp"
#include "record/sweep_index.hpp"
#include "record/toml_reader.hpp"
#include "report/comparison.hpp"
#include "report/tables.hpp"

namespace qhn {
namespace {

void read_case(TomlReader reader, HardwareCase& out) {
  const auto read = [&](const char* key, double& value, auto fits, const char* what) {
    reader.require(key, what);
    reader.read(key, value, fits, what);
  };
  read("watts", out.watts, is_positive, "a positive number, in W");
  read("reset", out.reset, is_not_negative, "a number of at least 0, in s");
  read("gate", out.gate, is_not_negative, "a number of at least 0, in s");
  read("readout", out.readout, is_not_negative, "a number of at least 0, in s");
  read("latency", out.latency, is_not_negative, "a number of at least 0, in s");
  reader.finish();
}

Hardware read_hardware(const std::string& path) {
  const toml::table root = parse_toml(path, {});
  TomlReader reader(root);
  Hardware hardware;
  std::string source;
  if (!reader.read("name", hardware.name)) reader.fail("name", "missing; the name of the hardware");
  if (!reader.read("source", source)) reader.fail("source", "missing; the source of the numbers");
  read_case(reader.table("low"), hardware.low);
  read_case(reader.table("central"), hardware.central);
  read_case(reader.table("high"), hardware.high);
  reader.finish();
  return hardware;
}

std::string word(const Cell& cell) {
  if (!cell.number) return cell.text;
  const auto& [value, interval] = *cell.number;
  if (std::isinf(value)) return fmt::format("> {:.3g}", interval.low);
  if (std::isinf(interval.high))
    return fmt::format("{:.3g} [{:.3g}, unbounded]", value, interval.low);
  if (interval.low == interval.high) return fmt::format("{:.4g}", value);
  return fmt::format("{:.3g} [{:.3g}, {:.3g}]", value, interval.low, interval.high);
}

std::vector<Row> rows_of(const ComparedTable& table) {
  std::vector<Row> rows{table.columns};
  for (const auto& cells : table.rows) {
    Row& row = rows.emplace_back();
    for (const Cell& cell : cells) row.push_back(word(cell));
  }
  return rows;
}

using Escape = std::string (*)(const std::string&);

template <class Format>
void print_tables(const Comparison& all, const Format& format, Escape escape) {
  fmt::print("{}\n", escape(all.introduction));
  for (const ComparedTable& table : all.tables)
    fmt::print("\n{}\n\n{}", escape(table.title), format(rows_of(table)));
  for (const std::string& remark : all.remarks) fmt::print("\n{}\n", escape(remark));
}

// Empty if the value is unbounded.
std::string csv_number(double value) {
  return std::isfinite(value) ? fmt::format("{}", value) : std::string();
}

// One number per line, for plots. The first lines state the reference and epsilon of each result.
void print_csv(const Comparison& all) {
  fmt::print("table,method,success_by,case,quantity,value,low,high\n");
  for (const GapReference& r : all.references)
    for (const auto& [quantity, value] : {std::pair{"reference", r.value}, {"epsilon", r.epsilon}})
      fmt::print("gaps,{},{},,{},{},{},{}\n", csv_field(r.result), r.reference, quantity, value,
                 value, value);
  for (const ComparedTable& table : all.tables)
    for (const auto& cells : table.rows) {
      const std::string which = table.columns[2] == "case" ? cells[2].text : "";
      for (std::size_t c = 2; c < cells.size(); ++c)
        if (const auto& number = cells[c].number)
          fmt::print("{},{},{},{},{},{},{},{}\n", table.name, csv_field(cells[0].text),
                     csv_field(cells[1].text), csv_field(which), csv_field(table.columns[c]),
                     csv_number(number->value), csv_number(number->interval.low),
                     csv_number(number->interval.high));
    }
}

}  // namespace

void add_compare(CLI::App& app) {
  struct Options {
    std::vector<std::string> results, labels;
    double epsilon = 0.0;
    std::string unit = "absolute", hardware, format = "text";
  };
  auto options = std::make_shared<Options>();
  CLI::App* verb = app.add_subcommand(
      "compare", "Compare methods on one problem: success and cost in three ledgers");
  verb->add_option("RESULT", options->results,
                   "Folders of campaigns or of sweeps, or campaign.h5 files")
      ->required();
  add_real(*verb, "--epsilon", options->epsilon,
           "Gap below which a training succeeds (default: the smallest of the first result)",
           positive_reals);
  verb->add_option("--unit", options->unit,
                   "Unit of --epsilon: absolute, mean (mean loss - E_min) or first-gap "
                   "(second-best loss - E_min)")
      ->check(CLI::IsMember({"absolute", "mean", "first-gap"}));
  verb->add_option(
          "--labels", options->labels,
          "Names of the methods, A,B,C: one for each campaign (default: made from the keys "
          "that differ)")
      ->delimiter(',')
      ->allow_extra_args(false);
  verb->add_option("--hardware", options->hardware,
                   "File with constants of the projected quantum hardware (default: those of "
                   "jobs/energy/superconducting.toml)");
  verb->add_option("--format", options->format, "Output format (default: text)")
      ->check(CLI::IsMember({"text", "csv", "markdown", "latex"}));
  verb->footer(
      "Results whose problems differ only in problem.seed are instances of one problem. In csv an\n"
      "empty number is unbounded, because no training succeeded.\n"
      "Examples:\n  qhn compare results/gaussian-h2 results/gaussian-h2-baseline/*\n"
      "  qhn compare results/mnist-01-* --epsilon 1e-4 --format markdown");
  verb->callback([options] {
    std::vector<CampaignFile> campaigns;
    for (const std::string& result : options->results)
      for (const std::string& folder : campaigns_in(result)) {
        std::error_code error;
        if (folder != result && !std::filesystem::exists(campaign_path(folder), error)) continue;
        campaigns.push_back(read_campaign(folder));
        campaigns.back().name = folder;  // messages name the file
      }
    ComparisonOptions how;
    how.epsilon = options->epsilon;
    how.labels = options->labels;
    how.unit = options->unit == "absolute" ? GapUnit::absolute
               : options->unit == "mean"   ? GapUnit::mean
                                           : GapUnit::first_gap;
    if (!options->hardware.empty()) how.hardware = read_hardware(options->hardware);
    const Comparison all = compare(campaigns, how);
    if (options->format == "text")
      print_tables(all, aligned, [](const std::string& s) { return printable(s); });
    if (options->format == "markdown") print_tables(all, markdown, markdown_text);
    if (options->format == "latex") print_tables(all, latex, latex_text);
    if (options->format == "csv") print_csv(all);
  });
}

}  // namespace qhn
