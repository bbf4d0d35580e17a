#include "problem/landscape.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <span>

#include "campaign/memory.hpp"
#include "cli/enumeration.hpp"
#include "cli/json_line.hpp"
#include "cli/options.hpp"
#include "cli/verbs.hpp"

namespace qhn {
namespace {

struct LandscapeOptions {
  EnumerationOptions table;
  std::size_t lowest = 10;
  std::size_t bins = 20;
  bool json = false;
};

struct Found {
  Landscape landscape;
  std::vector<Index> lowest;
  std::vector<std::uint64_t> histogram;
};

double share(std::uint64_t part, const Enumeration& e) {
  return static_cast<double>(part) / static_cast<double>(e.costs.size());
}

double bin_width(const Enumeration& e, const Found& found) {
  const auto bins = static_cast<double>(found.histogram.size());
  return e.maximum / bins - e.minimum / bins;
}

std::size_t shown(const Found& found, std::size_t most) {
  return std::min(most, found.landscape.minima.size());
}

void print_json(const Enumeration& e, const Found& found, std::size_t most) {
  nlohmann::ordered_json minima = nlohmann::ordered_json::array(), lowest = minima;
  for (const LocalMinimum& m : std::span(found.landscape.minima).first(shown(found, most)))
    minima.push_back({{"index", m.string}, {"gap", m.cost - e.minimum}, {"basin", m.basin}});
  for (const Index w : found.lowest)
    lowest.push_back({{"index", w},
                      {"bits", bits_of(w, e.qubits())},
                      {"gap", e.costs[w] - e.minimum},
                      {"network", network_json(*e.problem, w)}});
  std::vector<double> edges;
  for (std::size_t b = 0; b <= found.histogram.size(); ++b)
    edges.push_back(e.minimum + static_cast<double>(b) * bin_width(e, found));
  print_line({{"qubits", e.qubits()},
              {"minimum", e.minimum},
              {"maximum", e.maximum},
              {"minimizers", e.minimizers},
              {"local_minima", found.landscape.minima.size()},
              {"plateaus", found.landscape.plateaus},
              {"descent_success", share(found.landscape.reaching, e)},
              {"minima", minima},
              {"lowest", lowest},
              {"histogram", {{"edges", edges}, {"counts", found.histogram}}}});
}

void print_text(const Enumeration& e, const Found& found, std::size_t most) {
  const Landscape& l = found.landscape;
  fmt::print("qubits         {} ({} networks)\n", e.qubits(), e.costs.size());
  fmt::print("costs          {:.10g} to {:.10g}, least cost of {} network{}\n", e.minimum,
             e.maximum, e.minimizers, e.minimizers == 1 ? "" : "s");
  fmt::print("local minima   {} under flips of one bit, on {} plateau{}\n", l.minima.size(),
             l.plateaus, l.plateaus == 1 ? "" : "s");
  fmt::print("descent        steepest one-flip descent reaches E_min from {:.4g} of all starts\n",
             share(l.reaching, e));
  fmt::print("\nlocal minima   gap, share of starts that end there, network\n");
  for (std::size_t k = 0; k < shown(found, most); ++k)
    fmt::print("  {:<12.6g} {:<10.4g} {}\n", l.minima[k].cost - e.minimum,
               share(l.minima[k].basin, e), bits_of(l.minima[k].string, e.qubits()));
  if (shown(found, most) < l.minima.size())
    fmt::print("  and {} more (--lowest)\n", l.minima.size() - shown(found, most));
  fmt::print("\nleast costs    gap, network\n");
  for (const Index w : found.lowest)
    fmt::print("  {:<12.6g} {}\n", e.costs[w] - e.minimum, bits_of(w, e.qubits()));
  fmt::print("\ngap up to      networks\n");
  for (std::size_t b = 0; b < found.histogram.size(); ++b)
    fmt::print("  {:<12.6g} {}\n", static_cast<double>(b + 1) * bin_width(e, found),
               found.histogram[b]);
}

void run_landscape(const LandscapeOptions& options) {
  constexpr double more = 4.0;  // bytes for each network
  const Enumeration e =
      enumerate(options.table, {.more = more, .qubits = most_landscape_qubits, .check = {}});
  const auto allow = [&](std::uint64_t minima) {
    const double networks = static_cast<double>(e.costs.size());
    const double bytes = more * networks + bytes_per_minimum * static_cast<double>(minima);
    require_memory(options.table.experiment, {e.qubits(), bytes, 0.0}, available_memory());
  };
  const Found found{find_landscape(e.costs, allow), find_lowest(e.costs, options.lowest),
                    histogram(e.costs, e.minimum, e.maximum, options.bins)};
  if (options.json)
    print_json(e, found, options.lowest);
  else
    print_text(e, found, options.lowest);
}

}  // namespace

void add_landscape(CLI::App& app) {
  auto options = std::make_shared<LandscapeOptions>();
  CLI::App* verb = app.add_subcommand(
      "landscape", "Local minima, their basins, the best networks and a histogram of the costs");
  add_enumeration_options(*verb, options->table);
  add_integer(*verb, "--lowest", options->lowest,
              "Networks and local minima to print (default: 10)", 1, 100000);
  add_integer(*verb, "--bins", options->bins, "Intervals of the histogram (default: 20)", 1,
              100000);
  verb->add_flag("--json", options->json, "Print JSON");
  verb->footer(
      "A local minimum has no neighbor of less cost; neighbors differ in one bit. Costs that are "
      "equal up to\n"
      "rounding count as equal. Needs 12 bytes for each of the 2^N networks, N at most 32.\n"
      "Example:\n  qhn landscape jobs/experiments/gaussian.toml --lowest 20");
  verb->callback([options] { run_landscape(*options); });
}

}  // namespace qhn
