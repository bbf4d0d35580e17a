#include "campaign/key_types.hpp"

#include <cmath>
#include <functional>
#include <sstream>

namespace qhn {

std::string quoted(const std::string& text) {
  // No multi-line strings: toml++ loses a line end at their beginning, which TOML does not count.
  const auto flags =
      toml::toml_formatter::default_flags &
      ~(toml::format_flags::allow_literal_strings | toml::format_flags::allow_multi_line_strings);
  const toml::value<std::string> value(text);
  std::ostringstream out;
  out << toml::toml_formatter(value, flags);
  return out.str();
}

std::string either(const std::vector<std::string>& words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i)
    text += (i == 0 ? "" : i + 1 == words.size() ? " or " : ", ") + quoted(words[i]);
  return text;
}

bool read_pair(TomlReader& table, const std::string& key, ValuePair& out) {
  std::vector<double> values;
  if (!table.read(key, values)) return false;
  if (values.size() != 2 || values[0] == values[1])
    table.fail(key, fmt::format("found [{}]; allowed: two different numbers, e.g. [-1, 1]",
                                fmt::join(values, ", ")));
  out = {values[0], values[1]};
  return true;
}

KeyType two_digits() {
  return held_by(
      &ProblemOptions::digits, "two different integers from 0 to 255",
      [](TomlReader& table, const std::string& key, std::array<int, 2>& out) {
        std::vector<int> digits;
        if (!table.read(key, digits, 0, 255)) return false;
        if (digits.size() != 2 || digits[0] == digits[1])
          table.fail(key, fmt::format("found [{}]; allowed: two different digits, e.g. [0, 1]",
                                      fmt::join(digits, ", ")));
        out = {digits[0], digits[1]};
        return true;
      },
      [](const std::array<int, 2>& d) { return fmt::format("[{}, {}]", d[0], d[1]); });
}

KeyType label_column() {
  const std::string allowed = "the name of a column, or its number from 1 on";
  const KeyType name = text(&ProblemOptions::label, allowed, true);
  const KeyType column = integer(&ProblemOptions::label_column, 1, int_limit);
  return {allowed,
          [=](TomlReader& table, const std::string& key, Experiment& e) {
            (table.is_string(key) ? name : column).read(table, key, e);
            if (table.is_string(key) && e.problem.label.empty())
              table.fail(key, "found \"\"; allowed: " + allowed);
          },
          [=](const Experiment& e) { return (e.problem.label.empty() ? column : name).write(e); }};
}

KeyType pair_or_choice() {
  const KeyType pair = pair_of_values(&ProblemOptions::pair);
  const KeyType choice = word(&ProblemOptions::pair_choice, Names<bool>{{"choice", true}});
  return {pair.allowed + ", or " + choice.allowed,
          [=](TomlReader& table, const std::string& key, Experiment& e) {
            (table.is_string(key) ? choice : pair).read(table, key, e);
          },
          [=](const Experiment& e) { return (e.problem.pair_choice ? choice : pair).write(e); }};
}

KeyType layers() {
  KeyType type = integer(&Experiment::sublayers, 1, most_sublayers);
  type.read = [read = type.read](TomlReader& table, const std::string& key, Experiment& e) {
    read(table, key, e);
    if (!table.has(key)) return;
    const int each = sublayers_per_layer(e.family);
    if (e.sublayers > most_sublayers / each)
      table.fail(key, fmt::format("found {}; allowed: an integer from 1 to {}", e.sublayers,
                                  most_sublayers / each));
    e.sublayers *= each;
  };
  type.write = [](const Experiment&) { return ""; };
  return type;
}

namespace {

bool is_rotation(const CustomGate& gate) {
  return gate.gate.starts_with('R') || gate.gate.starts_with('r');
}

CustomGate read_gate(TomlReader& entry, std::size_t number) {
  CustomGate gate;
  entry.require("gate", "allowed: CX, CZ, Rx, Ry, Rz or Rzz");
  entry.require("qubits", "allowed: an array of bit numbers, e.g. [0, 1]");
  entry.read("gate", gate.gate);
  entry.read("qubits", gate.qubits, 0, 61);
  if (entry.read("angle", gate.angle) && gate.angle.empty())
    entry.fail("angle", "found \"\"; allowed: the name of an angle");
  const NumberRange value = any_number("the fixed angle in radians");
  entry.read("value", gate.value, value.fits, value.words);
  if (entry.has("angle") && entry.has("value"))
    entry.fail("value", "contradicts angle; allowed: one of the two");
  if (is_rotation(gate) && !entry.has("angle") && !entry.has("value"))
    entry.fail("gate", fmt::format("gate {}, {}, needs an angle; allowed: angle = \"name\" or "
                                   "value = number",
                                   number, gate.gate));
  if (!is_rotation(gate))
    for (const char* key : {"angle", "value"})
      entry.refuse(key, "allowed only with a rotation (Rx, Ry, Rz, Rzz)");
  entry.finish();
  return gate;
}

std::string write_gates(const std::vector<CustomGate>& gates) {
  std::string lines;
  for (const CustomGate& g : gates) {
    std::string angle;
    if (is_rotation(g))
      angle =
          g.angle.empty() ? fmt::format(", value = {}", g.value) : ", angle = " + quoted(g.angle);
    lines += fmt::format("  {{gate = {}, qubits = [{}]{}}},\n", quoted(g.gate),
                         fmt::join(g.qubits, ", "), angle);
  }
  return lines.empty() ? "" : fmt::format("[\n{}]", lines);
}

}  // namespace

KeyType custom_gates() {
  return {"an array of tables {gate, qubits, angle or value}",
          [](TomlReader& table, const std::string& key, Experiment& e) {
            for (TomlReader& entry : table.tables(key))
              e.gates.push_back(read_gate(entry, e.gates.size() + 1));
          },
          [](const Experiment& e) { return write_gates(e.gates); }};
}

KeyType readout_errors() {
  const std::string allowed =
      "[a, b], the probabilities to read 1 for 0 and 0 for 1, or an array of such pairs";
  return held_by(
      &Noise::readout, allowed,
      [=](TomlReader& table, const std::string& key, std::vector<ReadoutError>& out) {
        std::vector<std::vector<double>> rows;
        if (!table.read(key, rows)) return false;
        for (const auto& row : rows) {
          const auto fits = [](double p) { return p >= 0 && p <= 1; };
          if (row.size() != 2 || !std::ranges::all_of(row, fits))
            table.fail(key, fmt::format("found [{}]; allowed: two probabilities from 0 to 1",
                                        fmt::join(row, ", ")));
          out.push_back({row[0], row[1]});
        }
        return true;
      },
      [](const std::vector<ReadoutError>& all) -> std::string {
        const auto pair = [](const ReadoutError& r) {
          return fmt::format("[{}, {}]", r.one_for_zero, r.zero_for_one);
        };
        if (all.empty()) return "";
        if (all.size() == 1) return pair(all[0]);
        std::string lines = "[\n";
        for (const ReadoutError& r : all) lines += "  " + pair(r) + ",\n";
        return lines + "]";
      });
}

KeyType descending_epsilons() {
  return held_by(
      &Experiment::epsilons, "different positive numbers",
      [](TomlReader& table, const std::string& key, std::vector<double>& out) {
        if (!table.read(key, out)) return false;
        std::sort(out.begin(), out.end(), std::greater<>());
        const bool repeated = std::adjacent_find(out.begin(), out.end()) != out.end();
        if (out.empty() || repeated || !(out.back() > 0))
          table.fail(key, fmt::format("found [{}]; allowed: different positive numbers",
                                      fmt::join(out, ", ")));
        return true;
      },
      [](const std::vector<double>& all) { return fmt::format("[{}]", fmt::join(all, ", ")); });
}

KeyType method_setting(Method method, const SettingRange& range) {
  const std::string allowed = fmt::format(
      "{} from {} to {}", range.whole ? "a whole number" : "a number", range.low, range.high);
  return {
      allowed,
      [=](TomlReader& table, const std::string& key, Experiment& e) {
        const NumberRange any = any_number("a number");
        double value = 0;
        if (!table.read(key, value, any.fits, any.words)) return;
        if (value < range.low || value > range.high || (range.whole && value != std::floor(value)))
          table.fail(key, fmt::format("found {}; allowed: {}", value, allowed));
        e.settings[method][key] = value;
      },
      [=](const Experiment& e) -> std::string {
        const auto settings = e.settings.find(method);
        if (settings == e.settings.end()) return "";
        const auto value = settings->second.find(range.name);
        return value == settings->second.end() ? "" : fmt::format("{}", value->second);
      }};
}

}  // namespace qhn
