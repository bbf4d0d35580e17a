#pragma once

#include <functional>
#include <string>
#include <vector>

#include "campaign/experiment.hpp"
#include "record/toml_reader.hpp"

// The keys of experiment files as a table. Reading, writing, `qhn new` and docs/keys.md all work
// from it (experiment_keys.cpp), so a new key is one entry there.
namespace qhn {

/// What the value of a key may be, and where an experiment holds it (key_types.hpp).
struct KeyType {
  std::string allowed;  ///< in words: an integer from 1 to 62
  /// Reads the key, if present, into the experiment. Throws InputError.
  std::function<void(TomlReader& table, const std::string& key, Experiment& e)> read;
  /// The value as TOML; empty: not given.
  std::function<std::string(const Experiment& e)> write;
};

/// Where a key applies. In words: `subject` = one of `words`; `subject` alone if there are none.
struct KeyCondition {
  std::function<bool(const Experiment&)> holds;
  std::string subject;
  std::vector<std::string> words = {};
  bool ignored = false;  ///< elsewhere the key is allowed, but has no effect; else it is an error
};

/// A key may be declared several times, with conditions that exclude each other.
struct ExperimentKey {
  std::string name;
  KeyType type;  ///< its default is that of Experiment{}
  std::string help;
  std::vector<KeyCondition> when;
  std::string example;  ///< TOML, if there is no default
  std::string missing;  ///< says what belongs there; empty: the key may be absent
};

/// A table of an experiment file; its keys are written in this order.
struct KeyTable {
  std::string name;  ///< empty: the file itself
  std::string help;
  std::vector<KeyCondition> when = {};  ///< of every key
  std::vector<ExperimentKey> keys = {};
  std::vector<KeyTable> tables = {};
  /// What depends on several keys: contradictions and derived values. Called after they are read.
  void (*finish)(TomlReader& table, Experiment& e) = nullptr;

  /// Appends a key; the arguments are the members of ExperimentKey.
  void add(std::string key, KeyType type, std::string key_help,
           std::vector<KeyCondition> conditions = {}, std::string example = {},
           std::string missing = {}) {
    keys.push_back({std::move(key), std::move(type), std::move(key_help), std::move(conditions),
                    std::move(example), std::move(missing)});
  }
};

/// The file itself.
const KeyTable& experiment_keys();

/// "kind = "images" or "csv"".
std::string to_string(const KeyCondition& condition);

/// The first condition of the table or the key that does not hold; null: all hold.
const KeyCondition* unmet_condition(const KeyTable& table, const ExperimentKey& key,
                                    const Experiment& e);

/// `lines` under the heading [name]; without heading if the name is empty.
std::string under_heading(const std::string& name, const std::string& lines);

/// Joins the names of a table and of one inside.
inline std::string full_name(const std::string& outer, const std::string& inner) {
  return outer.empty() ? inner : outer + "." + inner;
}

}  // namespace qhn
