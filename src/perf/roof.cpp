#include "perf/roof.hpp"

#include <cmath>
#include <vector>

namespace qhn {
namespace {

double start(Index i) { return static_cast<double>(i % 1021) / 1021.0; }
const Complex factor = std::polar(1.0, 0.7);

double seconds_of(auto run) {
  const auto begin = std::chrono::steady_clock::now();
  run();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

/// Best rate amount/seconds of `run`: a run for warm-up, then at least three, 0.2 s in total.
double best_rate(double amount, auto run) {
  double best = 0.0, spent = 0.0;
  for (int i = 0; i < 4 || spent < 0.2; ++i) {
    const double seconds = seconds_of(run);
    spent += seconds;
    if (i > 0) best = std::max(best, amount / seconds);
  }
  return best;
}

}  // namespace

PassArrays::PassArrays(int qubits, int threads)
    : size_(dimension(qubits)), threads_(threads), data_(2 * size_) {
  reset();
}

void PassArrays::reset() {
  for_pieces(2 * size_, threads_, [&](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) data_[i] = start(i);
  });
}

void PassArrays::run(const PassLoop& loop) {
  double *re = data_.data(), *im = re + size_;
  for_pieces(size_, threads_, [&](Index begin, Index end) {
    loop.run(re, im, begin, end, factor.real(), factor.imag());
  });
}

PassLoop PassArrays::fastest_loop(int iterations) {
  const auto loops = pass_loops();
  return loops[fastest(loops.size(), iterations, [&](std::size_t k) { run(loops[k]); })];
}

bool PassArrays::verify(const PassLoop& loop, bool broken) {
  reset();
  run(loop);
  if (broken) data_[0] += 1.0;
  for (Index x = 0; x < size_; ++x) {
    const Index re = loop.paired ? x / 8 * 16 + x % 8 : x;
    const Index im = loop.paired ? re + 8 : size_ + x;
    const Complex expected = factor * Complex(start(re), start(im));
    if (std::abs(data_[re] - expected.real()) > 1e-15 ||
        std::abs(data_[im] - expected.imag()) > 1e-15)
      return false;
  }
  return true;
}

FmaLoop fastest_fma_loop() {
  const auto loops = fma_loops();
  // The variants do the same work per lane but differ in lanes, so compare rates.
  std::size_t best = 0;
  double highest = 0.0;
  alignas(64) double x[most_fma_lanes] = {};
  for (std::size_t k = 0; k < loops.size(); ++k)
    for (int trial = 0; trial <= 3; ++trial) {
      const double rate =
          loops[k].lanes / seconds_of([&] { loops[k].run(x, 0.999, 0.001, Index{1} << 17); });
      if (trial > 0 && rate > highest) {
        highest = rate;
        best = k;
      }
    }
  return loops[best];
}

double pass_rate(int qubits, int threads) {
  PassArrays arrays(qubits, threads);
  const double bytes = 32.0 * static_cast<double>(dimension(qubits));
  const int iterations = std::max(1, static_cast<int>(1e9 / bytes));
  const PassLoop loop = arrays.fastest_loop(std::max(1, iterations / 8));
  return best_rate(bytes * iterations, [&] {
    for (int i = 0; i < iterations; ++i) arrays.run(loop);
  });
}

double fma_rate(int threads) {
  const FmaLoop loop = fastest_fma_loop();
  struct Lanes {
    alignas(64) double x[most_fma_lanes] = {};
  };
  std::vector<Lanes> lanes(static_cast<std::size_t>(threads));
  constexpr Index steps = 1 << 20;
  return best_rate(2.0 * loop.lanes * steps * threads, [&] {
    for_threads(threads, [&](std::size_t t) { loop.run(lanes[t].x, 1.0 - 1e-6, 1e-6, steps); });
  });
}

}  // namespace qhn
