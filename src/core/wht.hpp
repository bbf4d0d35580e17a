#pragma once

#include <span>

namespace qhn {

/// Walsh–Hadamard transform in place: values[s] ← Σ_w values[w]·(−1)^(s·w), s·w the parity of the
/// common bits. Not normalized: applying it twice multiplies by the size. Throws
/// std::invalid_argument unless the size is a power of two. Uses OpenMP threads; the result is
/// bit-identical for any number of threads and any SIMD level. Passes over memory:
/// 1 + ceil((log2 size − 12)/6).
void walsh_hadamard(std::span<double> values);

}  // namespace qhn
