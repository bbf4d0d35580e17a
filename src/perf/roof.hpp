#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <limits>

#include "core/aligned.hpp"
#include "core/chunks.hpp"
#include "core/types.hpp"
#include "perf/loops.hpp"

namespace qhn {

/// Runs each of `count` candidates, run(k), a few times and returns the index of the fastest.
template <class Run>
std::size_t fastest(std::size_t count, int iterations, Run run) {
  using Clock = std::chrono::steady_clock;
  std::size_t best = 0;
  double least = std::numeric_limits<double>::infinity();
  for (int trial = 0; trial <= 3; ++trial)
    for (std::size_t k = 0; k < count; ++k) {
      const auto start = Clock::now();
      for (int i = 0; i < iterations; ++i) run(k);
      const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
      if (trial == 0 || seconds >= least) continue;  // the first round warms up
      least = seconds;
      best = k;
    }
  return best;
}

/// Calls body(begin, end) for one contiguous piece per thread, so that each thread touches its own
/// pages first. Pieces are multiples of 64 items.
template <class Body>
void for_pieces(Index items, int threads, Body body) {
  const Chunks pieces(items / 64, 1, static_cast<Index>(threads));
  for_chunks(pieces, threads, [&](Index p) { body(64 * pieces.begin(p), 64 * pieces.end(p)); });
}

template <class Body>
void for_threads(int threads, Body body) {
#pragma omp parallel for num_threads(threads) schedule(static)
  for (int t = 0; t < threads; ++t) body(static_cast<std::size_t>(t));
}

/// A state of 2^qubits amplitudes, qubits >= 6, that pass_loops() scale in place: 32·2^qubits bytes
/// and 6·2^qubits flops per pass.
class PassArrays {
 public:
  PassArrays(int qubits, int threads);
  void run(const PassLoop& loop);
  PassLoop fastest_loop(int iterations);
  /// Resets the state, runs once and verifies the result; `broken` corrupts the result first.
  bool verify(const PassLoop& loop, bool broken);

 private:
  void reset();

  Index size_;
  int threads_;
  AlignedVector<double> data_;
};

/// The loop with the most flops per second on one thread.
FmaLoop fastest_fma_loop();

/// Measured rates of `threads` threads in total: bytes/s of a pass over a state of 2^qubits
/// amplitudes; flops/s of fused multiply-adds in registers. Each takes less than a second.
double pass_rate(int qubits, int threads);
double fma_rate(int threads);

}  // namespace qhn
