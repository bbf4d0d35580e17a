#pragma once

#include <cstdint>
#include <span>

#include "core/types.hpp"

namespace qhn {

/// Loops that measure the limits of the machine. Each has several variants; the fastest counts.
/// Pointers are 64-byte aligned, ranges are multiples of 64 elements.

/// A complex scaling in place, with one memory layout and unrolling.
struct PassLoop {
  const char* name;
  bool paired;  ///< 8 real parts, 8 imaginary parts, …; else two planes
  /// Multiplies items begin … end − 1 by (c, s); `im` is the second plane, unused where paired.
  void (*run)(double* re, double* im, Index begin, Index end, double c, double s);
};
/// At the SIMD level in force.
std::span<const PassLoop> pass_loops();

/// STREAM's scale: to[i] = factor·from[i].
struct ScaleLoop {
  const char* name;
  void (*run)(const double* from, double* to, Index begin, Index end, double factor);
};
std::span<const ScaleLoop> scale_loops();

/// `steps` times x ← a x + b on `lanes` numbers `x` that stay in registers: 2 flops each.
struct FmaLoop {
  const char* name;
  int lanes;
  void (*run)(double* x, double a, double b, Index steps);
};
std::span<const FmaLoop> fma_loops();
inline constexpr int most_fma_lanes = 256;

/// Σ popcount(a & b) over words that stay in the first-level cache.
std::uint64_t count_common_bits(const std::uint64_t* a, const std::uint64_t* b, Index words);

}  // namespace qhn
