#include <gtest/gtest.h>

#include "core/error.hpp"
#include "record/toml_reader.hpp"
#include "temporary_folder.hpp"

namespace qhn {
namespace {

// Reads [restarts] count (1…100), seed, tolerance (positive), kind (a or b).
void read_example(const toml::table& root) {
  TomlReader reader(root);
  TomlReader restarts = reader.table("restarts");
  int count = 0;
  bool keep = false;
  double tolerance = 0;
  std::vector<int> kinds;
  restarts.read("count", count, 1, 100);
  restarts.read("keep", keep);
  restarts.read(
      "tolerance", tolerance, [](double x) { return x > 0; }, "a positive number");
  restarts.read("kind", kinds, {{"alpha", 1}, {"beta", 2}});
  restarts.finish();
  reader.finish();
}

std::string complaint(const std::string& text, const std::vector<std::string>& overrides = {}) {
  const TemporaryFolder folder;
  const std::string file = folder.write("e.toml", text);
  std::string message = message_of<InputError>([&] { read_example(parse_toml(file, overrides)); });
  if (message.starts_with(file)) message = "e.toml" + message.substr(file.size());
  return message;
}

TEST(TomlReader, SaysWhereAndWhatAndWhatIsAllowed) {
  EXPECT_EQ(complaint("[restarts]\ncount = 0\n"),
            "e.toml:2:9: restarts.count: found 0; allowed: an integer from 1 to 100");
  EXPECT_EQ(complaint("[restarts]\n\n  count = 1.5\n"),
            "e.toml:3:11: restarts.count: found 1.5; allowed: an integer from 1 to 100");
  EXPECT_EQ(complaint("[restarts]\nkeep = \"yes\"\n"),
            "e.toml:2:8: restarts.keep: found 'yes'; allowed: true or false");
  EXPECT_EQ(complaint("[restarts]\ntolerance = -1\n"),
            "e.toml:2:13: restarts.tolerance: found -1; allowed: a positive number");
  EXPECT_EQ(complaint("[restarts]\ntolerance = nan\n"),
            "e.toml:2:13: restarts.tolerance: found nan; allowed: a positive number");
  EXPECT_EQ(complaint("restarts = 3\n"), "e.toml:1:12: restarts: found 3; allowed: a table");
}

TEST(TomlReader, RefusesUnknownKeysAndNamesTheNearest) {
  EXPECT_EQ(complaint("[restarts]\ncoutn = 5\n"),
            "e.toml:2:1: unknown key 'restarts.coutn'; allowed here: count, keep, tolerance, kind; "
            "did you mean 'count'?");
  EXPECT_EQ(
      complaint("[restarts]\nzzzzzz = 5\n"),
      "e.toml:2:1: unknown key 'restarts.zzzzzz'; allowed here: count, keep, tolerance, kind");
  EXPECT_EQ(complaint("[restart]\ncount = 5\n"),
            "e.toml:1:2: unknown key 'restart'; allowed here: restarts; did you mean 'restarts'?");
}

TEST(TomlReader, RefusesUnknownWords) {
  EXPECT_EQ(
      complaint("[restarts]\nkind = \"alpa\"\n"),
      "e.toml:2:8: restarts.kind: found \"alpa\"; allowed: alpha, beta; did you mean 'alpha'?");
  EXPECT_EQ(complaint("[restarts]\nkind = 4\n"),
            "e.toml:2:8: restarts.kind: found 4; allowed: a string or an array of strings");
}

TEST(TomlReader, NamesTheOverride) {
  EXPECT_EQ(complaint("", {"restarts.count=0"}),
            "--set restarts.count=0: restarts.count: found 0; allowed: an integer from 1 to 100");
  EXPECT_EQ(complaint("", {"restarts.coun=1"}),
            "--set restarts.coun=1: unknown key 'restarts.coun'; allowed here: count, keep, "
            "tolerance, kind; did you mean 'count'?");
  EXPECT_EQ(complaint("", {"restarts.count"}),
            "--set restarts.count: allowed: key=value, e.g. --set restarts.count=50");
  EXPECT_EQ(complaint("", {"restarts.count=[1,"}),
            "--set restarts.count=[1,: restarts.count: found '[1,'; allowed: an integer from 1 to "
            "100");
  EXPECT_EQ(complaint("", {"restarts.keep=yes"}),
            "--set restarts.keep=yes: restarts.keep: found 'yes'; allowed: true or false");
  EXPECT_EQ(complaint("", {"restarts.tolerance=1,5"}),
            "--set restarts.tolerance=1,5: restarts.tolerance: found '1,5'; allowed: a positive "
            "number");
  for (const char* key : {"", " ", "a b", "a..b", "[a]\nb", "a#", "\""})
    EXPECT_EQ(complaint("", {std::string(key) + "=1"}),
              "--set " + std::string(key) + "=1: allowed: key=value, e.g. --set restarts.count=50");
}

TEST(TomlReader, LaysOverridesOverTheFile) {
  const TemporaryFolder folder;
  const std::string file = folder.write("e.toml", "[a]\nb = 1\nc = 2\n[a.d]\ne = 3\n");
  const toml::table root = parse_toml(
      file, {"a.b=5", "a.d.e = all-to-all", "f.g=data/x.txt", "h=\"two words\"", "a.k=[1, 2]"});
  EXPECT_EQ(root["a"]["b"].value<int>(), 5);
  EXPECT_EQ(root["a"]["c"].value<int>(), 2);
  EXPECT_EQ(root["a"]["d"]["e"].value<std::string>(), "all-to-all");
  EXPECT_EQ(root["f"]["g"].value<std::string>(), "data/x.txt");
  EXPECT_EQ(root["h"].value<std::string>(), "two words");
  EXPECT_EQ(root["a"]["k"][1].value<int>(), 2);
}

// The type of the key decides: what is not TOML is a string as it stands, and so is everything that
// is given to a key that holds a string.
TEST(TomlReader, TakesAnyTextForAString) {
  const TemporaryFolder folder;
  const std::string file = folder.write("e.toml", "[a]\nb = \"x\"\n");
  const auto read = [&](const std::string& value) {
    const toml::table root = parse_toml(file, {"a.b=" + value});
    TomlReader reader(root);
    std::string text;
    reader.table("a").read("b", text);
    return text;
  };
  for (const char* word :
       {"t b.txt",  "t#1.txt",  "~/t.txt", "größe.txt", "./t=1.txt", "1.txt",      "123",
        "0x1F",     "1e5",      "true",    "nan",       "inf",       "1979-05-27", "[1]",
        "[1",       "a,b",      "C:\\d",   "a\"b",      "\"a\"#b",   "1 # 2",      "{x=1}",
        "a\nb = 2", "true.txt", "'",       "a]",        "1]\nc = [2"})
    EXPECT_EQ(read(word), word);
  EXPECT_EQ(read("\"two words\""), "two words");
  EXPECT_EQ(read("'two words'"), "two words");
  EXPECT_EQ(read(" padded "), "padded");
  EXPECT_EQ(message_of<InputError>([&] { read("\xff"); }),
            "--set a.b=\xff: the value is not UTF-8 text");
}

TEST(TomlReader, SaysWhatAValueInAFileCanBe) {
  EXPECT_EQ(complaint("[restarts]\nkind = t b.txt\n"),
            "e.toml:2:9: not valid TOML: not a value; allowed: a number, true, false, an array, a "
            "table, or a string in quotes");
}

// toml++ 3.3 alone is undefined at most of them.
TEST(TomlReader, RefusesLettersBeyondAsciiOutsideOfStrings) {
  EXPECT_TRUE(complaint("[a]\nb = [1,\u03b2]\n").starts_with("e.toml:2:8: not valid TOML"))
      << complaint("[a]\nb = [1,\u03b2]\n");
  for (unsigned letter = 0x80; letter < 0x10000; letter += 7) {
    const auto byte = [&](unsigned shift, unsigned mark) {
      return static_cast<char>(mark | (letter >> shift & 0x3f));
    };
    std::string text = letter < 0x800 ? std::string() : std::string{byte(12, 0xe0)};
    text += byte(6, letter < 0x800 ? 0xc0 : 0x80);
    text += byte(0, 0x80);
    for (const char* before : {"a = [1", "", "a = 2'", "a = 0v=\""})
      EXPECT_TRUE(message_of<InputError>([&] {
                    parse_toml_text(before + text + "]\n", "e.toml");
                  }).starts_with("e.toml:1:"))
          << letter;
  }
}

TEST(TomlReader, ReadsEveryLetterInAString) {
  const auto read = [](const std::string& text) {
    return parse_toml_text("a = " + text + "\n", "e.toml")["a"].value<std::string>().value_or("");
  };
  EXPECT_EQ(read("\"\"\"x \\\n   \u03b2\u00e4\"\"\""), "x \u03b2\u00e4");
  EXPECT_EQ(read("\"\"\"\\\r\n\u03b2\\\n\n \u20ac\"\"\""), "\u03b2\u20ac");
  EXPECT_EQ(read("\"\"\"\\\n\U0001F600\"\"\""), "\U0001F600");
  EXPECT_EQ(read("'\\\u03b2'"), "\\\u03b2");
  EXPECT_EQ(read("\"\"\"\"two\"\"\"\"\""), "\"two\"\"");
}

TEST(TomlReader, RefusesWhatNestsTooDeep) {
  const auto many = [](const std::string& text, int n) {
    std::string all;
    for (int i = 0; i < n; ++i) all += text;
    return all;
  };
  for (const int depth : {33, 300000}) {
    EXPECT_EQ(complaint("\n[" + many("a.", depth) + "a]\n"),
              "e.toml:2: found a key nested deeper than 32; allowed: less");
    EXPECT_EQ(complaint(many("a . ", depth) + "a = 1\n"),
              "e.toml:1: found a key nested deeper than 32; allowed: less");
    EXPECT_EQ(complaint(many("'#'.", depth) + "a = 1\n"),
              "e.toml:1: found a key nested deeper than 32; allowed: less");
    EXPECT_EQ(complaint("a = " + many("[", depth)),
              "e.toml:1: found brackets nested deeper than 32; allowed: less");
    EXPECT_EQ(complaint("a = " + many("{a=", depth)),
              "e.toml:1: found brackets nested deeper than 32; allowed: less");
    EXPECT_EQ(complaint("s = \"\"\"\n\"#\"\"\"\na = [\n" + many("{a=[", depth)),
              "e.toml:4: found brackets nested deeper than 32; allowed: less");
    EXPECT_EQ(complaint("s = \"\"\"x\"\"\"\"\na = " + many("[", depth)),
              "e.toml:2: found brackets nested deeper than 32; allowed: less");
    EXPECT_TRUE(complaint("", {many("a.", depth) + "a=1"}).ends_with("; allowed: less"));
    EXPECT_TRUE(complaint("", {"a=" + many("[", depth)}).ends_with("; allowed: less"));
    EXPECT_TRUE(complaint("", {"a=" + many("{a=", depth)}).ends_with("; allowed: less"));
  }
  EXPECT_LT(complaint("", {many("a.", 300000) + "a=1"}).size(), 400u);
}

TEST(TomlReader, CountsNoDotsOfStringsCommentsAndNumbers) {
  const TemporaryFolder folder;
  std::string numbers;
  for (int i = 0; i < 100; ++i) numbers += "0.5, ";
  const std::string dots(100, '.');
  const toml::table root =
      parse_toml(folder.write("e.toml", "# " + dots + "[[[[\na = [" + numbers + "]\nb = \"" + dots +
                                            "\\\"[[\"\nc = '" + dots + "' # " + dots + "\n"),
                 {});
  EXPECT_EQ(root["a"].as_array()->size(), 100u);
  EXPECT_EQ(root["c"].value<std::string>(), dots);
}

TEST(TomlReader, RefusesHugeFiles) {
  EXPECT_EQ(complaint("#" + std::string(std::size_t{16} << 20, ' ')),
            "e.toml: holds more than 16 MiB; allowed: less");
}

TEST(TomlReader, NamesTheReasonOfUnreadableFiles) {
  const TemporaryFolder folder;
  EXPECT_EQ(message_of<InputError>([&] { parse_toml(folder / "no.toml", {}); }),
            (folder / "no.toml") + ": cannot read the experiment: No such file or directory");
  EXPECT_EQ(message_of<InputError>([&] { parse_toml(folder / "", {}); }),
            (folder / "") + ": cannot read the experiment: Is a directory");
  EXPECT_TRUE(complaint("a = = 1\n").starts_with("e.toml:1:5: not valid TOML: "));
}

TEST(NearestWord, FindsTypingMistakesOnly) {
  const std::vector<std::string> known{"linear", "product", "all-to-all"};
  EXPECT_EQ(nearest_word("liner", known), "linear");
  EXPECT_EQ(nearest_word("all_to_all", known), "all-to-all");
  EXPECT_EQ(nearest_word("brickwork", known), "");
}

}  // namespace
}  // namespace qhn
