#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>

#include "app/single_state.hpp"
#include "app/verbs.hpp"
#include "core/random.hpp"

namespace qhn {
namespace {

struct SampleOptions {
  SingleStateOptions state;
  std::uint64_t shots = 0;
  std::uint64_t seed = 1;
};

/// Counts of `shots` measurements: uniform numbers of stream (seed, shots), sorted, and located in
/// the cumulative probabilities in one sweep.
std::map<Index, std::uint64_t> measure(std::span<const Complex> amplitudes, std::uint64_t shots,
                                       std::uint64_t seed) {
  CounterRng rng(seed, Stream::shots, 0);
  std::vector<double> points(shots);
  for (double& point : points) point = rng.uniform();
  std::sort(points.begin(), points.end());

  double norm = 0.0;  // 1 but for rounding
  for (const Complex& amplitude : amplitudes) norm += std::norm(amplitude);
  std::map<Index, std::uint64_t> counts;
  double cumulative = 0.0;
  auto point = points.begin();
  for (Index w = 0; w < amplitudes.size() && point != points.end(); ++w) {
    cumulative += std::norm(amplitudes[w]);
    const auto first = point;
    while (point != points.end() && *point * norm < cumulative) ++point;
    if (point != first) counts[w] = static_cast<std::uint64_t>(point - first);
  }
  return counts;
}

void run_sample(const SampleOptions& options) {
  const SingleState s = prepare_single_state(options.state);
  AlignedVector<Complex> amplitudes(dimension(s.circuit.qubits));
  s.engine->state(s.angles, amplitudes);
  const auto counts = measure(amplitudes, options.shots, options.seed);

  std::vector<std::pair<Index, std::uint64_t>> rows(counts.begin(), counts.end());
  std::stable_sort(rows.begin(), rows.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  fmt::print("# parameter 0 is the first bit\n# {:<{}}  count  cost  network\n", "bits",
             std::max(s.circuit.qubits - 2, 0));
  for (const auto& [w, count] : rows) {
    std::string network;
    for (const DecodedValue& value : s.problem->decode(w))
      network += fmt::format(" {}={}", value.name, value.value);
    fmt::print("{:0{}b}  {}  {:.17g} {}\n", w, s.circuit.qubits, count, s.costs[w], network);
  }
}

}  // namespace

void add_sample(CLI::App& app) {
  auto options = std::make_shared<SampleOptions>();
  CLI::App* verb = app.add_subcommand("sample", "Measure bit strings at given angles");
  add_single_state_options(*verb, options->state);
  verb->add_option("--shots", options->shots, "Number of measurements")
      ->required()
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1} << 40));
  verb->add_option("--seed", options->seed, "Of the measurements (default: 1)");
  verb->footer(
      "Example:\n  qhn sample jobs/experiments/gaussian.toml --angles angles.txt --shots 1000");
  verb->callback([options] { run_sample(*options); });
}

}  // namespace qhn
