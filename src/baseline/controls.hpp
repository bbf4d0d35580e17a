#pragma once

#include <cstdint>

#include "baseline/loss_oracle.hpp"
#include "core/random.hpp"
#include "record/record.hpp"

namespace qhn {

// Classical searches over the joint bit string of weights and choices, in one loop like the
// circuit. Each call is one restart; LossOracle::best() holds its result.

/// Draws `budget` networks, uniform and independent.
void random_search(LossOracle& loss, int bits, std::uint64_t budget, CounterRng& rng);

/// Steepest one-flip descent: moves to the best of the `bits` neighbors (ties: the lowest bit)
/// while that lowers the loss. Each step evaluates all neighbors: 1 + bits·(steps + 1) evaluations.
/// Returns the local minimum.
Index steepest_descent(LossOracle& loss, int bits, Index start);

struct AnnealingOptions {
  std::uint64_t sweeps = 100;       ///< each of `bits` proposals
  double temperature_ratio = 1e-2;  ///< last / first temperature
};
/// Metropolis algorithm with one-flip proposals, from a uniform start: 1 + bits·(sweeps + 1)
/// evaluations.
void anneal(LossOracle& loss, int bits, const AnnealingOptions& options, CounterRng& rng);

struct CrossEntropyOptions {
  int population = 100;    ///< networks per iteration
  double elite = 0.1;      ///< fraction of them that updates the probabilities
  double smoothing = 0.7;  ///< weight of the new probabilities
  int max_iterations = 1000;
};
/// The cross-entropy method with independent bits, the classical counterpart of a product circuit:
/// P.-T. de Boer, D. P. Kroese, S. Mannor, R. Y. Rubinstein, Annals of Operations Research 134
/// (2005) 19, sections 2.2 and 4 (algorithm, smoothing, stop). Converges when the worst loss of the
/// elite has not changed for 5 iterations, or every bit probability is within 1e-3 of 0 or 1.
Status cross_entropy(LossOracle& loss, int bits, const CrossEntropyOptions& options,
                     CounterRng& rng);

/// A uniform random bit string.
Index random_string(int bits, CounterRng& rng);

}  // namespace qhn
