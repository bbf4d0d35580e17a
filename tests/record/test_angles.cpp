#include <gtest/gtest.h>
#include <zlib.h>

#include <filesystem>

#include "core/error.hpp"
#include "record/angles.hpp"
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

// What numpy.savetxt writes for a vector.
TEST(Angles, ReadsOneNumberALine) {
  const TemporaryFolder folder;
  const std::string file = folder.write("a.txt", "# header\n0.5\n1.5\n\n-2e0\n");
  std::string remark = "unset";
  EXPECT_EQ(read_angles(file, std::nullopt, 3, false, &remark), (Angles{0.5, 1.5, -2}));
  EXPECT_EQ(remark, "");
  EXPECT_EQ(read_angles(file, 0, 3, false), (Angles{0.5, 1.5, -2}));
  EXPECT_EQ(read_angles(file, 0, 2, true), (Angles{0.5, 1.5}));
  EXPECT_EQ(read_angles(file, 2, 1, false), (Angles{-2}));  // a circuit with one angle: rows
  EXPECT_EQ(message_of<InputError>([&] { read_angles(file, 1, 3, false); }),
            file + ": holds one vector, one number a line; there is no row 1");
  EXPECT_EQ(message_of<InputError>([&] { read_angles(file, 0, 4, false); }),
            file + ": found 3 angles; the circuit has 4");
  EXPECT_EQ(message_of<InputError>([&] { read_angles(file, 0, 2, false); }),
            file + ": found 3 angles; the circuit has 2 (--ignore-extra drops the rest)");
  const std::string ragged = folder.write("b.txt", "1\n2 3\n");
  EXPECT_EQ(
      message_of<InputError>([&] { read_angles(ragged, 0, 2, false); }),
      ragged + ":2: found 2 numbers; allowed: one, as in the lines before, or one vector a line");
}

TEST(Angles, SaysThatRowsAreNotUsed) {
  const TemporaryFolder folder;
  const std::string file = folder.write("a.txt", "1 2\n3 4\n5 6\n");
  std::string remark;
  EXPECT_EQ(read_angles(file, std::nullopt, 2, false, &remark), (Angles{1, 2}));
  EXPECT_EQ(remark, file + ": 3 rows, row 0 is used (--row)");
  EXPECT_EQ(read_angles(file, 0, 2, false, &remark), (Angles{1, 2}));
  EXPECT_EQ(remark, "");
}

TEST(Angles, TakesWhatOtherProgramsWrite) {
  const TemporaryFolder folder;
  const auto read = [&](const std::string& text) {
    return read_angles(folder.write("a.txt", text), std::nullopt, 2, false);
  };
  const Angles one_two{1, 2};
  EXPECT_EQ(read("\xef\xbb\xbf"
                 "1 2\n"),
            one_two);  // byte order mark
  EXPECT_EQ(read("\xef\xbb\xbf# angles\r\n1 2\r\n"), one_two);
  EXPECT_EQ(read("1 2\r3 4\r"), one_two);  // lines that end with CR alone
  EXPECT_EQ(read("1 2 # best\n"), one_two);
  EXPECT_EQ(read("1, 2,\n"), one_two);
  EXPECT_EQ(read("1\t2"), one_two);
  std::string remark;
  const std::string file = folder.write("h.txt", "a,b\n1,2\n");
  EXPECT_EQ(read_angles(file, std::nullopt, 2, false, &remark), one_two);
  EXPECT_EQ(remark, file + ":1: 'a,b' is read as a heading");
}

TEST(Angles, ReadsGzip) {
  const TemporaryFolder folder;
  const std::string file = folder / "a.txt.gz";
  const gzFile out = gzopen(file.c_str(), "wb");
  gzputs(out, "1 2\n3 4\n");
  gzclose(out);
  EXPECT_EQ(read_angles(file, 1, 2, false), (Angles{3, 4}));
  std::filesystem::resize_file(file, std::filesystem::file_size(file) - 9);
  EXPECT_TRUE(message_of<InputError>([&] {
                read_angles(file, 1, 2, false);
              }).starts_with(file + ": damaged gzip file"));
}

TEST(Angles, RefusesDecimalCommasInWords) {
  const TemporaryFolder folder;
  const std::string file = folder.write("a.txt", "0,5 1,5\n");
  for (const std::size_t expected : {2, 4})
    EXPECT_EQ(message_of<InputError>([&] { read_angles(file, 0, expected, false); }),
              file +
                  ":1: found '0,5' between blanks; allowed: decimal points, and blanks or commas "
                  "between the numbers");
  const std::string column = folder.write("b.txt", "0,5\n1,5\n2,5\n");
  EXPECT_EQ(message_of<InputError>([&] { read_angles(column, 0, 3, false); }),
            column + ":1: found 2 angles; the circuit has 3; decimals need a point, not a comma");
  EXPECT_EQ(read_angles(column, 1, 2, false), (Angles{1, 5}));  // two numbers: that is allowed
}

TEST(Angles, DropsNothingSilently) {
  const TemporaryFolder folder;
  const auto error = [&](const std::string& text) {
    const std::string file = folder.write("a.txt", text);
    return message_of<InputError>([&] { read_angles(file, std::nullopt, 2, true); })
        .substr(file.size());
  };
  EXPECT_EQ(error("1,,2\n"), ":1: found nothing beside a comma; allowed: a finite number");
  EXPECT_EQ(error(" ,1,2\n"), ":1: found nothing beside a comma; allowed: a finite number");
  EXPECT_EQ(error("1,2,,\n"), ":1: found nothing beside a comma; allowed: a finite number");
  EXPECT_EQ(error("\"1\",\"2\"\n3,4\n"),  // numbers in quotes are no heading
            ":1: found '\"1\"'; allowed: finite numbers, blanks and commas");
  // Rows that are not used are read, too.
  EXPECT_EQ(error("1 2\n3 foo\n"), ":2: found 'foo'; allowed: finite numbers, blanks and commas");
  EXPECT_EQ(error("1 2\n3 nan\n"), ":2: found 'nan'; allowed: finite numbers, blanks and commas");
  EXPECT_EQ(error(std::string("1 2\0 3\n", 7)),
            ": is not text; allowed: numbers as text (numpy.savetxt)");
  EXPECT_EQ(error("\x93NUMPY\1"),
            ": is not text but a NumPy file (.npy); allowed: numbers as text (numpy.savetxt)");
  EXPECT_EQ(error("\x89HDF\r\n"),
            ": is not text but an HDF5 file; allowed: numbers as text (numpy.savetxt)");
}

TEST(Angles, RefusesUtf16) {
  const TemporaryFolder folder;
  const std::string file = folder.write("a.txt", std::string("\xff\xfe"
                                                             "1\0 \0"
                                                             "2\0\n\0",
                                                             10));
  EXPECT_EQ(message_of<InputError>([&] { read_angles(file, 0, 2, false); }),
            file + ": is text in UTF-16; allowed: UTF-8 or ASCII");
}

TEST(Angles, NamesTheReasonOfAMissingFile) {
  const TemporaryFolder folder;
  EXPECT_EQ(message_of<InputError>([&] { read_angles(folder / "no.txt", 0, 1, false); }),
            (folder / "no.txt") + ": cannot read angles: No such file or directory");
  EXPECT_TRUE(message_of<InputError>([&] {
                read_angles("no/a.txt", 0, 1, false);
              }).ends_with(" (looked for in " + std::filesystem::current_path().string() + ")"));
  EXPECT_EQ(message_of<InputError>([&] { read_angles(folder / "", 0, 1, false); }),
            (folder / "") + ": cannot read angles: Is a directory");
}

}  // namespace
}  // namespace qhn
