#include "perf/counters.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <map>
#include <set>
#include <thread>

#include "core/error.hpp"

namespace qhn {
namespace {

namespace fs = std::filesystem;

constexpr double most_node_watts = 2e4;  // upper limit for a node, accelerators included

// Reads the first line. Opens the file every time, unbuffered: sysfs computes its content then.
std::string read_line(const std::string& path) {
  std::array<char, 128> text{};
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const ssize_t n = fd < 0 ? -1 : ::read(fd, text.data(), text.size());
  const int reason = errno;
  if (fd >= 0) ::close(fd);
  if (n < 0) throw RunError(path + ": cannot be read (" + std::strerror(reason) + ")");
  const std::string all(text.data(), static_cast<std::size_t>(n));
  return all.substr(0, all.find('\n'));
}

// Printable start of a file's content, for a message.
std::string excerpt(std::string text) {
  text = text.substr(0, 40);
  for (char& c : text)
    if (c < ' ' || c > '~') c = '?';
  return text;
}

// The integer that a text begins with, alone or before a space: "1234 J", not "1.5" or "1e6".
std::uint64_t leading_number(const std::string& path, const std::string& text) {
  std::uint64_t n = 0;
  const char* last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, n);
  if (error != std::errc() || (end != last && *end != ' '))
    throw RunError(path + ": expected an integer, found '" + excerpt(text) + "'");
  return n;
}
std::uint64_t read_number(const std::string& path) { return leading_number(path, read_line(path)); }

bool exists(const std::string& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

// ---- powercap ----

struct Zone {
  std::string path;
  std::string id;  // "0" for intel-rapl:0, "0:2" for intel-rapl:0:2
  bool mirror;     // of intel-rapl-mmio
};

// The most that a zone can consume, in W. Missing and absurd limits are ignored.
double most_watts_of(const std::string& zone) {
  constexpr double peaks = 2.0;  // limits are averages over milliseconds and more
  double limit = 0.0;
  for (const char* what : {"_power_limit_uw", "_max_power_uw"})
    for (int k = 0; k < 3; ++k) {  // long term, short term, peak
      const std::string path = zone + "/constraint_" + std::to_string(k) + what;
      try {
        if (exists(path)) limit = std::max(limit, 1e-6 * static_cast<double>(read_number(path)));
      } catch (const RunError&) {
      }
    }
  const double usual = EnergyCounter{}.most_watts;
  return limit > 0.0 ? std::min(peaks * limit, usual) : usual;
}

// All zones below `folder`, nested or, as in /sys/class, side by side.
void list_zones(const fs::path& folder, std::map<std::string, Zone>& zones) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename();
    if (!name.starts_with("intel-rapl") || !entry.is_directory(error)) continue;
    if (const auto colon = name.find(':'); colon != std::string::npos)
      if (!zones.emplace(name, Zone{entry.path(), name.substr(colon + 1), name[10] == '-'}).second)
        continue;
    list_zones(entry.path(), zones);
  }
}

// ---- Slurm ----

std::string output_of(const std::vector<std::string>& words) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0)
    throw RunError(words[0] + ": cannot be started (" + std::strerror(errno) + ")");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  pid_t child = 0;
  const int error =
      ::posix_spawnp(&child, arguments[0], &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);
  std::string text;
  std::array<char, 256> buffer{};
  for (ssize_t n = 0; error == 0 && (n = ::read(ends[0], buffer.data(), buffer.size())) > 0;)
    text.append(buffer.data(), static_cast<std::size_t>(n));
  ::close(ends[0]);
  int status = 0;
  if (error == 0) ::waitpid(child, &status, 0);
  if (error != 0 || status != 0)
    throw RunError(words[0] + ": " + (error != 0 ? std::strerror(error) : "exited with an error"));
  return text.substr(0, text.find('\n'));
}

// ---- all ----

// Why the counters are unusable: one cannot be read or does not advance. Empty: they are usable.
std::string why_dead(const std::vector<EnergyCounter>& counters) {
  using Clock = std::chrono::steady_clock;
  try {
    std::vector<std::uint64_t> first;
    for (const EnergyCounter& c : counters) first.push_back(c.read());
    for (std::size_t k = 0; k < counters.size(); ++k) {
      const EnergyCounter& c = counters[k];
      if (c.update > 1.0) continue;  // too slow to wait for
      const auto patience = std::chrono::duration<double>(0.3 + 3 * c.update);
      for (const auto start = Clock::now(); c.read() == first[k];) {
        if (Clock::now() - start > patience) return c.name + " does not advance";
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
      }
    }
  } catch (const RunError& error) {
    return error.what();
  }
  return "";
}

}  // namespace

const char* to_string(MeterSource source) {
  switch (source) {
    case MeterSource::automatic:
      return "automatic";
    case MeterSource::pm_counters:
      return "pm_counters";
    case MeterSource::powercap:
      return "powercap";
    case MeterSource::slurm:
      return "slurm";
    case MeterSource::modelled:
      return "modelled";
    case MeterSource::none:
      return "none";
  }
  return "unknown";
}

bool job_owns_node(const Environment& environment, int processors) {
  const char* job = environment("SLURM_JOB_ID");
  const char* granted = environment("SLURM_CPUS_ON_NODE");
  return job != nullptr && granted != nullptr && std::atoi(granted) >= processors;
}

EnergySource find_pm_counters(const std::string& root) {
  const std::string path = root + "/energy";
  if (!exists(path)) return {};
  return {"measured:pm_counters",
          {{"node", "node", [path] { return read_number(path); }, 1.0, 0, 0.1, most_node_watts}},
          {}};
}

EnergySource find_powercap(const std::string& root) {
  std::map<std::string, Zone> zones;
  list_zones(root, zones);
  EnergySource source{"measured:rapl", {}, {}};
  std::set<std::string> seen;
  const auto take = [&](const Zone& zone, const std::string& name, const std::string& scope) {
    if (!seen.insert(name).second) return;  // a mirror
    const std::string path = zone.path + "/energy_uj";
    EnergyCounter counter{name,
                          scope,
                          [path] { return read_number(path); },
                          1e-6,
                          read_number(zone.path + "/max_energy_range_uj"),
                          1e-3};
    counter.most_watts = most_watts_of(zone.path);
    const double wrap = static_cast<double>(counter.range) * counter.tick / counter.most_watts;
    if (counter.range > 0 && wrap < 1.0)
      throw RunError(zone.path + "/max_energy_range_uj: " + std::to_string(counter.range) +
                     " may wrap several times a second");
    source.counters.push_back(std::move(counter));
  };
  try {
    std::map<std::string, std::string> packages;  // name of each, by its zone
    for (const bool mirror : {false, true})       // the originals first
      for (const auto& [file, zone] : zones) {
        if (zone.mirror != mirror) continue;
        const std::string name = read_line(zone.path + "/name");
        const auto parent = packages.find(file.substr(0, file.rfind(':')));
        if (name.starts_with("package")) {
          packages[file] = name;
          take(zone, name, "package");
        } else if (name == "psys") {
          take(zone, name, "psys");
        } else if (name == "dram") {
          take(zone, (parent == packages.end() ? "" : parent->second + " ") + name, "dram");
        }
      }
  } catch (const RunError& error) {
    return {"none", {}, {error.what()}};
  }
  if (seen.empty()) source.method = "none";
  return source;
}

EnergySource find_slurm(const std::string& folder, const Environment& environment) {
  const char* job = environment("SLURM_JOB_ID");
  if (job == nullptr) return {};
  const char* step = environment("SLURM_STEP_ID");
  const std::vector<std::string> words{folder.empty() ? "sstat" : folder + "/sstat",
                                       "--noheader",
                                       "--parsable2",
                                       "--format=ConsumedEnergyRaw",
                                       "--jobs",
                                       std::string(job) + "." + (step == nullptr ? "batch" : step)};
  const auto read = [words] {
    const std::string text = output_of(words);
    const std::uint64_t joules = text.empty() ? 0 : leading_number(words[0], text);
    // Empty, 0 or one of Slurm's values for "no value" and "infinite" (slurm.h: NO_VAL, NO_VAL64,
    // INFINITE, INFINITE64): the cluster records no energy.
    if (joules == 0 || joules >= 0xfffffffffffffffe || joules == 0xfffffffe || joules == 0xffffffff)
      throw RunError(words[0] + ": this cluster records no energy");
    return joules;
  };
  // Samples are half a minute apart by default (JobAcctGatherFrequency).
  const char* nodes = environment("SLURM_JOB_NUM_NODES");
  const double watts = most_node_watts * (nodes == nullptr ? 1e4 : std::max(1, std::atoi(nodes)));
  EnergySource source{"measured:slurm", {{"job step", "node", read, 1.0, 0, 30.0, watts}}, {}};
  try {
    read();
  } catch (const RunError& error) {
    return {"none", {}, {error.what()}};
  }
  return source;
}

EnergySource find_energy_source(const MeterOptions& options, const Environment& environment,
                                int processors, bool first) {
  EnergySource none;
  const auto where = [&](MeterSource which) -> std::string {
    if (which == MeterSource::slurm) return "the environment: SLURM_JOB_ID is not set";
    return which == MeterSource::pm_counters ? options.pm_counters : options.powercap;
  };
  const bool owned = options.owns_node || job_owns_node(environment, processors);
  const auto usable = [&](MeterSource which, EnergySource&& source) {
    if (options.source != which && options.source != MeterSource::automatic) return false;
    if (options.source == which && source.counters.empty() && source.remarks.empty())
      none.remarks.push_back(std::string(to_string(which)) + ": no counter found in " +
                             where(which));
    for (std::string& remark : source.remarks) none.remarks.push_back(std::move(remark));
    if (source.counters.empty()) return false;
    if (!owned) {
      none.remarks.push_back(std::string(to_string(which)) +
                             " is available, but other jobs may share the node (meter.owns_node)");
      return false;
    }
    std::erase_if(source.counters, [](const EnergyCounter& c) {
      return c.scope == "psys" && !why_dead({c}).empty();  // psys is optional
    });
    if (const std::string why = why_dead(source.counters); !why.empty()) {
      none.remarks.push_back(why);
      return false;
    }
    source.remarks = none.remarks;
    none = std::move(source);
    return true;
  };
  if (usable(MeterSource::pm_counters, find_pm_counters(options.pm_counters)) ||
      usable(MeterSource::powercap, find_powercap(options.powercap)))
    return none;
  const bool asks_slurm =
      options.source == MeterSource::automatic || options.source == MeterSource::slurm;
  if (first && asks_slurm) usable(MeterSource::slurm, find_slurm(options.slurm, environment));
  return none;
}

}  // namespace qhn
