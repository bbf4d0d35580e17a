#pragma once

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <iterator>
#include <limits>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "campaign/experiment_keys.hpp"

// Types of keys, made from a pointer to the member that holds the value: integer(&Part::member, 1).
namespace qhn {

constexpr std::int64_t int_limit = std::numeric_limits<int>::max();
constexpr int most_sublayers = 100000;
constexpr std::int64_t no_limit = std::numeric_limits<std::int64_t>::max();

/// Finite numbers that a key allows.
struct NumberRange {
  bool (*fits)(double);
  std::string words;
};
inline NumberRange positive_number() { return {is_positive, "a positive number"}; }
inline NumberRange open_fraction() {
  return {[](double x) { return x > 0 && x < 1; }, "a number between 0 and 1, both excluded"};
}
inline NumberRange any_number(const std::string& words) {
  return {[](double) { return true; }, words};
}

/// Words for the values of an enumeration.
template <class E>
using Names = std::vector<std::pair<std::string, E>>;

/// For enumerations with a to_string().
template <class Values>
auto names_of(const Values& values) {
  using E = std::decay_t<decltype(*std::begin(values))>;
  Names<E> names;
  for (const E value : values) names.emplace_back(to_string(value), value);
  return names;
}
template <class E>
Names<E> names_of(std::initializer_list<E> values) {
  return names_of<std::initializer_list<E>>(values);
}

template <class E>
const std::string& name_of(const Names<E>& names, E value) {
  return std::find_if(names.begin(), names.end(),
                      [value](const auto& n) { return n.second == value; })
      ->first;
}

/// A TOML string.
std::string quoted(const std::string& text);
/// "a", "b" or "c".
std::string either(const std::vector<std::string>& words);

/// Reads two different numbers.
bool read_pair(TomlReader& table, const std::string& key, ValuePair& out);

/// The part of an experiment that has the members of `Part`; E is Experiment or const Experiment.
template <class Part, class E>
auto& part_of(E& e) {
  return std::get<std::conditional_t<std::is_const_v<E>, const Part&, Part&>>(std::tie(
      e, e.problem, e.noise, e.optimizer, e.optimizer.lbfgs, e.optimizer.adam, e.optimizer.spsa,
      e.optimizer.qnspsa, e.shots, e.baseline, e.rule, e.energy, e.energy.meter));
}

template <class T>
struct PlainType {
  using type = T;
};
template <class T>
struct PlainType<std::optional<T>> {
  using type = T;
};

/// A value held by `member`, of type T or std::optional<T>. `read(table, key, value)` returns
/// whether the key is present; `write(value)` gives its TOML, or "" for a value that stands for
/// "not given".
template <class Part, class T, class Read, class Write>
KeyType held_by(T Part::*member, std::string allowed, Read read, Write write) {
  using Plain = typename PlainType<T>::type;
  return {std::move(allowed),
          [=](TomlReader& table, const std::string& key, Experiment& e) {
            Plain value{};
            if (read(table, key, value)) part_of<Part>(e).*member = std::move(value);
          },
          [=](const Experiment& e) -> std::string {
            const T& held = part_of<Part>(e).*member;
            if constexpr (std::is_same_v<T, Plain>)
              return write(held);
            else
              return held ? write(*held) : "";
          }};
}

/// An integer in [low, high]. A held value outside of it stands for "not given".
template <class Part, class T>
KeyType integer(T Part::*member, std::int64_t low, std::int64_t high = no_limit) {
  return held_by(
      member,
      high < int_limit ? fmt::format("an integer from {} to {}", low, high)
                       : fmt::format("an integer of at least {}", low),
      [=](TomlReader& table, const std::string& key, auto& out) {
        return table.read(key, out, low, high);
      },
      [=](auto value) {
        const auto number = static_cast<std::int64_t>(value);
        return number < low || number > high ? "" : std::to_string(number);
      });
}

/// A finite number. A held value outside of `range` stands for "not given".
template <class Part, class T>
KeyType number(T Part::*member, const NumberRange& range) {
  return held_by(
      member, range.words,
      [=](TomlReader& table, const std::string& key, double& out) {
        return table.read(key, out, range.fits, range.words);
      },
      [=](double value) { return range.fits(value) ? fmt::format("{}", value) : ""; });
}

template <class Part, class T>
KeyType boolean(T Part::*member) {
  return held_by(
      member, "true or false",
      [](TomlReader& table, const std::string& key, bool& out) { return table.read(key, out); },
      [](bool value) { return value ? "true" : "false"; });
}

/// A boolean whose `false` stands for "not given".
template <class Part>
KeyType only_if_true(bool Part::*member) {
  KeyType type = boolean(member);
  type.write = [=](const Experiment& e) { return part_of<Part>(e).*member ? "true" : ""; };
  return type;
}

/// Any text; `optional`: empty text stands for "not given".
template <class Part>
KeyType text(std::string Part::*member, const std::string& allowed, bool optional = false) {
  return held_by(
      member, allowed,
      [](TomlReader& table, const std::string& key, std::string& out) {
        return table.read(key, out);
      },
      [=](const std::string& value) { return optional && value.empty() ? "" : quoted(value); });
}

template <class E>
std::vector<std::string> words_of(const Names<E>& names) {
  std::vector<std::string> words;
  for (const auto& [word, value] : names) words.push_back(word);
  return words;
}

/// One of the named values.
template <class Part, class E>
KeyType word(E Part::*member, const Names<E>& names) {
  return held_by(
      member, either(words_of(names)),
      [=](TomlReader& table, const std::string& key, E& out) {
        return table.read(key, out, names);
      },
      [=](E value) { return quoted(name_of(names, value)); });
}

/// One of the named values, or an array of them.
template <class Part, class E>
KeyType words(std::vector<E> Part::*member, const Names<E>& names) {
  return held_by(
      member, either(words_of(names)) + ", or an array",
      [=](TomlReader& table, const std::string& key, std::vector<E>& out) {
        return table.read(key, out, names);
      },
      [=](const std::vector<E>& values) -> std::string {
        std::vector<std::string> all;
        for (const E value : values) all.push_back(quoted(name_of(names, value)));
        return all.size() > 1 ? fmt::format("[{}]", fmt::join(all, ", "))
               : all.empty()  ? ""
                              : all[0];
      });
}

/// Two different numbers.
template <class Part, class T>
KeyType pair_of_values(T Part::*member) {
  return held_by(member, "two different numbers", read_pair,
                 [](const ValuePair& pair) { return fmt::format("[{}, {}]", pair[0], pair[1]); });
}

/// The named value holds for a key, in the same table, of that name: `key` = one of `values`.
template <class Part, class E>
KeyCondition only_with(const std::string& key, E Part::*member, const Names<E>& names,
                       const std::vector<E>& values) {
  KeyCondition condition;
  condition.holds = [=](const Experiment& e) {
    return std::find(values.begin(), values.end(), part_of<Part>(e).*member) != values.end();
  };
  condition.subject = key;
  for (const E value : values) condition.words.push_back(name_of(names, value));
  return condition;
}

// Types of one key each.
KeyType two_digits();           ///< problem.digits
KeyType label_column();         ///< problem.label: a name or a number
KeyType pair_or_choice();       ///< network.pair
KeyType layers();               ///< circuit.layers, held as sublayers
KeyType custom_gates();         ///< circuit.gates
KeyType readout_errors();       ///< noise.readout
KeyType descending_epsilons();  ///< statistics.epsilon
/// baseline.METHOD.SETTING
KeyType method_setting(Method method, const SettingRange& range);

}  // namespace qhn
