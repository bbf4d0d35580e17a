#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "app/options.hpp"
#include "app/single_state.hpp"
#include "app/verbs.hpp"
#include "dist/sweep.hpp"
#include "state/measure.hpp"

namespace qhn {
namespace {

struct SampleOptions {
  SingleStateOptions state;
  std::uint64_t shots = 0;
  std::uint64_t seed = 1;
};

Counts measure_here(const SingleState& s, const SampleOptions& options) {
  AlignedVector<Complex> amplitudes(dimension(s.circuit.qubits));
  make_engine(s.circuit, s.costs, s.engine)->state(s.angles, amplitudes);
  return measure(amplitudes, options.shots, options.seed, s.engine.threads);
}

/// All counts on rank 0.
Counts measure_spread(const SingleState& s, const SampleOptions& options) {
  return s.ranks->gather(
      make_distributed_sweep(*s.ranks, s.circuit, s.layout.plan, s.costs, s.engine)
          ->measure(s.angles, options.shots, CounterRng(options.seed, Stream::shots, 0)));
}

void run_sample(const SampleOptions& options) {
  const SingleState s = prepare_single_state(options.state, false, true);
  if (!s.has_part()) return;
  const auto counts = s.ranks ? measure_spread(s, options) : measure_here(s, options);
  if (!s.speaks()) return;

  std::vector<std::pair<Index, std::uint64_t>> rows(counts.begin(), counts.end());
  std::stable_sort(rows.begin(), rows.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  fmt::print("# parameter 0 is the first bit\n# {:<{}}  count  cost  network\n", "bits",
             std::max(s.circuit.qubits - 2, 0));
  for (const auto& [w, count] : rows) {
    double cost = 0.0;
    s.problem->costs(w, std::span<double>(&cost, 1));
    std::string network;
    for (const DecodedValue& value : s.problem->decode(w))
      network += fmt::format(" {}={}", value.name, value.value);
    fmt::print("{:0{}b}  {}  {:.17g} {}\n", w, s.circuit.qubits, count, cost, network);
  }
}

}  // namespace

void add_sample(CLI::App& app) {
  auto options = std::make_shared<SampleOptions>();
  CLI::App* verb = app.add_subcommand("sample", "Measure bit strings at given angles");
  add_single_state_options(*verb, options->state);
  add_integer(*verb, "--shots", options->shots, "Number of measurements", 1, std::uint64_t{1} << 33)
      ->required();
  add_integer(*verb, "--seed", options->seed, "Of the measurements (default: 1)", 0);
  verb->footer(
      "Example:\n  qhn sample jobs/experiments/gaussian.toml --angles angles.txt --shots 1000");
  verb->callback([options] { run_sample(*options); });
}

}  // namespace qhn
