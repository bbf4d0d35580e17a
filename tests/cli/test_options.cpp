// The numbers and words of every verb's command line, as far as parsing: nothing is run.
#include <gtest/gtest.h>

#include <algorithm>

#include "cli/options.hpp"
#include "cli/verbs.hpp"

namespace qhn {
namespace {

constexpr void (*all_verbs[])(CLI::App&) = {
    add_train,  add_baseline, add_status,   add_merge,     add_stats,    add_compare,
    add_report, add_table,    add_locality, add_landscape, add_evaluate, add_sample,
    add_new,    add_validate, add_plan,     add_doctor,    add_export};

// An option that nobody gives keeps the verbs from running.
constexpr const char* hurdle = "--never-given";

struct Verbs {
  Verbs() {
    for (const auto add : all_verbs) {
      add(app);
      CLI::App* verb = app.get_subcommands({}).back();
      refuse_empty_words(*verb);
      verb->add_flag(hurdle)->required();
    }
  }
  CLI::App app{"", "qhn"};
};

// What a command line is answered with; empty: it is fine.
std::string complaint(std::vector<std::string> words) {
  static Verbs verbs;
  std::reverse(words.begin(), words.end());
  try {
    verbs.app.parse(words);
  } catch (const InputError& error) {
    return error.what();
  } catch (const CLI::ParseError& error) {
    const std::string said = error.what();
    return said.find(hurdle) == std::string::npos ? said : "";
  }
  return "the verb was run";
}

bool is_number(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  return type.starts_with("INTEGER") || type.starts_with("NUMBER") || type == "BYTES";
}

TEST(Options, EveryNumberGoesThroughTheStrictReader) {
  const Verbs verbs;
  int numbers = 0;
  for (const CLI::App* verb : verbs.app.get_subcommands({}))
    for (const CLI::Option* option : verb->get_options()) {
      const std::string name = option->get_name(), type = option->get_type_name();
      for (const char* lax : {"INT", "UINT", "FLOAT"})  // CLI11's own readers
        EXPECT_NE(type, lax) << verb->get_name() << " " << name;
      if (!is_number(*option)) continue;
      ++numbers;
      for (const char* word : {"nan", "-nan", "inf", "-inf", "-1", "+5", " 5", "5 ", "0x10",
                               "1_000", "x", "1e999", "99999999999999999999x"}) {
        const std::string said = complaint({verb->get_name(), name + "=" + word});
        EXPECT_TRUE(said.starts_with(name + ": found '" + word + "'; allowed: "))
            << verb->get_name() << ": " << said;
      }
      if (!type.starts_with("INTEGER")) continue;
      for (const char* word : {"5.0", "1e3", "99999999999999999999", "18446744073709551615"})
        EXPECT_TRUE(complaint({verb->get_name(), name, word})
                        .starts_with(name + ": found '" + word + "'; allowed: an integer from "))
            << verb->get_name();
    }
  EXPECT_GE(numbers, 25);
}

TEST(Options, NoWordIsEmpty) {
  const Verbs verbs;
  for (const CLI::App* verb : verbs.app.get_subcommands({}))
    for (const CLI::Option* option : verb->get_options()) {
      if (option->get_items_expected_max() == 0) continue;
      std::vector<std::string> words{verb->get_name()};
      if (!option->get_positional()) words.push_back(option->get_name());
      words.emplace_back("");
      EXPECT_EQ(complaint(words).find(option->get_name() + ": found ''; allowed: "), 0u)
          << verb->get_name() << ": " << complaint(words);
    }
}

TEST(Options, AreGivenOnce) {
  EXPECT_NE(complaint({"train", "e", "--seed", "1", "--seed", "2"}).find("--seed"),
            std::string::npos);
  EXPECT_NE(complaint({"stats", "r", "--format", "csv", "--format", "json"}).find("--format"),
            std::string::npos);
  EXPECT_EQ(complaint({"train", "e", "--set", "a=1", "--set", "b=2"}), "");
}

TEST(Options, KnowTheirRanges) {
  EXPECT_EQ(complaint({"train", "e", "--restarts", "0"}),
            "--restarts: found '0'; allowed: an integer from 1 to 9223372036854775807");
  EXPECT_EQ(complaint({"train", "e", "--stale", "0.5"}),
            "--stale: found '0.5'; allowed: a number from 1 to 1e+09");
  EXPECT_EQ(complaint({"stats", "r", "--epsilon", "0"}),
            "--epsilon: found '0'; allowed: a number above 0");
  EXPECT_EQ(complaint({"stats", "r", "--epsilon", "1e-3,nan"}),
            "--epsilon: found 'nan'; allowed: a number above 0");
  EXPECT_EQ(complaint({"stats", "r", "--epsilon", "1e-3,,1e-4"}),
            "--epsilon: found ''; allowed: a number above 0");
  EXPECT_EQ(complaint({"plan", "e", "--memory", "1.5G"}).find("--memory: found '1.5G'"), 0u);
  EXPECT_EQ(complaint({"train", "e", "--restarts", "3", "--seed", "0", "--stale", "60", "--threads",
                       "2"}),
            "");
  EXPECT_EQ(complaint({"plan", "e", "--memory", "240G", "--nodes", "2"}), "");
}

using Words = std::vector<std::string>;

TEST(Lists, MayHaveBlanksInPlaceOfCommas) {
  const auto digits = [](std::string_view word) {
    return !word.empty() && word.find_first_not_of("0123456789.,e-") == std::string_view::npos;
  };
  const auto join = [&](const Words& words) { return join_lists(words, "--epsilon", +digits); };
  EXPECT_EQ(join({"stats", "--epsilon", "1e-3", "1e-4", "r"}),
            (Words{"stats", "--epsilon", "1e-3,1e-4", "r"}));
  EXPECT_EQ(join({"stats", "r", "--epsilon=1e-3", "1e-4", "--format", "csv"}),
            (Words{"stats", "r", "--epsilon=1e-3,1e-4", "--format", "csv"}));
  EXPECT_EQ(join({"stats", "--epsilon", "1e-3,", "1e-4"}),
            (Words{"stats", "--epsilon", "1e-3,1e-4"}));
  EXPECT_EQ(join({"stats", "--epsilon", "1e-3", "r", "5"}),
            (Words{"stats", "--epsilon", "1e-3", "r", "5"}));
  EXPECT_EQ(join({"stats", "--epsilon", "nan", "5"}), (Words{"stats", "--epsilon", "nan", "5"}));
  EXPECT_EQ(join({"stats", "--", "--epsilon", "1", "2"}),
            (Words{"stats", "--", "--epsilon", "1", "2"}));
  EXPECT_EQ(join({"stats", "--epsilon"}), (Words{"stats", "--epsilon"}));
}

}  // namespace
}  // namespace qhn
