#include "campaign/sweep.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <limits>
#include <optional>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>

#include "campaign/experiment.hpp"
#include "core/error.hpp"
#include "core/sha256.hpp"
#include "record/toml_reader.hpp"

namespace qhn {
namespace {

constexpr const char* example = "a list as [1, 2, 3], or a range of integers as \"1..3\"";

[[noreturn]] void fail(const toml::node& node, const std::string& message) {
  throw InputError(fmt::format("{}: sweep: {}", position_of(node.source()), message));
}

/// A key of a table with dotted names, and what stands there.
struct Entry {
  std::string key;
  const toml::node* node;
};

// By position, as toml++ sorts keys by name.
void add_entries(const toml::table& table, const std::string& prefix, std::vector<Entry>& out) {
  for (const auto& [name, node] : table) {
    const std::string key = prefix.empty() ? std::string(name.str())
                                           : fmt::format("{}.{}", prefix, std::string_view(name));
    if (const toml::table* inner = node.as_table())
      add_entries(*inner, key, out);
    else
      out.push_back({key, &node});
  }
}
std::vector<Entry> entries(const toml::table& table) {
  std::vector<Entry> all;
  add_entries(table, "", all);
  std::ranges::stable_sort(all, {}, [](const Entry& e) {
    const toml::source_position begin = e.node->source().begin;
    return std::pair(begin.line, begin.column);
  });
  return all;
}

// "first..last" or "first..last..step"; nullopt: not a range.
std::optional<std::vector<std::string>> range(const Entry& e, std::string_view text) {
  std::vector<std::int64_t> numbers;
  for (std::string_view rest = text;;) {
    const std::size_t dots = rest.find("..");
    const std::string_view word = rest.substr(0, dots);
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(word.begin(), word.end(), number);
    if (error != std::errc() || end != word.end()) return std::nullopt;
    numbers.push_back(number);
    if (dots == std::string_view::npos) break;
    rest.remove_prefix(dots + 2);
  }
  if (numbers.size() < 2 || numbers.size() > 3) return std::nullopt;
  const std::int64_t first = numbers[0], last = numbers[1],
                     step = numbers.size() == 3 ? numbers[2] : 1;
  if (step < 1 || last < first)
    fail(*e.node, fmt::format("{}: found \"{}\"; allowed: first..last or first..last..step with "
                              "first <= last and step >= 1",
                              e.key, text));
  const auto span = static_cast<std::uint64_t>(last) - static_cast<std::uint64_t>(first);
  if (span / static_cast<std::uint64_t>(step) >= most_points)
    fail(*e.node, fmt::format("{}: found {} values; allowed: at most {}", e.key,
                              span / static_cast<std::uint64_t>(step) + 1, most_points));
  std::vector<std::string> values;
  for (std::uint64_t k = 0; k <= span / static_cast<std::uint64_t>(step); ++k)
    values.push_back(
        fmt::format("{}", static_cast<std::int64_t>(static_cast<std::uint64_t>(first) +
                                                    k * static_cast<std::uint64_t>(step))));
  return values;
}

std::vector<std::string> values_of(const Entry& e) {
  std::vector<std::string> values;
  if (const auto* text = e.node->as_string()) {
    if (auto numbers = range(e, **text)) return *std::move(numbers);
  } else if (const toml::array* list = e.node->as_array(); list && !list->empty()) {
    for (const toml::node& value : *list) values.push_back(on_one_line(value));
    for (std::size_t i = 1; i < values.size(); ++i)
      if (std::find(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(i), values[i]) !=
          values.begin() + static_cast<std::ptrdiff_t>(i))
        fail(*e.node,
             fmt::format("{}: found {} twice; allowed: each value once", e.key, values[i]));
    return values;
  }
  fail(*e.node, fmt::format("{}: found {}; allowed: {}", e.key, on_one_line(*e.node), example));
}

/// Keys that vary together, with one value for each in every row.
struct Axis {
  std::vector<std::string> keys;
  std::vector<std::vector<std::string>> rows;
  toml::source_position begin;
};

Axis rows_axis(const toml::node& node) {
  const toml::array* tables = node.as_array();
  if (!tables || tables->empty()) fail(node, "rows: allowed: tables under [[sweep.rows]]");
  Axis axis;
  axis.begin = node.source().begin;
  for (const toml::node& row : *tables) {
    if (!row.is_table()) fail(row, "rows: allowed: tables under [[sweep.rows]]");
    std::vector<Entry> its = entries(*row.as_table());
    if (its.empty()) fail(row, "rows: found a row without a key");
    if (axis.keys.empty())
      for (const Entry& e : its) axis.keys.push_back(e.key);
    std::vector<std::string> values;
    for (const std::string& key : axis.keys) {
      const auto found = std::ranges::find(its, key, &Entry::key);
      if (found == its.end() || its.size() != axis.keys.size())
        fail(row, fmt::format("rows: allowed: in every row the keys of the first: {}",
                              fmt::join(axis.keys, ", ")));
      values.push_back(on_one_line(*found->node));
    }
    axis.rows.push_back(std::move(values));
  }
  return axis;
}

// What `overrides` leave of the sweep, in the order of the file.
std::vector<Axis> axes_of(const toml::table& sweep, const std::vector<std::string>& overrides) {
  std::vector<Axis> axes;
  std::set<std::string> keys;
  const auto add = [&](Axis axis, const toml::node& node) {
    for (const std::string& key : axis.keys) {
      if (key == "name") fail(node, "name: allowed: keys of tables; each point gets a name");
      if (!keys.insert(key).second) fail(node, fmt::format("{}: stands there twice", key));
    }
    const auto fixed = std::ranges::count_if(
        axis.keys, [&](const std::string& key) { return is_overridden(overrides, key); });
    if (fixed > 0 && fixed < std::ssize(axis.keys))
      fail(node, fmt::format("rows: an option sets only some of {}; allowed: all or none",
                             fmt::join(axis.keys, ", ")));
    if (fixed == 0) axes.push_back(std::move(axis));
  };
  if (const toml::node* rows = sweep.get("rows")) add(rows_axis(*rows), *rows);
  for (const Entry& e : entries(sweep)) {
    if (e.node == sweep.get("rows")) continue;
    Axis axis{{e.key}, {}, e.node->source().begin};
    for (std::string& value : values_of(e)) axis.rows.push_back({std::move(value)});
    add(std::move(axis), *e.node);
  }
  std::ranges::stable_sort(
      axes, {}, [](const Axis& axis) { return std::pair(axis.begin.line, axis.begin.column); });
  return axes;
}

const toml::table* sweep_table(const toml::table& root) {
  const toml::node* node = root.get("sweep");
  if (!node) return nullptr;
  if (!node->is_table()) fail(*node, "allowed: a table");
  return node->as_table();
}

// A folder's name; values that do not fit into one end with a part of their hash.
std::string folder_of(const std::vector<std::string>& names,
                      const std::vector<std::string>& values) {
  constexpr std::size_t longest = 100;  // of 255 that file systems allow
  std::string text, exact;
  bool fits = true;
  for (std::size_t k = 0; k < names.size(); ++k) {
    std::string value = values[k];
    exact += value + '\n';
    value = unquoted(value);
    for (char& c : value) {
      const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                         (c >= 'A' && c <= 'Z') || c == '.' || c == '-' || c == '+' || c == '_';
      if (!plain) c = '-';
      fits = fits && plain;
    }
    text += (k == 0 ? "" : ",") + names[k] + '=' + value;
  }
  fits = fits && text.size() <= longest;
  return fits ? text : text.substr(0, longest) + '-' + sha256(exact).substr(0, 8);
}

}  // namespace

std::vector<std::string> SweepPoint::on_top_of(std::vector<std::string> others) const {
  others.insert(others.end(), overrides.begin(), overrides.end());
  return others;
}

Sweep read_sweep(const std::string& path, const std::vector<std::string>& overrides) {
  Sweep sweep;
  std::error_code error;
  if (std::filesystem::exists(path, error) && !std::filesystem::is_regular_file(path, error))
    return sweep;
  const toml::table root = parse_toml(path, overrides);
  const toml::table* table = sweep_table(root);
  if (!table) return sweep;
  std::vector<Axis> axes = axes_of(*table, overrides);
  if (axes.empty()) return sweep;
  // A list that an option replaces keeps its place, on which names of folders depend.
  const toml::table file = parse_toml(path, {});
  if (const toml::table* written = sweep_table(file)) {
    std::vector<std::string> order;
    for (const Axis& axis : axes_of(*written, {})) order.push_back(axis.keys.front());
    std::ranges::stable_sort(axes, {}, [&](const Axis& axis) {
      return std::ranges::find(order, axis.keys.front()) - order.begin();
    });
  }
  double count = 1.0;
  for (const Axis& axis : axes) {
    sweep.keys.insert(sweep.keys.end(), axis.keys.begin(), axis.keys.end());
    count *= static_cast<double>(axis.rows.size());
  }
  if (count > static_cast<double>(most_points))
    fail(*table, fmt::format("found {} points; allowed: at most {}", count, most_points));

  std::vector<std::vector<std::string>> points{{}};
  for (const Axis& axis : axes) {
    std::vector<std::vector<std::string>> longer;
    for (const std::vector<std::string>& point : points)
      for (const std::vector<std::string>& row : axis.rows) {
        longer.push_back(point);
        longer.back().insert(longer.back().end(), row.begin(), row.end());
      }
    points = std::move(longer);
  }
  std::vector<std::string> names;
  for (const std::string& key : sweep.keys) names.push_back(short_key(key, sweep.keys));
  std::set<std::string> folders;
  for (std::vector<std::string>& values : points) {
    SweepPoint point{folder_of(names, values), std::move(values), {}};
    for (std::size_t k = 0; k < sweep.keys.size(); ++k)
      point.overrides.push_back(sweep.keys[k] + '=' + point.values[k]);
    if (!folders.insert(point.folder).second)
      fail(*table, fmt::format("found the point {} twice; allowed: each once", point.folder));
    try {
      sweep.name = read_experiment(path, point.on_top_of(overrides)).name;
    } catch (const InputError& error) {
      fail(*table, fmt::format("{}: {}", point.folder, error.what()));
    }
    sweep.points.push_back(std::move(point));
  }
  return sweep;
}

std::string describe(const Sweep& sweep) {
  std::string text;
  for (const SweepPoint& point : sweep.points)
    text += fmt::format("{} = {}\n", point.folder, fmt::join(point.overrides, " "));
  return text;
}

void settle_sweep(toml::table& root, const std::vector<std::string>& overrides) {
  const toml::table* table = sweep_table(root);
  if (!table) return;
  std::vector<std::string> open;
  for (const Axis& axis : axes_of(*table, overrides))
    open.insert(open.end(), axis.keys.begin(), axis.keys.end());
  if (!open.empty())
    fail(*table,
         fmt::format(
             "found values for {}; allowed: qhn train, baseline, plan and validate, or a value of "
             "each on the command line, e.g. --set {}=…",
             fmt::join(open, ", "), open.front()));
  root.erase("sweep");
}

}  // namespace qhn
