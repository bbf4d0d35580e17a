#include "campaign/memory_limits.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>
#include <optional>
#include <sstream>
#include <tuple>
#include <vector>

namespace qhn {
namespace {

namespace fs = std::filesystem;

constexpr double infinite = std::numeric_limits<double>::infinity();
constexpr double unlimited = 0x1p62;  // version 1 writes 2^63 minus a page for no limit

// The first number in a file; infinite if there is none ("max").
double number_in(const fs::path& path) {
  double value = 0.0;
  return std::ifstream(path) >> value ? value : infinite;
}

// The number behind `key` in lines "key number" or "key: number unit"; 0 if there is none.
double value_of(const fs::path& path, const std::string& key) {
  std::ifstream file(path);
  std::string name, rest;
  for (double value = 0.0; file >> name >> value; std::getline(file, rest))
    if (name == key) return value;
  return 0.0;
}

/// The files of one version of control groups.
struct GroupFiles {
  const char *limit, *used, *reclaimable;
};
constexpr GroupFiles version_1{"memory.limit_in_bytes", "memory.usage_in_bytes",
                               "total_inactive_file"};
constexpr GroupFiles version_2{"memory.max", "memory.current", "inactive_file"};

/// A hierarchy of control groups and the group of this process in it.
struct Hierarchy {
  const GroupFiles* files;
  fs::path mount;  ///< mount point of the topmost visible group
  fs::path group;  ///< of this process, relative to `mount`
};

bool has_word(const std::string& list, const std::string& word) {
  std::istringstream words(list);
  for (std::string w; std::getline(words, w, ',');)
    if (w == word) return true;
  return false;
}

// The group of this process in the hierarchy of the memory controller, as the kernel names it.
std::optional<std::string> group_of_process(const fs::path& root, bool version_one) {
  std::ifstream file(root / "proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {  // number:controllers:group
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    if (version_one ? has_word(controllers, "memory") : controllers.empty())
      return line.substr(second + 1);
  }
  return std::nullopt;
}

std::vector<Hierarchy> hierarchies(const fs::path& root) {
  std::vector<Hierarchy> found;
  std::ifstream file(root / "proc/self/mountinfo");
  for (std::string line; std::getline(file, line);) {
    // id parent device root mount options [more] - type source options of the file system
    std::istringstream words(line);
    std::string skipped, top, mount, type, source, options;
    words >> skipped >> skipped >> skipped >> top >> mount;
    while (words >> skipped && skipped != "-") {
    }
    words >> type >> source >> options;
    const bool one = type == "cgroup" && has_word(options, "memory");
    if (!one && type != "cgroup2") continue;
    const std::optional<std::string> group = group_of_process(root, one);
    if (!group) continue;
    // The mount shows the groups below `top`; a group elsewhere (a container's own view) counts as
    // the topmost.
    fs::path inside = fs::path(*group).lexically_relative(top);
    if (inside.empty() || *inside.begin() == "..") inside.clear();
    found.push_back({one ? &version_1 : &version_2, root / fs::path(mount).relative_path(),
                     inside.lexically_normal()});
  }
  return found;
}

/// Calls visit(folder of the group, its name, its files) from this process's group up.
template <class Visit>
void for_each_group(const fs::path& root, Visit visit) {
  for (const Hierarchy& h : hierarchies(root))
    for (fs::path group = h.group;; group = group.parent_path()) {
      const bool topmost = group.empty() || group == ".";
      visit(topmost ? h.mount : h.mount / group, topmost ? "/" : "/" + group.string(), *h.files);
      if (topmost) break;
    }
}

/// The soft limit in a line "name  soft  hard  bytes" of /proc/self/limits; infinite: unlimited.
double process_limit(const fs::path& root, const std::string& name) {
  std::ifstream file(root / "proc/self/limits");
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(name)) continue;
    double soft = 0.0;
    if (std::istringstream(line.substr(name.size())) >> soft) return soft;
  }
  return infinite;
}

double limit_of(const fs::path& folder, const GroupFiles& files) {
  const double limit = number_in(folder / files.limit);
  return limit >= unlimited ? infinite : limit;
}

constexpr double mebibyte = 1048576.0;

}  // namespace

AvailableMemory survey_memory(const MemorySources& sources) {
  const fs::path root = sources.root;
  AvailableMemory least(infinite, "");
  const auto consider = [&](double bytes, const std::string& limit) {
    if (bytes < least.bytes) least = {std::max(bytes, 0.0), limit};
  };
  if (const double free = 1024.0 * value_of(root / "proc/meminfo", "MemAvailable:"); free > 0.0)
    consider(free, "free memory of the node");
  for_each_group(root,
                 [&](const fs::path& folder, const std::string& name, const GroupFiles& files) {
                   const double limit = limit_of(folder, files);
                   if (!std::isfinite(limit)) return;
                   const double used = number_in(folder / files.used);
                   const double droppable = value_of(folder / "memory.stat", files.reclaimable);
                   consider(std::isfinite(used) ? limit - std::max(used - droppable, 0.0) : limit,
                            fmt::format("{} {} of control group {}", files.limit, limit, name));
                 });

  const auto number = [&](const char* name) {
    const char* text = sources.environment ? sources.environment(name) : std::getenv(name);
    char* end = nullptr;
    const double value = text ? std::strtod(text, &end) : 0.0;
    return text && end != text && *end == '\0' && std::isfinite(value) ? value : 0.0;
  };
  const double ranks = std::max(
      {1.0, number("OMPI_COMM_WORLD_LOCAL_SIZE"), number("MPI_LOCALNRANKS")});  // on the node
  for (const auto& [limit, used, option] : {std::tuple("Max address space", "VmSize:", "-v"),
                                            std::tuple("Max data size", "VmData:", "-d")}) {
    const double soft = process_limit(root, limit);
    if (!std::isfinite(soft)) continue;
    consider(ranks * (soft - 1024.0 * value_of(root / "proc/self/status", used)),
             fmt::format("ulimit {} {} of a process", option, soft / 1024.0));
  }
  if (number("SLURM_JOB_ID") > 0.0) {  // in MiB; 0 is all of the node
    const double node = number("SLURM_MEM_PER_NODE");
    if (node > 0.0) consider(node * mebibyte, fmt::format("SLURM_MEM_PER_NODE={}", node));
    const double cpu = number("SLURM_MEM_PER_CPU"), cpus = number("SLURM_CPUS_ON_NODE");
    if (cpu > 0.0 && cpus > 0.0)
      consider(cpu * cpus * mebibyte,
               fmt::format("SLURM_MEM_PER_CPU={} x SLURM_CPUS_ON_NODE={}", cpu, cpus));
    const double gpu = number("SLURM_MEM_PER_GPU"), gpus = number("SLURM_GPUS_ON_NODE");
    if (gpu > 0.0 && gpus > 0.0)
      consider(gpu * gpus * mebibyte,
               fmt::format("SLURM_MEM_PER_GPU={} x SLURM_GPUS_ON_NODE={}", gpu, gpus));
  }
  return least;
}

}  // namespace qhn
