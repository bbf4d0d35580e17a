#pragma once

#include <cstddef>
#include <cstdint>

#include "core/types.hpp"

namespace qhn {

/// Networks evaluated at once: those that differ in the lowest 6 bits.
inline constexpr int logistic_lane_bits = 6;
inline constexpr std::size_t logistic_lanes = 64;
/// Samples per block: block × lanes doubles stay in the L1 cache.
inline constexpr std::size_t logistic_block = 64;

/// The terms of each bit in the argument t of the loss log(1 + e^t), for a set of samples; t = −z
/// for label 1, z for label 0. `tame` samples hold the factors e^term instead of the terms.
struct LogisticTerms {
  int bits;
  std::size_t samples;
  std::size_t stride;    ///< samples rounded up to blocks; the padding is neutral
  const double* values;  ///< [bit][value of the bit][sample], bit 0 the most significant
  /// tame: ascending sample counts after which the running product is rescaled, among them the end
  /// of every block.
  const std::uint32_t* rescale;
};

/// Running sums of groups × lanes networks: Σ log(1 + e^t) = log(mantissa) + exponent·log 2 +
/// direct.
struct LogisticSums {
  double* mantissa;  ///< in [1, 2)
  std::int64_t* exponent;
  double* direct;
};

}  // namespace qhn
