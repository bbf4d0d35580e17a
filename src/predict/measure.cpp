#include "predict/measure.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <vector>

#include "core/aligned.hpp"
#include "predict/roof.hpp"

namespace qhn {
namespace {

/// The linear family at one depth by one engine, to be timed at any size.
struct Probe {
  Kernel kernel;
  EngineKind engine;
  int sublayers;
  bool gradient;
};
// The cut engine has two branches at a depth of 4 and eight at a depth of 8.
constexpr Probe probes[] = {{Kernel::sweep, EngineKind::sweep, 4, false},
                            {Kernel::sweep_gradient, EngineKind::sweep, 4, true},
                            {Kernel::paired, EngineKind::cut, 4, false},
                            {Kernel::paired_gradient, EngineKind::cut, 4, true},
                            {Kernel::tiled, EngineKind::cut, 8, false},
                            {Kernel::tiled_gradient, EngineKind::cut, 8, true}};

/// The median of some evaluations after one that does not count.
double seconds_of(Engine& engine, std::vector<double>& angles, bool gradient) {
  using Clock = std::chrono::steady_clock;
  std::vector<double> derivatives(angles.size()), times;
  const auto started = Clock::now();
  for (int i = 0; i < 4 || (i < 100 && Clock::now() - started < std::chrono::milliseconds(50));
       ++i) {
    for (double& angle : angles) angle += 0.1;  // no engine can use what it has
    const auto begin = Clock::now();
    if (gradient)
      engine.expectation_and_gradient(angles, derivatives);
    else
      engine.expectation(angles);
    if (i > 0) times.push_back(std::chrono::duration<double>(Clock::now() - begin).count());
  }
  std::nth_element(times.begin(), times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2),
                   times.end());
  return times[times.size() / 2];
}

}  // namespace

CoreRates measure_cores(int threads) {
  CoreRates rates;
  rates.fma = fma_rate(threads);
  for (int n = 10; n <= 26; n += 2) {
    rates.pass.qubits.push_back(n);
    rates.pass.values.push_back(pass_rate(n, threads));
  }
  for (int n = 12; n <= 24; n += 2) {
    AlignedVector<double> cost(dimension(n));
    for_pieces(cost.size(), threads, [&](Index begin, Index end) {
      for (Index w = begin; w < end; ++w) cost[w] = static_cast<double>(w % 1021);
    });
    for (const Probe& probe : probes) {
      const Circuit circuit = make_circuit(Family::linear, n, probe.sublayers);
      const Work work = probe.gradient ? gradient_work(circuit, probe.engine)
                                       : expectation_work(circuit, probe.engine);
      std::vector<double> angles(static_cast<std::size_t>(circuit.angles), 0.5);
      const auto engine = make_engine(circuit, cost, {probe.engine, Precision::float64, threads});
      const double roof = std::max(work.flops / rates.fma, work.bytes / rates.pass.at(n));
      Curve& share = rates.share[static_cast<std::size_t>(probe.kernel)];
      share.qubits.push_back(n);
      share.values.push_back(roof / seconds_of(*engine, angles, probe.gradient));
    }
  }
  return rates;
}

}  // namespace qhn
