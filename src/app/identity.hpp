#pragma once

#include <string>

namespace qhn {

/// Raised whenever the same campaign would give other result fields than before.
constexpr int numerics_version = 6;

/// What must agree for two runs to work on one campaign, as sorted lines "key = value": the
/// experiment (TOML) but for the keys that say how many restarts there are, the data, and whatever
/// else result fields depend on. Neither ranks nor threads nor the git commit.
std::string campaign_identity(const std::string& experiment, const std::string& data_sha256,
                              const std::string& simd, const std::string& engine);

/// "circuit.sublayers (there 6, here 4), simd (there avx2, here sse4)"; empty: no difference.
std::string identity_differences(const std::string& there, const std::string& here);

}  // namespace qhn
