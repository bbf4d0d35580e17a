#pragma once

#include <string>
#include <vector>

#include "record/sweep_index.hpp"
#include "record/toml.hpp"

// [sweep] of an experiment file: values for any keys. Every combination is a point, that is, the
// experiment with these values as overrides.
namespace qhn {

struct SweepPoint {
  std::string folder;                  ///< its name: "family=linear,layers=2"
  std::vector<std::string> values;     ///< in the order of Sweep::keys, as TOML
  std::vector<std::string> overrides;  ///< "key=value" of every swept key

  /// Overrides that make the experiment this point: `others`, then those of the swept keys.
  std::vector<std::string> on_top_of(std::vector<std::string> others) const;
};

struct Sweep {
  std::string name;               ///< of the experiment
  std::vector<std::string> keys;  ///< as they stand in the file; the first varies slowest
  std::vector<SweepPoint> points;
  bool empty() const { return points.empty(); }
};

/// The most points of a sweep.
constexpr std::size_t most_points = 10000;

/// The sweep of an experiment file; empty if it has none. An override of a swept key takes it out
/// of the sweep. Reads the experiment of every point. Throws InputError with the position in the
/// file. Empty too for what can be read only once, such as a pipe: settle_sweep() then refuses a
/// sweep.
///
///   [sweep]
///   circuit.family = ["product", "linear"]   # a list of values
///   problem.seed = "1..20"                   # or a range of integers: first..last[..step]
///   [[sweep.rows]]                           # values that belong together
///   circuit.layers = 1
///   restarts.count = 1000
Sweep read_sweep(const std::string& path, const std::vector<std::string>& overrides);

/// A line for each point, to compare what ranks have read.
std::string describe(const Sweep& sweep);

/// Removes the table [sweep] of `root` if `overrides` set all of its keys. Otherwise throws
/// InputError: a verb that takes one experiment cannot take many.
void settle_sweep(toml::table& root, const std::vector<std::string>& overrides);

}  // namespace qhn
