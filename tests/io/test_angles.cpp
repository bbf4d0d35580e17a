#include <gtest/gtest.h>

#include "core/error.hpp"
#include "io/angles.hpp"
#include "temporary_folder.hpp"

namespace qhn {
namespace {

using Angles = std::vector<double>;

TEST(Angles, ReadsARowCountedFromZero) {
  const TemporaryFolder folder;
  const std::string file = folder.write("a.txt", "# two rows\n\n0.1 -2e-3  +3\r\n  0.4,0.5, 0.6\n");
  EXPECT_EQ(read_angles(file, 0, 3, false), (Angles{0.1, -2e-3, 3}));
  EXPECT_EQ(read_angles(file, 1, 3, false), (Angles{0.4, 0.5, 0.6}));
}

TEST(Angles, RoundTripsSeventeenDigits) {
  const TemporaryFolder folder;
  const std::string file = folder.write("a.txt", "0.10000000000000001 6.2831853071795862\n");
  EXPECT_EQ(read_angles(file, 0, 2, false), (Angles{0.1, 6.2831853071795862}));
}

TEST(Angles, RefusesWrongCounts) {
  const TemporaryFolder folder;
  const std::string file = folder.write("a.txt", "1 2 3\n");
  EXPECT_EQ(message_of<InputError>([&] { read_angles(file, 0, 4, true); }),
            file + ":1: found 3 angles; the circuit has 4");
  EXPECT_EQ(message_of<InputError>([&] { read_angles(file, 0, 2, false); }),
            file + ":1: found 3 angles; the circuit has 2 (--ignore-extra drops the rest)");
  EXPECT_EQ(read_angles(file, 0, 2, true), (Angles{1, 2}));
  EXPECT_EQ(message_of<InputError>([&] { read_angles(file, 1, 3, false); }),
            file + ": found 1 rows of angles; there is no row 1 (counted from 0)");
}

TEST(Angles, NamesWhatIsNoNumber) {
  const TemporaryFolder folder;
  for (const char* word : {"x", "1.5q", "nan", "inf", "1e999", "--1"}) {
    const std::string file = folder.write("a.txt", std::string("0 1\n2 ") + word + "\n");
    EXPECT_EQ(message_of<InputError>([&] { read_angles(file, 1, 2, false); }),
              file + ":2: found '" + word + "'; allowed: finite numbers, blanks and commas");
  }
}

TEST(Angles, NamesTheReasonOfAMissingFile) {
  const TemporaryFolder folder;
  EXPECT_EQ(message_of<InputError>([&] { read_angles(folder / "no.txt", 0, 1, false); }),
            (folder / "no.txt") + ": cannot read angles: No such file or directory");
  EXPECT_EQ(message_of<InputError>([&] { read_angles(folder / "", 0, 1, false); }),
            (folder / "") + ": cannot read angles: Is a directory");
}

}  // namespace
}  // namespace qhn
