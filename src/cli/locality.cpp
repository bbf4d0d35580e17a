#include "problem/locality.hpp"

#include <fmt/format.h>
#include <omp.h>

#include <chrono>
#include <memory>

#include "campaign/memory.hpp"
#include "campaign/node_memory.hpp"
#include "campaign/ranked_problem.hpp"
#include "cli/enumeration.hpp"
#include "cli/options.hpp"
#include "cli/verbs.hpp"
#include "comm/distributed_wht.hpp"
#include "comm/processors.hpp"
#include "core/costs.hpp"
#include "core/error.hpp"

namespace qhn {
namespace {

struct LocalityOptions {
  EnumerationOptions table;
  int ranks = 1;
  bool json = false;
};

void check_memory(const LocalityOptions& options, int bits, int ranks_here) {
  const double table = 8.0 * static_cast<double>(dimension(bits)) / options.ranks;
  require_memory(options.table.experiment, {bits, table * ranks_here, 0.0}, available_memory());
}

/// Of a table whose parts are the strings with the same high bits, one on every rank. Collective.
Locality find_on_ranks(const LocalityOptions& options, const RankedProblem& p) {
  const int bits = p.problem->bits(), size = p.ranks->size();
  const int local = bits - std::countr_zero(static_cast<unsigned>(size));
  std::vector<double> part, squares(static_cast<std::size_t>(bits) + 1, 0.0);
  IndexMap map;
  p.session->agree([&] {
    if (2 * local < bits)
      throw InputError(
          fmt::format("--ranks {}: a table of {} bits is too small; allowed: at most {}", size,
                      bits, dimension(bits / 2)));
    check_memory(options, bits, p.ranks->comm().node().size());
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

void run_locality(const LocalityOptions& options) {
  RankedProblem p;
  load(
      {"locality", options.table.experiment, options.table.overrides, options.ranks, "--ranks"},
      [&](const Experiment& experiment) {
        use_threads(options.table.threads);
        const ProblemOptions& problem = experiment.problem;
        require_memory_for_data(options.table.experiment, problem, available_memory());
        if (options.ranks > 1 || problem.kind == ProblemKind::table) return;
        check_memory(options, network_bits(problem), 1);
      },
      p);
  if (!p.has_part()) return;
  const int bits = p.problem->bits();
  Locality found;
  if (p.ranks) {
    found = find_on_ranks(options, p);
  } else {
    check_memory(options, bits, 1);
    std::vector<double> costs(dimension(bits));
    p.problem->costs(0, costs);
    require_finite(costs, [](Index w) { return w; });
    found = find_locality(costs);
  }
  if (!p.speaks()) return;
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
