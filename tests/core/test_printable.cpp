#include <gtest/gtest.h>

#include "core/printable.hpp"

namespace {

using qhn::printable;

TEST(Printable, LeavesTextAlone) {
  for (const char* text : {"", "a b\\c 'd' \"e\"", "größe µs × 日本語 😀"})
    EXPECT_EQ(printable(text), text);
}

TEST(Printable, ShowsControlCharactersAsEscapes) {
  EXPECT_EQ(printable("a\x1b[31mb\nc\rd\te\x07\x7f"), "a\\x1b[31mb\\nc\\rd\\te\\x07\\x7f");
  EXPECT_EQ(printable(std::string("a\0b", 3)), "a\\x00b");
  EXPECT_EQ(printable("\u009b31m"), "\\u009b31m");  // one character that begins a sequence too
  EXPECT_EQ(printable("a\u202eb\u2028c\u2066"), "a\\u202eb\\u2028c\\u2066");
}

TEST(Printable, ShowsBytesThatAreNoUtf8) {
  EXPECT_EQ(printable("a\xff"), "a\\xff");
  EXPECT_EQ(printable("\xc3"), "\\xc3");                             // cut off
  EXPECT_EQ(printable("\xc3(\xa9"), "\\xc3(\\xa9");                  // Latin-1
  EXPECT_EQ(printable("\xc0\xae"), "\\xc0\\xae");                    // longer than it need be
  EXPECT_EQ(printable("\xe0\x80\xae"), "\\xe0\\x80\\xae");           // the same
  EXPECT_EQ(printable("\xed\xa0\x80"), "\\xed\\xa0\\x80");           // half of a UTF-16 pair
  EXPECT_EQ(printable("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");  // beyond Unicode
}

}  // namespace
