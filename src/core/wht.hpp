#pragma once

#include <span>

namespace qhn {

/// In place, values[s] becomes Σ_w values[w]·(−1)^(s·w), s·w the parity of the common bits; not
/// normalised, so applying it twice multiplies by the size. The size is a power of two
/// (std::invalid_argument otherwise). Uses OpenMP threads; the result is the same bit for bit for
/// any number of threads and any SIMD level. Passes over memory: 1 + ceil((log2 size − 12)/6).
void walsh_hadamard(std::span<double> values);

}  // namespace qhn
