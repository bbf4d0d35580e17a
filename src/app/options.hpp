#pragma once

#include <CLI/CLI.hpp>
#include <algorithm>
#include <concepts>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.hpp"
#include "core/numbers.hpp"

// The one reader of the command line's numbers (core/numbers.hpp): CLI11's own takes nan, inf, 010
// as 8, and wraps what does not fit. All throw InputError. An option given twice is an error of
// CLI11's, but for lists, which join.
namespace qhn {

namespace options_detail {

template <class Parse>
CLI::Option* add(CLI::App& app, const std::string& name, const std::string& help,
                 const std::string& type, Parse parse) {
  const std::string shown = name.substr(0, name.find(','));
  return app
      .add_option(
          name,
          [parse, shown](const CLI::results_t& words) {
            for (const std::string& word : words) parse(shown, word);
            return true;
          },
          help)
      ->type_size(1)
      ->type_name(type);
}

}  // namespace options_detail

/// An integer from `low` to `high` into `out`, whose value now is the default. T can be an
/// optional.
template <class T>
CLI::Option* add_integer(CLI::App& app, const std::string& name, T& out, const std::string& help,
                         std::uint64_t low, std::uint64_t high = max_integer) {
  const auto parse = [&out, low, high](const std::string& option, const std::string& word) {
    const std::uint64_t value = parse_integer(option, word, low, high);
    if constexpr (std::integral<T>)
      out = static_cast<T>(value);
    else
      out = static_cast<typename T::value_type>(value);
  };
  return options_detail::add(app, name, help, "INTEGER", parse);
}

/// A finite number of this range.
inline CLI::Option* add_real(CLI::App& app, const std::string& name, double& out,
                             const std::string& help, const RealRange& range) {
  return options_detail::add(app, name, help, "NUMBER",
                             [&out, range](const std::string& option, const std::string& word) {
                               out = parse_real(option, word, range);
                             });
}

/// --stale of the verbs that look at claims; its default is `out`.
inline CLI::Option* add_stale(CLI::App& app, double& out, const std::string& whose) {
  const std::string help = "Seconds without a heartbeat until " + whose + " counts as dead";
  const std::string standard = std::to_string(static_cast<long>(out));
  return add_real(app, "--stale", out, help + " (default: " + standard + ")", {1.0, 1e9});
}

/// Bytes with a unit: 240G.
inline CLI::Option* add_bytes(CLI::App& app, const std::string& name, std::uint64_t& out,
                              const std::string& help) {
  return options_detail::add(app, name, help, "BYTES",
                             [&out](const std::string& option, const std::string& word) {
                               out = parse_bytes(option, word);
                             });
}

/// Such numbers with commas between them; given again, it adds more (see join_lists).
inline CLI::Option* add_reals(CLI::App& app, const std::string& name, std::vector<double>& out,
                              const std::string& help, const RealRange& range) {
  const auto parse = [&out, range](const std::string& option, const std::string& words) {
    for (std::size_t begin = 0; begin <= words.size();) {
      const std::size_t end = std::min(words.find(',', begin), words.size());
      out.push_back(parse_real(option, words.substr(begin, end - begin), range));
      begin = end + 1;
    }
  };
  return options_detail::add(app, name, help, "NUMBER[,NUMBER,...]", parse)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

/// No option and no argument takes an empty word, as scripts pass it for a variable that is not
/// set.
inline void refuse_empty_words(CLI::App& app) {
  for (CLI::Option* option : app.get_options()) {
    if (option->get_items_expected_max() == 0) continue;  // a flag
    const std::string name = option->get_name();
    option->transform([name](const std::string& word) {  // before all checks
      if (word.empty()) throw InputError(name + ": found ''; allowed: a value that is not empty");
      return word;
    });
  }
}

/// The command line with the words of lists joined by commas: "--epsilon 1e-3 1e-4" becomes
/// "--epsilon 1e-3,1e-4". What follows belongs to the list while `belongs` says so, so that results
/// may come after it.
inline std::vector<std::string> join_lists(const std::vector<std::string>& words,
                                           const std::string& option,
                                           bool (*belongs)(std::string_view word)) {
  std::vector<std::string> joined;
  bool ended = false, inside = false;  // after "--"; in the list
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (inside && belongs(words[i])) {
      joined.back() +=
          (joined.back().ends_with(',') || words[i].front() == ',' ? "" : ",") + words[i];
      continue;
    }
    joined.push_back(words[i]);
    ended = ended || words[i] == "--";
    inside = !ended && ((i > 0 && words[i - 1] == option) || words[i].starts_with(option + "="));
    if (inside &&
        !belongs(words[i].substr(words[i].starts_with(option + "=") ? option.size() + 1 : 0)))
      inside = false;
  }
  return joined;
}

}  // namespace qhn
