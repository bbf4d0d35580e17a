#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <limits>

#include "core/aligned.hpp"
#include "core/chunks.hpp"
#include "core/types.hpp"
#include "predict/loops.hpp"

namespace qhn {

/// Runs every one of `count` candidates a few times, run(k), and returns the position of the
/// fastest.
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

/// One contiguous piece for each thread, so that each touches its own pages first.
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

/// A state of 2^qubits amplitudes, at least 6 qubits, that pass_loops() scale in place:
/// 32·2^qubits bytes and 6·2^qubits flops a pass.
class PassArrays {
 public:
  PassArrays(int qubits, int threads);
  void run(const PassLoop& loop);
  PassLoop fastest_loop(int iterations);
  /// Starts again, runs once and compares; `broken` falsifies the result before.
  bool verify(const PassLoop& loop, bool broken);

 private:
  void reset();

  Index size_;
  int threads_;
  AlignedVector<double> data_;
};

/// The loop with the most flops a second on one thread.
FmaLoop fastest_fma_loop();

/// What `threads` threads reach together: bytes a second of a pass over a state of 2^qubits
/// amplitudes, flops a second of fused multiply-adds in registers. Less than a second each.
double pass_rate(int qubits, int threads);
double fma_rate(int threads);

}  // namespace qhn
