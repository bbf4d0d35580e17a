#include "campaign/slice.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>

#include "core/error.hpp"

namespace qhn {
namespace {

// "A:B" or "K/M" as two numbers.
std::pair<std::uint64_t, std::uint64_t> two_numbers(const std::string& option,
                                                    const std::string& text, char between) {
  const std::size_t at = text.find(between);
  const auto number = [&](std::string_view part) {
    std::uint64_t n = 0;
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), n);
    if (part.empty() || error != std::errc() || end != part.data() + part.size())
      throw InputError(fmt::format("{}: found '{}'; allowed: two numbers with '{}' between them",
                                   option, text, between));
    return n;
  };
  const std::string_view view = text;
  if (at == std::string::npos) number("");
  return {number(view.substr(0, at)), number(view.substr(at + 1))};
}

}  // namespace

IdRange slice_of(const std::string& ids, const std::string& array_task, std::uint64_t count) {
  if (ids.empty() && array_task.empty()) return {0, count};
  if (!ids.empty()) {
    const auto [first, end] = two_numbers("--ids", ids, ':');
    if (first >= end || end > count)
      throw InputError(
          fmt::format("--ids: found {}; allowed: A:B for the restarts A to B-1, 0 <= A "
                      "< B <= {} (restarts.count)",
                      ids, count));
    return {first, end - first};
  }
  const auto [task, tasks] = two_numbers("--array-task", array_task, '/');
  if (task >= tasks || tasks > count)
    throw InputError(
        fmt::format("--array-task: found {}; allowed: K/M with K = 0 ... M-1 and at "
                    "most {} tasks (restarts.count)",
                    array_task, count));
  const std::uint64_t each = count / tasks, more = count % tasks;
  return {task * each + std::min(task, more), each + (task < more ? 1 : 0)};
}

std::vector<IdRange> fresh_ids(const std::vector<IdRange>& ids, std::uint64_t count,
                               int repetition) {
  std::vector<IdRange> fresh;
  for (const IdRange& range : ids) {
    const std::uint64_t some = std::min(range.count, count);
    if (some > 0) fresh.push_back({range.first + (std::uint64_t(repetition) << 28), some});
    count -= some;
  }
  return fresh;
}

IdRange wanted_of(const FolderScan& scan, const std::string& ids, const std::string& array_task,
                  std::uint64_t restarts) {
  if (scan.header.rule.active()) {
    if (!(ids.empty() && array_task.empty()))
      throw InputError(
          "--ids and --array-task: not allowed, this campaign runs until its interval is narrow");
    return {0, scan.prefix.end()};
  }
  return slice_of(ids, array_task, std::max(restarts, scan.prefix.end()));
}

bool is_complete(const std::string& folder, const std::string& ids, const std::string& array_task,
                 std::uint64_t restarts) {
  const FolderScan scan = scan_campaign(folder);
  const IdRange wanted = wanted_of(scan, ids, array_task, restarts);
  return scan.done.count(wanted) == wanted.count;
}

}  // namespace qhn
