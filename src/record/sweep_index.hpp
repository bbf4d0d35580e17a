#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace qhn {

/// One point of a sweep: a campaign in a folder of its own.
struct IndexedPoint {
  std::string folder;               ///< below that of the sweep
  std::vector<std::string> values;  ///< in the order of SweepIndex::keys, as TOML
  std::uint64_t restarts = 0;       ///< requested; with a stopping rule: at most
  friend bool operator==(const IndexedPoint&, const IndexedPoint&) = default;
};

/// The points of a sweep, also those that no run has begun: the file DIR/sweep.json.
struct SweepIndex {
  std::string name;               ///< of the experiment
  std::vector<std::string> keys;  ///< the swept keys, the slowest first
  std::vector<IndexedPoint> points;
  friend bool operator==(const SweepIndex&, const SweepIndex&) = default;
};

/// The last part of a key, or the whole key if another of `keys` ends alike.
std::string short_key(const std::string& key, const std::vector<std::string>& keys);

/// A TOML string without its quotes; any other value as it is.
std::string unquoted(const std::string& value);

/// nullopt: `folder` is not that of a sweep. Throws InputError if the file is damaged.
std::optional<SweepIndex> read_sweep_index(const std::string& folder);

/// Writes the file, with the points that it held before and `index` lacks at the end. Throws
/// InputError if it swept other keys, RunError if it cannot be written.
void write_sweep_index(const std::string& folder, SweepIndex index);

/// The folders of the points of a sweep that have begun, in order; `folder` alone if it is not that
/// of a sweep. Throws InputError if no point has begun.
std::vector<std::string> campaigns_in(const std::string& folder);

}  // namespace qhn
