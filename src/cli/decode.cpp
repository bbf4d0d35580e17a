#include <fmt/format.h>

#include <memory>

#include "cli/enumeration.hpp"
#include "cli/json_line.hpp"
#include "cli/verbs.hpp"
#include "core/costs.hpp"
#include "core/error.hpp"
#include "core/numbers.hpp"

namespace qhn {
namespace {

struct DecodeOptions {
  EnumerationOptions table;
  std::string network;
  bool json = false;
};

// As many digits 0 and 1 as there are bits are the bits; anything else is a table index.
Index read_network(const std::string& word, int bits) {
  if (word.size() == static_cast<std::size_t>(bits) &&
      word.find_first_not_of("01") == std::string::npos) {
    Index w = 0;
    for (const char digit : word) w = w << 1 | (digit == '1' ? 1u : 0u);
    return w;
  }
  try {
    return parse_integer("NETWORK", word, 0, dimension(bits) - 1);
  } catch (const InputError&) {
    throw InputError(
        fmt::format("NETWORK: found '{}'; allowed: {} digits 0 and 1, or an index from "
                    "0 to {}",
                    word, bits, dimension(bits) - 1));
  }
}

void run_decode(const DecodeOptions& options) {
  use_threads(options.table.threads);
  const Experiment experiment = read_experiment(options.table.experiment, options.table.overrides);
  const std::unique_ptr<Problem> problem = make_problem(experiment.problem);
  print_remarks(*problem);
  const int bits = problem->bits();
  const Index w = read_network(options.network, bits);
  const double cost = (*problem)(BitString(bits, w));
  require_finite({&cost, 1}, [w](Index) { return w; });
  if (options.json) {
    nlohmann::ordered_json out = {{"qubits", bits},
                                  {"index", w},
                                  {"bits", bits_of(w, bits)},
                                  {"cost", cost},
                                  {"network", network_json(*problem, w)}};
    out.update(scores_json(*problem, w));
    print_line(out);
    return;
  }
  fmt::print("network      {} = {}\ncost         {:.17g}\n", w, bits_of(w, bits), cost);
  print_network(*problem, w);
  print_scores(*problem, w);
}

}  // namespace

void add_decode(CLI::App& app) {
  auto options = std::make_shared<DecodeOptions>();
  CLI::App* verb = app.add_subcommand("decode", "Weights, choices, cost and accuracy of a network");
  add_enumeration_options(*verb, options->table);
  verb->add_option("NETWORK", options->network,
                   "Its bits, parameter 0 first, or its index in the table of costs")
      ->required();
  verb->add_flag("--json", options->json, "Print JSON");
  verb->footer(
      "Examples:\n  qhn decode jobs/experiments/gaussian.toml 11111111001000\n"
      "  qhn decode jobs/experiments/gaussian.toml 16328 --json");
  verb->callback([options] { run_decode(*options); });
}

}  // namespace qhn
