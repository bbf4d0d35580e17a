#pragma once

#include <string>

namespace qhn {

/// Raised whenever the same campaign would give different result fields.
constexpr int numerics_version = 6;

/// What two runs must share to work on one campaign, as sorted lines "key = value": the experiment
/// (TOML) without its name, the paths of its files and the keys for the number of restarts; the
/// content of the data; and everything else that result fields depend on. Excludes ranks, threads
/// and the git commit. `test_sha256`: empty if the test set is not a file.
std::string campaign_identity(const std::string& experiment, const std::string& data_sha256,
                              const std::string& test_sha256, const std::string& simd,
                              const std::string& engine);

/// True if two identities have the same keys and values.
bool same_campaign(const std::string& a, const std::string& b);

/// "circuit.sublayers (there 6, here 4), simd (there avx2, here sse4)"; empty: no difference.
std::string identity_differences(const std::string& there, const std::string& here);

/// How to make `here` the campaign `there`, for a message: "--set circuit.sublayers=6 and --simd
/// avx2", or words if no option does it.
std::string identity_remedy(const std::string& there, const std::string& here);

}  // namespace qhn
