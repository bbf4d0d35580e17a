#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <optional>

#include "cli/options.hpp"
#include "cli/single_state_options.hpp"
#include "cli/verbs.hpp"
#include "comm/distributed_sweep.hpp"
#include "engine/measure.hpp"

namespace qhn {
namespace {

struct SampleOptions {
  SingleStateOptions state;
  std::uint64_t shots = 0;
  std::uint64_t seed = 1;
};

Counts measure_here(const SingleState& s, const std::vector<double>& angles,
                    const SampleOptions& options) {
  AlignedVector<Complex> amplitudes(dimension(s.plan.circuit.qubits));
  measurable_state(*make_engine(s.plan, s.costs), angles, amplitudes);
  return measure(amplitudes, options.shots, options.seed, s.plan.engine.threads);
}

/// Measures the distributed state; rank 0 returns all counts. Collective.
Counts measure_spread(const SingleState& s, const std::vector<double>& angles,
                      const SampleOptions& options) {
  return s.ranks->gather(
      make_distributed_sweep(*s.ranks, s.plan.circuit, s.plan.exchanges, s.costs, s.plan.engine)
          ->measure(angles, options.shots, CounterRng(options.seed, Stream::shots, 0)));
}

/// Returns on rank 0 the costs of its `strings`, each from the rank that holds it. Collective.
std::vector<double> costs_of(const SingleState& s, std::vector<Index> strings) {
  std::vector<double> costs(strings.size());
  if (!s.ranks) {
    std::ranges::transform(strings, costs.begin(), [&](Index w) { return s.costs[w]; });
    return costs;
  }
  const IndexMap part = s.plan.part(s.ranks->rank());
  std::uint64_t count = strings.size();
  const Communicator& comm = s.ranks->comm();
  comm.broadcast(count);
  constexpr std::uint64_t at_once = 1 << 20;
  for (std::uint64_t first = 0; first < count; first += at_once) {
    const auto some = static_cast<int>(std::min(at_once, count - first));
    std::vector<Index> asked(static_cast<std::size_t>(some));
    if (s.speaks())
      std::copy_n(strings.begin() + static_cast<std::ptrdiff_t>(first), some, asked.begin());
    comm.broadcast_bytes(asked.data(), asked.size() * sizeof(Index));
    std::vector<double> here, all(asked.size());
    for (const Index w : asked) {
      const std::optional<Index> x = part.find(w);
      here.push_back(x ? s.costs[*x] : std::numeric_limits<double>::infinity());
    }
    MPI_Reduce(here.data(), all.data(), some, MPI_DOUBLE, MPI_MIN, 0, comm);
    if (s.speaks())
      std::copy(all.begin(), all.end(), costs.begin() + static_cast<std::ptrdiff_t>(first));
  }
  return costs;
}

// Collective.
void sample(const SingleState& s, const NamedAngles& state, const SampleOptions& options) {
  const auto counts =
      s.ranks ? measure_spread(s, state.angles, options) : measure_here(s, state.angles, options);
  std::vector<std::pair<Index, std::uint64_t>> rows(counts.begin(), counts.end());
  std::stable_sort(rows.begin(), rows.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  std::vector<Index> strings;
  for (const auto& [w, count] : rows) strings.push_back(w);
  const std::vector<double> costs = costs_of(s, std::move(strings));
  if (!s.speaks()) return;

  if (options.state.restart.all) fmt::print("# restart {}\n", *state.restart);
  for (std::size_t k = 0; k < rows.size(); ++k) {
    const auto& [w, count] = rows[k];
    std::string network;
    for (const DecodedValue& value : s.problem->decode(w))
      network += fmt::format(" {}={}", value.name, value.value);
    fmt::print("{:0{}b}  {}  {:.17g} {}\n", w, s.plan.circuit.qubits, count, costs[k], network);
  }
}

void run_sample(const SampleOptions& options) {
  const SingleState s = prepare_single_state(options.state, false, true);
  if (!s.has_part()) return;
  if (s.speaks())
    fmt::print("# parameter 0 is the first bit\n# {:<{}}  count  cost  network\n", "bits",
               std::max(s.plan.circuit.qubits - 2, 0));
  for (const NamedAngles& state : s.states) sample(s, state, options);
}

}  // namespace

void add_sample(CLI::App& app) {
  auto options = std::make_shared<SampleOptions>();
  CLI::App* verb = app.add_subcommand("sample", "Measure networks (bit strings) at given angles");
  add_single_state_options(*verb, options->state);
  add_integer(*verb, "--shots", options->shots, "Number of measurements", 1, std::uint64_t{1} << 33)
      ->required();
  add_integer(*verb, "--seed", options->seed, "Seed of the measurements (default: 1)", 0);
  verb->footer(
      "Examples:\n  qhn sample jobs/experiments/gaussian.toml --angles angles.txt --shots 1000\n"
      "  qhn sample --from results/gaussian --restart 17 --shots 1000\n"
      "With --all every restart is measured with the same seed.");
  verb->callback([options] { run_sample(*options); });
}

}  // namespace qhn
