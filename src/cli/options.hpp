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

// Numeric options, parsed with core/numbers.hpp: CLI11's own parser accepts nan and inf, reads 010
// as 8 and wraps numbers out of range. All throw InputError. CLI11 rejects a repeated option,
// except lists, whose values are joined.
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

/// Adds an option for an integer from `low` to `high`, stored in `out`; the present value of `out`
/// is the default. T is an integer type or a std::optional of one.
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

/// Adds an option for a finite number in `range`.
inline CLI::Option* add_real(CLI::App& app, const std::string& name, double& out,
                             const std::string& help, const RealRange& range) {
  return options_detail::add(app, name, help, "NUMBER",
                             [&out, range](const std::string& option, const std::string& word) {
                               out = parse_real(option, word, range);
                             });
}

/// Adds --set, which may be repeated: changes to the experiment file.
inline CLI::Option* add_set(CLI::App& app, std::vector<std::string>& overrides) {
  return app.add_option("--set", overrides, "Override a key of the file, e.g. circuit.sublayers=4")
      ->type_size(1)
      ->allow_extra_args(false);
}

/// Adds --stale, in seconds, for verbs that read claims; the default is `out`.
inline CLI::Option* add_stale(CLI::App& app, double& out, const std::string& whose) {
  const std::string help = "Seconds without a heartbeat after which " + whose + " counts as dead";
  const std::string standard = std::to_string(static_cast<long>(out));
  return add_real(app, "--stale", out, help + " (default: " + standard + ")", {1.0, 1e9});
}

/// Adds an option for a size in bytes, with or without a unit: 240G.
inline CLI::Option* add_bytes(CLI::App& app, const std::string& name, std::uint64_t& out,
                              const std::string& help) {
  return options_detail::add(app, name, help, "BYTES",
                             [&out](const std::string& option, const std::string& word) {
                               out = parse_bytes(option, word);
                             });
}

/// Adds an option for comma-separated numbers in `range`. If repeated, it appends (see join_lists).
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

/// Makes every option and argument throw InputError for an empty value, which scripts pass for an
/// unset variable.
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

/// Returns the command line with the values of `option` joined by commas: "--epsilon 1e-3 1e-4"
/// becomes "--epsilon 1e-3,1e-4". The list ends at the first word for which `belongs` is false, so
/// results may follow it.
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
