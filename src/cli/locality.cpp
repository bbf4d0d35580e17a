#include "problem/locality.hpp"

#include <fmt/format.h>

#include <bit>
#include <cstdlib>
#include <memory>
#include <optional>
#include <utility>

#include "campaign/memory.hpp"
#include "campaign/node_memory.hpp"
#include "campaign/ranked_problem.hpp"
#include "cli/enumeration.hpp"
#include "cli/json_line.hpp"
#include "cli/options.hpp"
#include "cli/verbs.hpp"
#include "comm/distributed_wht.hpp"
#include "comm/launcher.hpp"
#include "core/costs.hpp"
#include "core/error.hpp"

namespace qhn {
namespace {

struct LocalityOptions {
  EnumerationOptions table;
  int ranks = 1;
  bool json = false;
};

// Of a table whose parts are the strings with the same high bits, one on every rank. Collective.
Locality find_in_parts(const LocalityOptions& options, const RankedProblem& p) {
  const int bits = p.problem->bits(), size = p.ranks->size();
  const int local = bits - std::countr_zero(static_cast<unsigned>(size));
  std::vector<double> part, squares(static_cast<std::size_t>(bits) + 1, 0.0);
  IndexMap map;
  p.session->agree([&] {
    if (2 * local < bits)
      throw InputError(
          fmt::format("--ranks {}: a table of {} bits is too small; allowed: at most {}", size,
                      bits, dimension(bits / 2)));
    const double part_bytes = 8.0 * static_cast<double>(dimension(local));
    require_memory(options.table.experiment,
                   {bits, part_bytes * p.ranks->comm().node().size(), 0.0}, available_memory());
    map = identity_map(local);
    map.base = static_cast<Index>(p.ranks->rank()) << local;
    part.resize(dimension(local));
    p.problem->slice(map, part);
    require_finite(part, [&](Index x) { return map(x); });
  });
  walsh_hadamard(*p.ranks, part);
  add_squares(part, map.base, squares);
  p.ranks->sum(std::span(squares));
  return locality_of_squares(std::move(squares));
}

// On rank 0 of several; nullopt on the others. Collective.
std::optional<Locality> find_on_ranks(const LocalityOptions& options) {
  RankedProblem p;
  load(
      {"locality", options.table.experiment, {}, options.table.overrides, options.ranks, "--ranks"},
      [&](const Experiment& experiment) {
        use_threads(options.table.threads);
        require_memory_for_data(options.table.experiment, experiment.problem, available_memory());
      },
      p);
  if (!p.has_part()) return std::nullopt;
  Locality found = find_in_parts(options, p);
  return p.speaks() ? std::optional(std::move(found)) : std::nullopt;
}

void print(const LocalityOptions& options, const Locality& found) {
  const std::size_t bits = found.weights.size() - 1;
  if (options.json) {
    std::vector<double> shares;
    for (std::size_t s = 1; s < found.weights.size(); ++s) shares.push_back(found.share(s));
    print_line({{"qubits", bits},
                {"weights", found.weights},
                {"shares", shares},
                {"mean_square", found.mean_square},
                {"variance", found.variance}});
    return;
  }
  fmt::print("qubits       {}\nmean square  {:.17g}\nvariance     {:.17g}\n", bits,
             found.mean_square, found.variance);
  print_locality(found);
}

void run_locality(const LocalityOptions& options) {
  if (options.ranks > 1) {
    if (const std::optional<Locality> found = find_on_ranks(options)) print(options, *found);
    return;
  }
  refuse_several_ranks("locality", "--ranks", std::getenv);
  Enumeration e = enumerate(options.table, {});
  print(options, find_locality(e.costs));
}

}  // namespace

void add_locality(CLI::App& app) {
  auto options = std::make_shared<LocalityOptions>();
  CLI::App* verb = app.add_subcommand(
      "locality", "How much of the costs is made of terms of one bit, two bits, …");
  add_enumeration_options(*verb, options->table);
  add_integer(*verb, "--ranks", options->ranks,
              "Ranks that share the table: 1, 2, 4, … (default: 1; more need mpirun)", 1, 1 << 20);
  verb->add_flag("--json", options->json,
                 "Print JSON: weights W(0…N), and shares of the variance for S = 1…N");
  verb->footer(
      "W(S) is the sum of the squared Walsh-Hadamard coefficients of S bits (docs/theory.md). "
      "Needs "
      "8 bytes\n"
      "for each of the 2^N networks.\n"
      "Examples:\n  qhn locality jobs/experiments/mnist-01.toml\n"
      "  mpirun -n 4 qhn locality jobs/experiments/synthetic.toml --set problem.qubits=32 --ranks "
      "4");
  verb->callback([options] { run_locality(*options); });
}

}  // namespace qhn
