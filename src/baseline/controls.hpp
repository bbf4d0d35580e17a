#pragma once

#include <cstdint>

#include "baseline/loss_oracle.hpp"
#include "core/random.hpp"
#include "record/record.hpp"

namespace qhn {

// Searches over the joint bit string of weights and choices: one loop, as in the circuit, but
// nothing quantum. Each is one restart; what it found is the oracle's best().

/// `budget` networks, uniform and independent.
void random_search(LossOracle& loss, int bits, std::uint64_t budget, CounterRng& rng);

/// Steepest one-flip descent: to the best of the `bits` neighbours (of equal ones the lowest bit's)
/// while that is an improvement. All neighbours are asked for at every step: 1 + bits·(steps + 1)
/// evaluations. Returns the local minimum.
Index steepest_descent(LossOracle& loss, int bits, Index start);

struct AnnealingOptions {
  std::uint64_t sweeps = 100;       ///< of `bits` proposals each
  double temperature_ratio = 1e-2;  ///< last temperature / first
};
/// Metropolis with one-flip proposals, from a uniform start: 1 + bits·(sweeps + 1) evaluations.
void anneal(LossOracle& loss, int bits, const AnnealingOptions& options, CounterRng& rng);

struct CrossEntropyOptions {
  int population = 100;    ///< networks of an iteration
  double elite = 0.1;      ///< share of them that is learned from
  double smoothing = 0.7;  ///< weight of what is learned against what was known
  int max_iterations = 1000;
};
/// The cross-entropy method with independent bits, the classical counterpart of a product circuit:
/// P.-T. de Boer, D. P. Kroese, S. Mannor, R. Y. Rubinstein, Annals of Operations Research 134
/// (2005) 19, sections 2.2 and 4 (algorithm, smoothing, stop). Ends where the worst loss of the
/// elite has been the same in 5 iterations, or every bit is settled to 1e-3.
Status cross_entropy(LossOracle& loss, int bits, const CrossEntropyOptions& options,
                     CounterRng& rng);

/// A uniform bit string.
Index random_string(int bits, CounterRng& rng);

}  // namespace qhn
