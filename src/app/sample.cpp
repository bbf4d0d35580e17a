#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "app/single_state.hpp"
#include "app/verbs.hpp"
#include "state/measure.hpp"

namespace qhn {
namespace {

struct SampleOptions {
  SingleStateOptions state;
  std::uint64_t shots = 0;
  std::uint64_t seed = 1;
};

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
