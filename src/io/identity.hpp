#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

namespace qhn {

/// Raised whenever the same campaign would give other result fields than before.
constexpr int numerics_version = 6;

/// What must agree for two runs to work on one campaign, as sorted lines "key = value": the
/// experiment (TOML) but for its name, the paths of its files and the keys that say how many
/// restarts there are; the content of the data; and whatever else result fields depend on. Neither
/// ranks nor threads nor the git commit. `test_sha256`: empty where the test set is no file.
std::string campaign_identity(const std::string& experiment, const std::string& data_sha256,
                              const std::string& test_sha256, const std::string& simd,
                              const std::string& engine);

/// `identity` as results of unknown numerics have it, which no campaign may go on with.
std::string without_numerics(const std::string& identity);

/// Do two identities agree, but for the keys `ignored`? What older versions of qhn wrote besides
/// (names and paths) or did not write yet (the hash of the test set) makes no difference.
bool same_campaign(const std::string& a, const std::string& b,
                   std::initializer_list<std::string_view> ignored = {});

/// "circuit.sublayers (there 6, here 4), simd (there avx2, here sse4)"; empty: no difference.
std::string identity_differences(const std::string& there, const std::string& here);

/// What makes `here` the campaign `there`, for a message: "--set circuit.sublayers=6 and --simd
/// avx2", or words where no option does it.
std::string identity_remedy(const std::string& there, const std::string& here);

}  // namespace qhn
