#pragma once

#include <string>
#include <vector>

namespace qhn {

/// Instruction sets the kernels are compiled for. Result fields are bit-identical at one level.
enum class SimdLevel { baseline, sse4, avx2, avx512, neon };

const char* to_string(SimdLevel level);
/// Throws InputError naming the known levels.
SimdLevel parse_simd_level(const std::string& name);

/// Levels that both this binary and this processor offer, lowest first.
std::vector<SimdLevel> available_simd_levels();

/// The level in use: the highest available one until force_simd_level() says otherwise.
SimdLevel simd_level();

/// Makes every kernel use `level` from now on. Throws InputError where it is not available.
/// Not thread-safe: call before any kernel runs.
void force_simd_level(SimdLevel level);

}  // namespace qhn
