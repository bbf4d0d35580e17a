#include "campaign/same_input.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <utility>

#include "comm/processors.hpp"
#include "core/error.hpp"
#include "core/sha256.hpp"
#include "problem/data.hpp"
#include "record/key_values.hpp"
#include "record/provenance.hpp"
#include "record/toml_reader.hpp"

namespace qhn {
namespace {

namespace fs = std::filesystem;

/// Environment variables that result fields depend on. GLIBC_TUNABLES selects implementations of
/// mathematical functions, which costs use.
constexpr const char* decisive_variables[] = {"GLIBC_TUNABLES"};

/// The arguments of the command line without --threads, on which no result depends and which may
/// differ between nodes.
std::string command_line() {
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  const std::string all(std::istreambuf_iterator<char>(file), {});
  std::string line;
  bool skip = true;  // the program's own name
  for (std::size_t at = 0; at < all.size();) {
    const std::string word = all.c_str() + at;
    at += word.size() + 1;
    const bool skipped = std::exchange(skip, word == "--threads");
    if (skipped || skip || word.starts_with("--threads=")) continue;
    line += (line.empty() ? "" : " ") + (word.empty() ? "''" : word);
  }
  return line;
}

std::string absolute(const std::string& path) {
  std::error_code error;
  const fs::path whole = fs::absolute(path, error);
  return error ? path : whole.lexically_normal().string();
}

}  // namespace

std::string describe_difference(const std::string& rank_0, const std::string& here) {
  if (rank_0.find('\n') == std::string::npos && here.find('\n') == std::string::npos)
    return fmt::format("there '{}', here '{}'", rank_0, here);
  std::string text;
  for (const KeyDifference& d : differences(parse_lines(rank_0), parse_lines(here))) {
    constexpr std::size_t most = 240;  // keeps the message short
    if (text.size() > most) return text + ", …";
    text += (text.empty() ? "" : ", ") + to_string(d);
  }
  return text;
}

void require_same(MpiSession& session, const std::vector<Given>& mine) {
  if (session.size() == 1) return;
  // The hash is compared; the text is only shown, with bytes that are not UTF-8 replaced.
  nlohmann::json list = nlohmann::json::array();
  if (session.rank() == 0)
    for (const Given& g : mine) list.push_back({g.what, g.value, sha256(g.what + '\0' + g.value)});
  std::string text = list.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  session.world().broadcast(text);
  session.agree([&] {
    const nlohmann::json rank_0 = nlohmann::json::parse(text);
    for (std::size_t i = 0; i < std::max(rank_0.size(), mine.size()); ++i) {
      const Given here = i < mine.size() ? mine[i] : Given{"nothing", "", ""};
      const Given there =
          i < rank_0.size() ? Given{rank_0[i][0], rank_0[i][1], ""} : Given{"nothing", "", ""};
      if (i < rank_0.size() && rank_0[i][2] == sha256(here.what + '\0' + here.value)) continue;
      throw InputError(fmt::format(
          "on {}: {}{} differs from rank 0: {}; allowed: the same input on every rank", host_name(),
          here.what, here.where.empty() ? "" : fmt::format(" ({})", here.where),
          here.what == there.what ? describe_difference(there.value, here.value)
                                  : fmt::format("there '{}', here '{}'", there.what, here.what)));
    }
  });
}

void require_same_launch(MpiSession& session) {
  std::vector<Given> mine{{"the command line", command_line(), ""},
                          {"the program", version_line(), ""}};
  for (const char* name : decisive_variables) {
    const char* value = std::getenv(name);
    mine.push_back({fmt::format("the environment variable {}", name), value ? value : "", ""});
  }
  require_same(session, mine);
}

void require_readable(const std::string& path, int times) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (times == 1 || error || !fs::exists(status) || fs::is_regular_file(status)) return;
  throw InputError(
      fmt::format("{}: is not a regular file, but is read more than once (by every rank, and by "
                  "baseline for every method); allowed: a regular file",
                  path));
}

Given given_file(const std::string& path) {
  return {path, "sha256 " + sha256_of_file(path), absolute(path)};
}

Given given_place(const std::string& option, const std::string& path) {
  return {option, absolute(path), ""};
}

std::vector<Given> given_experiment(const Experiment& experiment, const std::string& path,
                                    const std::vector<std::string>& overrides) {
  const toml::table root = parse_toml(path, overrides);
  std::vector<Given> all{{path, to_lines(key_values(root)), absolute(path)},
                         {path + ", defaults filled in",
                          to_toml(experiment) + to_baseline_toml(experiment), absolute(path)}};
  if (const auto constants = root["meter"]["constants"].value<std::string>())
    all.push_back(given_file(*constants));
  return all;
}

std::vector<Given> given_data(const ProblemOptions& problem) {
  std::vector<Given> files;
  for (const std::string& path : input_files(problem)) files.push_back(given_file(path));
  return files;
}

}  // namespace qhn
