#include <gtest/gtest.h>

#include "core/error.hpp"
#include "core/simd.hpp"

namespace qhn {
namespace {

TEST(Simd, EveryAvailableLevelCanBeForced) {
  const auto levels = available_simd_levels();
  ASSERT_FALSE(levels.empty());
  EXPECT_EQ(simd_level(), levels.back());
  for (const SimdLevel level : levels) {
    force_simd_level(level);
    EXPECT_EQ(simd_level(), level);
    EXPECT_EQ(parse_simd_level(to_string(level)), level);
  }
}

TEST(Simd, RefusesWhatIsNotThere) {
  EXPECT_THROW(parse_simd_level("avx1024"), InputError);
#ifdef __x86_64__
  EXPECT_THROW(force_simd_level(SimdLevel::neon), InputError);
#endif
}

}  // namespace
}  // namespace qhn
