#include "core/simd.hpp"

#include <hwy/highway.h>
#include <hwy/targets.h>

#include <array>

#include "core/error.hpp"

namespace qhn {
namespace {

struct Level {
  SimdLevel level;
  const char* name;
  std::int64_t targets;  // Highway's target bits of the level
};

constexpr std::array levels = {
    Level{SimdLevel::baseline, "baseline", HWY_SCALAR | HWY_EMU128},
    Level{SimdLevel::sse4, "sse4", HWY_SSSE3 | HWY_SSE4},
    Level{SimdLevel::neon, "neon", HWY_NEON},
    Level{SimdLevel::avx2, "avx2", HWY_AVX2},
    Level{SimdLevel::avx512, "avx512", HWY_AVX3 | HWY_AVX3_DL},
};

std::int64_t offered = 0;  // compiled and supported targets before force_simd_level()

std::int64_t all_targets() {
  if (offered == 0) offered = hwy::SupportedTargets() & HWY_TARGETS;
  return offered;
}

}  // namespace

const char* to_string(SimdLevel level) {
  for (const Level& l : levels)
    if (l.level == level) return l.name;
  return "unknown";
}

SimdLevel parse_simd_level(const std::string& name) {
  std::string known;
  for (const Level& l : levels) {
    if (name == l.name) return l.level;
    known += known.empty() ? l.name : std::string(", ") + l.name;
  }
  throw InputError("unknown SIMD level '" + name + "': known are " + known);
}

std::vector<SimdLevel> available_simd_levels() {
  std::vector<SimdLevel> found;
  for (const Level& l : levels)
    if (all_targets() & l.targets) found.push_back(l.level);
  return found;
}

SimdLevel simd_level() {
  all_targets();
  const std::int64_t now = hwy::SupportedTargets() & HWY_TARGETS;
  SimdLevel best = SimdLevel::baseline;
  for (const Level& l : levels)
    if (now & l.targets) best = l.level;
  return best;
}

void force_simd_level(SimdLevel level) {
  std::int64_t allowed = 0;
  bool available = false;
  for (const Level& l : levels) {
    allowed |= l.targets & all_targets();
    if (l.level == level) {
      available = (l.targets & all_targets()) != 0;
      break;
    }
  }
  if (!available) {
    std::string names;
    for (SimdLevel l : available_simd_levels())
      names += names.empty() ? to_string(l) : std::string(", ") + to_string(l);
    throw InputError(std::string("SIMD level '") + to_string(level) +
                     "' is not available on this processor: it has " + names);
  }
  hwy::SetSupportedTargetsForTest(allowed);
  hwy::GetChosenTarget().Update(allowed);
}

}  // namespace qhn
