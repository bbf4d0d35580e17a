#pragma once

#include <string>
#include <vector>

namespace qhn {

/// Instruction sets the kernels are compiled for. Result fields are bit-identical at equal level.
enum class SimdLevel { baseline, sse4, avx2, avx512, neon };

const char* to_string(SimdLevel level);
/// Throws InputError, which names the known levels, for other names.
SimdLevel parse_simd_level(const std::string& name);

/// Levels that this binary contains and this processor supports, lowest first.
std::vector<SimdLevel> available_simd_levels();

/// The level in use: that of force_simd_level(), else the highest available one.
SimdLevel simd_level();

/// Makes every kernel use `level` from now on. Throws InputError if it is not available.
/// Not thread-safe: call before any kernel runs.
void force_simd_level(SimdLevel level);

}  // namespace qhn
