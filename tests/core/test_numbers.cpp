#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>

#include "core/angle.hpp"
#include "core/error.hpp"
#include "core/numbers.hpp"
#include "core/paths.hpp"

namespace qhn {
namespace {

std::string complaint(const std::function<void()>& work) {
  try {
    work();
  } catch (const InputError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(Integer, TakesDecimalDigitsAlone) {
  EXPECT_EQ(parse_integer("-n", "0", 0, 9), 0u);
  EXPECT_EQ(parse_integer("-n", "007", 0, 9), 7u);
  EXPECT_EQ(parse_integer("-n", "9223372036854775807", 0, max_integer), max_integer);
  for (const char* word : {"", "-1", "+5", " 5", "5 ", "0x10", "5.0", "1e3", "1_000", "nan", "inf",
                           "five", "5,6", "9223372036854775808", "18446744073709551615",
                           "18446744073709551616", "99999999999999999999999", "-0", "\xd9\xa5"})
    EXPECT_EQ(complaint([&] { parse_integer("--seed", word, 0, max_integer); }),
              "--seed: found '" + std::string(word) +
                  "'; allowed: an integer from 0 to 9223372036854775807");
  EXPECT_EQ(complaint([] { parse_integer("-n", "0", 1, 8); }),
            "-n: found '0'; allowed: an integer from 1 to 8");
  EXPECT_EQ(complaint([] { parse_integer("-n", "9", 1, 8); }),
            "-n: found '9'; allowed: an integer from 1 to 8");
}

TEST(Integer, CutsWhatIsTooLongForALine) {
  EXPECT_LT(complaint([] { parse_integer("-n", std::string(100000, '9'), 0, 1); }).size(), 200u);
}

TEST(Real, TakesFiniteDecimalNumbersInTheRange) {
  EXPECT_EQ(parse_real("-x", "1e-3", positive_reals), 1e-3);
  EXPECT_EQ(parse_real("-x", ".5", positive_reals), 0.5);
  EXPECT_EQ(parse_real("-x", "3", {1, 3}), 3.0);
  EXPECT_EQ(parse_real("-x", "1", {1, 3}), 1.0);
  EXPECT_EQ(parse_real("-x", "-2.5", {-3}), -2.5);
  for (const char* word :
       {"",  "nan", "NaN", "-nan", "nan(1)", "inf", "-inf",  "infinity", "1e999", "1e-999",
        "0", "-0",  "-1",  "+1",   " 1",     "1 ",  "0x1p3", "1,5",      "1e",    "one"})
    EXPECT_EQ(complaint([&] { parse_real("--epsilon", word, positive_reals); }),
              "--epsilon: found '" + std::string(word) + "'; allowed: a number above 0");
  EXPECT_EQ(complaint([] {
              parse_real("-x", "0.5", {1, 1e9});
            }),
            "-x: found '0.5'; allowed: a number from 1 to 1e+09");
  EXPECT_EQ(complaint([] {
              parse_real("-x", "nan", {1, 1e9});
            }),
            "-x: found 'nan'; allowed: a number from 1 to 1e+09");
}

TEST(Bytes, CountInPowersOf1024) {
  EXPECT_EQ(parse_bytes("-m", "7"), 7u);
  EXPECT_EQ(parse_bytes("-m", "240G"), 240ull << 30);
  EXPECT_EQ(parse_bytes("-m", "3kib"), 3072u);
  EXPECT_EQ(parse_bytes("-m", "2MB"), 2u << 20);
  EXPECT_EQ(parse_bytes("-m", "1T"), 1ull << 40);
  for (const char* word : {"", "G", "0", "0G", "-1G", "nan", "1.5G", "1e3", "99999999999G",
                           "18446744073709551615", "1GG", "1X", "1 G", "8192P"})
    EXPECT_TRUE(complaint([&] {
                  parse_bytes("-m", word);
                }).starts_with("-m: found '" + std::string(word) + "'; allowed: bytes"))
        << word;
}

// Truth: 450 decimal digits of pi.
TEST(ReducedAngle, IsExactForLargeAngles) {
  for (const auto& [angle, reduced] : {std::pair{60.0, -2.831853071795865},
                                       {1000.0, -5.309649148733836},
                                       {-1000000.0, -5.925621140093852},
                                       {1e12, -0.6576247591367864},
                                       {5e12, -3.288123795683932},
                                       {2e20, -1.4027043154306909},
                                       {-1e300, 2.1838724841522326},
                                       {1.7976931348623157e308, 3.136630678439006}})
    EXPECT_NEAR(reduced_angle(angle), reduced, 2e-15) << angle;
}

TEST(ReducedAngle, LeavesUsualAnglesAlone) {
  for (const double angle : {0.0, -0.0, 1e-300, 6.28, -12.57, 50.0, -50.26})
    EXPECT_EQ(reduced_angle(angle), angle);
}

TEST(ShellQuoted, MakesOneWordOfAnything) {
  EXPECT_EQ(shell_quoted("jobs/a-b_1.toml"), "jobs/a-b_1.toml");
  EXPECT_EQ(shell_quoted("circuit.sublayers=4"), "circuit.sublayers=4");
  EXPECT_EQ(shell_quoted(""), "''");
  EXPECT_EQ(shell_quoted("a b"), "'a b'");
  EXPECT_EQ(shell_quoted("$(rm x);'`"), "'$(rm x);'\\''`'");
  EXPECT_EQ(shell_quoted("~/e.toml"), "'~/e.toml'");
  EXPECT_EQ(shell_quoted("a\nb"), "$'a\\012b'");
  EXPECT_EQ(shell_quoted("\033[1m'\\"), "$'\\033[1m\\'\\\\'");
}

TEST(WhereLooked, NamesTheFolderOfRelativePathsOnly) {
  EXPECT_EQ(where_looked("/a/b"), "");
  EXPECT_TRUE(where_looked("a/b").starts_with(" (looked for in /"));
  EXPECT_NE(where_looked("~/a").find("a ~ is not expanded"), std::string::npos);
}

}  // namespace
}  // namespace qhn
