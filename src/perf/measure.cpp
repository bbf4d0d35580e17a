#include "perf/measure.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <iterator>
#include <memory>
#include <span>
#include <thread>
#include <vector>

#include "core/aligned.hpp"
#include "perf/roof.hpp"

namespace qhn {
namespace {

/// What to time at each size: the linear family at one depth with one engine.
struct Probe {
  Kernel kernel;
  EngineKind engine;
  int sublayers;
  bool gradient;
  bool whole = false;  ///< never block by block, even for a large state

  int block_qubits(int qubits) const { return whole ? qubits : 0; }
};
// The cut engine has two branches at a depth of 4, four at 6 and eight at 8.
constexpr Probe probes[] = {{Kernel::sweep, EngineKind::sweep, 4, false, true},
                            {Kernel::sweep_gradient, EngineKind::sweep, 4, true, true},
                            {Kernel::blocks, EngineKind::sweep, 4, false},
                            {Kernel::blocks_gradient, EngineKind::sweep, 4, true},
                            {Kernel::cut_2, EngineKind::cut, 4, false},
                            {Kernel::cut_2_gradient, EngineKind::cut, 4, true},
                            {Kernel::cut_4, EngineKind::cut, 6, false},
                            {Kernel::cut_4_gradient, EngineKind::cut, 6, true},
                            {Kernel::cut_more, EngineKind::cut, 8, false},
                            {Kernel::cut_more_gradient, EngineKind::cut, 8, true}};
// Denser where arrays outgrow the caches of many machines.
constexpr int sizes[] = {12, 14, 16, 18, 19, 20, 21, 22, 23, 24};
constexpr int rounds = 3;  // seconds apart; the median counts, since medians are predicted

double median(std::span<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

/// The median time of at least one evaluation, after one for warm-up.
double seconds_of(Engine& engine, std::vector<double>& angles, bool gradient) {
  using Clock = std::chrono::steady_clock;
  std::vector<double> derivatives(angles.size()), times;
  const auto started = Clock::now();
  do {
    for (double& angle : angles) angle += 0.1;  // so that no engine reuses a result
    const auto begin = Clock::now();
    if (gradient)
      engine.expectation_and_gradient(angles, derivatives);
    else
      engine.expectation(angles);
    times.push_back(std::chrono::duration<double>(Clock::now() - begin).count());
  } while (times.size() < 2 || Clock::now() - started < std::chrono::milliseconds(50));
  return median(std::span(times).subspan(1));
}

/// One engine with its circuit, costs and angles.
struct Trial {
  Trial(const Probe& probe, int qubits, int threads)
      : gradient(probe.gradient),
        circuit(make_circuit(Family::linear, qubits, probe.sublayers)),
        cost(dimension(qubits)),
        angles(static_cast<std::size_t>(circuit.angles), 0.5) {
    for_pieces(cost.size(), threads, [&](Index begin, Index end) {
      for (Index w = begin; w < end; ++w) cost[w] = static_cast<double>(w % 1021);
    });
    engine =
        make_engine(circuit, cost,
                    {probe.engine, Precision::float64, threads, true, probe.block_qubits(qubits)});
  }
  double seconds() { return seconds_of(*engine, angles, gradient); }

  bool gradient;
  Circuit circuit;
  AlignedVector<double> cost;
  std::vector<double> angles;
  std::unique_ptr<Engine> engine;
};

/// The shares of the roof `rates`; seconds(probe, qubits) must time an evaluation.
template <class Seconds>
Shares measure_shares(const CoreRates& rates, int most_qubits, Seconds seconds) {
  double times[std::size(probes)][std::size(sizes)][rounds];
  for (int round = 0; round < rounds; ++round)
    for (std::size_t i = 0; i < std::size(sizes); ++i)
      for (std::size_t p = 0; p < std::size(probes) && sizes[i] <= most_qubits; ++p)
        times[p][i][round] = seconds(probes[p], sizes[i]);
  Shares shares;
  for (std::size_t p = 0; p < std::size(probes); ++p)
    for (std::size_t i = 0; i < std::size(sizes) && sizes[i] <= most_qubits; ++i) {
      const Circuit circuit = make_circuit(Family::linear, sizes[i], probes[p].sublayers);
      const ExecutionPlan plan = plan_execution(
          circuit, {{.kind = probes[p].engine, .block_qubits = probes[p].block_qubits(sizes[i])}});
      const Work work = probes[p].gradient ? gradient_work(plan) : expectation_work(plan);
      const double roof = std::max(work.flops / rates.fma, work.bytes / rates.pass.at(sizes[i]));
      Curve& share = shares[static_cast<std::size_t>(probes[p].kernel)];
      share.qubits.push_back(sizes[i]);
      share.values.push_back(roof / median(times[p][i]));
    }
  return shares;
}

}  // namespace

CoreRates measure_cores(int threads) {
  CoreRates rates;
  rates.fma = fma_rate(threads);
  for (int n = 10; n <= 26; n += n < 18 ? 2 : 1) {
    rates.pass.qubits.push_back(n);
    rates.pass.values.push_back(pass_rate(n, threads));
  }
  rates.share = measure_shares(rates, 64, [&](const Probe& probe, int qubits) {
    return Trial(probe, qubits, threads).seconds();
  });
  return rates;
}

Shares measure_crowd(const CoreRates& one, int cores, double memory) {
  const int most =
      std::max(12, static_cast<int>(std::log2(memory / cores / 48.0)));  // 40 bytes an entry
  return measure_shares(one, most, [&](const Probe& probe, int qubits) {
    // Every core repeats the evaluation until the last one has been timed; the slowest counts.
    std::vector<double> seconds(static_cast<std::size_t>(cores));
    std::atomic<int> working = cores, ready = 0;
    for_threads(cores, [&](std::size_t core) {
      Trial trial(probe, qubits, 1);
      for (++ready; ready < cores;) std::this_thread::yield();
      seconds[core] = trial.seconds();
      for (--working; working > 0;) trial.seconds();
    });
    return *std::max_element(seconds.begin(), seconds.end());
  });
}

}  // namespace qhn
