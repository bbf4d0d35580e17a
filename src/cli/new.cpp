#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <memory>
#include <utility>

#include "campaign/experiment_keys.hpp"
#include "cli/verbs.hpp"
#include "core/error.hpp"
#include "core/paths.hpp"
#include "core/printable.hpp"
#include "record/atomic_file.hpp"
#include "record/output.hpp"

namespace qhn {
namespace {

std::string in_words(const std::vector<KeyCondition>& conditions) {
  std::vector<std::string> all;
  for (const KeyCondition& condition : conditions) all.push_back(to_string(condition));
  return fmt::format("{}", fmt::join(all, " and "));
}

// As TOML; empty: the key has no default.
std::string default_of(const ExperimentKey& key) {
  return key.missing.empty() ? key.type.write(Experiment{}) : "";
}

// Rows of the reference; `prefix`: in front of the names of keys.
std::string reference_rows(const KeyTable& table, const std::string& prefix) {
  std::string rows;
  for (const ExperimentKey& key : table.keys) {
    const std::string value = default_of(key);
    const std::string shown =
        !value.empty()
            ? fmt::format("`{}`", value)
            : fmt::format("{}e.g. `{}`", key.missing.empty() ? "" : "must be given, ", key.example);
    rows += fmt::format("| `{}{}` | {} | {} | {} | {} |\n", prefix, key.name, key.type.allowed,
                        shown, in_words(key.when), key.help);
  }
  for (const KeyTable& inner : table.tables)
    rows += reference_rows(inner, prefix + inner.name + ".");
  return rows;
}

std::string reference_section(const KeyTable& table, const std::string& heading) {
  return fmt::format(
      "\n## {}\n\n{}{}\n\n"
      "| key | allowed | default | applies with | meaning |\n|---|---|---|---|---|\n{}",
      heading, table.help, table.when.empty() ? "" : " Only with " + in_words(table.when) + ".",
      reference_rows(table, ""));
}

// docs/keys.md.
std::string key_reference() {
  KeyTable file = experiment_keys();
  const std::vector<KeyTable> tables = std::exchange(file.tables, {});
  std::string page =
      "# Keys of experiment files\n\n"
      "This page is the output of `qhn new --keys`. How experiment files are read is described in\n"
      "[experiment.md](experiment.md).\n" +
      reference_section(file, "Outside of tables");
  for (const KeyTable& table : tables) page += reference_section(table, "[" + table.name + "]");
  return page;
}

// All keys with their help. A key is commented out if it is not `needed`, does not apply by default
// or has no default.
std::string commented_keys(const KeyTable& table, const std::string& name, bool needed) {
  std::string lines, last_group;
  for (const ExperimentKey& key : table.keys) {
    const bool applies = !unmet_condition(table, key, Experiment{});
    const std::string group = applies ? "" : fmt::format("# With {}:\n", in_words(key.when));
    if (group != last_group) lines += group;
    last_group = group;
    const std::string value = default_of(key);
    const std::string line =
        fmt::format("{}{} = {}", needed && applies && !value.empty() ? "" : "#", key.name,
                    value.empty() ? key.example : value);
    const bool words = key.type.allowed.find('"') != std::string::npos;  // ranges stay out
    lines += fmt::format("{:<31} # {}{}\n", line, key.help,
                         words ? fmt::format(" ({})", key.type.allowed) : "");
  }
  std::string out = lines.empty() ? "" : under_heading(name, lines);
  for (const KeyTable& inner : table.tables) {
    const auto optional = {"noise", "optimizer", "baseline", "engine", "meter", "carbon"};
    const bool inner_needed = needed && std::ranges::find(optional, inner.name) == optional.end();
    out += commented_keys(inner, full_name(name, inner.name), inner_needed);
  }
  return out;
}

std::string experiment_template(const std::string& name) {
  return fmt::format(
      "# An experiment for qhn: every key with its default, or an example. Keys behind a # are "
      "off.\n"
      "# \"qhn validate {0}.toml\" checks it, \"qhn train {0}.toml\" runs it into results/{0}.\n\n"
      "{1}",
      name, commented_keys(experiment_keys(), "", true));
}

void run_new(std::string name) {
  if (name == "-") return write_output("-", experiment_template("experiment"));
  if (name.ends_with(".toml")) name.resize(name.size() - 5);
  const std::string file = name + ".toml";
  const std::string stem = std::filesystem::path(name).filename().string();
  const bool one_line = std::none_of(name.begin(), name.end(), [](unsigned char c) {
    return c < 0x20 || c == 0x7f;  // comments of the file hold the name
  });
  if (stem.empty() || stem == "." || stem == ".." || !one_line)
    throw InputError(fmt::format("found the name '{}'; allowed: the name of a new file", name));
  if (std::filesystem::exists(file))
    throw InputError(fmt::format("{}: exists already; choose another name", file));
  write_atomically(file, experiment_template(stem));
  fmt::print("{} written. Next: qhn validate {}\n", printable(file), printable(shell_quoted(file)));
}

}  // namespace

void add_new(CLI::App& app) {
  struct Options {
    std::string name;
    bool keys = false;
  };
  auto options = std::make_shared<Options>();
  CLI::App* verb = app.add_subcommand("new", "Write a commented experiment file to start from");
  CLI::Option* name = verb->add_option(
      "NAME", options->name, "Writes NAME.toml, unless it exists; -: writes to standard output");
  CLI::Option* keys =
      verb->add_flag("--keys", options->keys, "Print the reference of all keys (Markdown)");
  keys->excludes(name);
  verb->footer("Examples:\n  qhn new my-experiment\n  qhn new --keys");
  verb->callback([options, name] {
    if (options->keys) return write_output("-", key_reference());
    if (name->count() == 0) throw CLI::RequiredError("NAME");
    run_new(options->name);
  });
}

}  // namespace qhn
