#include "record/sweep_index.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "core/error.hpp"
#include "record/atomic_file.hpp"
#include "record/campaign_file.hpp"
#include "record/campaign_folder.hpp"

namespace qhn {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

std::string index_path(const std::string& folder) {
  return (fs::path(folder) / "sweep.json").string();
}

// A name that stays below the folder of the sweep.
bool is_inside(const std::string& name) {
  return !name.empty() && name != "." && name != ".." && name.find('/') == std::string::npos;
}

SweepIndex from_json(const Json& json) {
  SweepIndex index{json.at("name"), json.at("keys"), {}};
  for (const Json& point : json.at("points")) {
    const Json& restarts = point.at("restarts");
    if (!restarts.is_number_unsigned() || restarts.get<std::uint64_t>() >> 40 != 0)
      throw InputError("a number of restarts is no integer below 2^40");
    IndexedPoint p{point.at("folder"), point.at("values"), point.at("restarts")};
    if (!is_inside(p.folder) || p.values.size() != index.keys.size())
      throw InputError("a point does not fit");
    index.points.push_back(std::move(p));
  }
  return index;
}

Json to_json(const SweepIndex& index) {
  Json points = Json::array();
  for (const IndexedPoint& p : index.points)
    points.push_back({{"folder", p.folder}, {"values", p.values}, {"restarts", p.restarts}});
  return {{"name", index.name}, {"keys", index.keys}, {"points", points}};
}

}  // namespace

std::string short_key(const std::string& key, const std::vector<std::string>& keys) {
  const auto last = [](const std::string& k) { return k.substr(k.rfind('.') + 1); };
  return std::ranges::count(keys, last(key), last) > 1 ? key : last(key);
}

std::string unquoted(const std::string& value) {
  const bool quoted = value.size() >= 2 && value.front() == value.back() &&
                      (value.front() == '"' || value.front() == '\'');
  return quoted ? value.substr(1, value.size() - 2) : value;
}

std::optional<SweepIndex> read_sweep_index(const std::string& folder) {
  const std::string path = index_path(folder);
  std::error_code error;
  if (!fs::is_regular_file(path, error)) return std::nullopt;
  try {
    return from_json(Json::parse(std::ifstream(path)));
  } catch (const std::exception& e) {
    throw InputError(fmt::format(
        "{}: does not hold the points of a sweep ({}); allowed: the file as qhn train wrote it; "
        "without it the same command writes it again",
        path, e.what()));
  }
}

void write_sweep_index(const std::string& folder, SweepIndex index) {
  if (const std::optional<SweepIndex> before = read_sweep_index(folder)) {
    if (before->keys != index.keys)
      throw InputError(
          fmt::format("{}: holds a sweep over {}, this one is over {}; allowed: --out DIR with "
                      "another folder",
                      folder, fmt::join(before->keys, ", "), fmt::join(index.keys, ", ")));
    for (const IndexedPoint& old : before->points)
      if (std::ranges::find(index.points, old.folder, &IndexedPoint::folder) == index.points.end())
        index.points.push_back(old);
    if (index == *before) return;
  }
  write_atomically(index_path(folder),
                   to_json(index).dump(1, ' ', false, Json::error_handler_t::replace) + '\n');
}

std::vector<std::string> campaigns_in(const std::string& folder) {
  const std::optional<SweepIndex> sweep = read_sweep_index(folder);
  if (!sweep) return {folder};
  std::vector<std::string> begun;
  for (const IndexedPoint& point : sweep->points) {
    const std::string its = (fs::path(folder) / point.folder).string();
    if (campaign_header(its)) begun.push_back(its);
  }
  if (begun.empty())
    throw InputError(
        fmt::format("{}: no point of the sweep has begun; allowed: after qhn train", folder));
  return begun;
}

}  // namespace qhn
