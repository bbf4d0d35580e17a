#include "record/provenance.hpp"

#include <H5public.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <omp.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <fstream>

#include "build_info.hpp"
#include "core/simd.hpp"
#include "git_version.hpp"

namespace qhn {
namespace {

std::string host_name() {
  char name[256] = {};
  return gethostname(name, sizeof name - 1) == 0 ? name : "unknown";
}

std::string cpu_model() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);)
    if (line.starts_with("model name") || line.starts_with("Model"))
      return line.substr(line.find(':') + 2);
  return "unknown";
}

// Processors this process may run on, as 0-3,8.
std::string affinity() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) != 0) return "unknown";
  std::string list;
  for (int first = 0; first < CPU_SETSIZE; ++first) {
    if (!CPU_ISSET(first, &set)) continue;
    int last = first;
    while (last + 1 < CPU_SETSIZE && CPU_ISSET(last + 1, &set)) ++last;
    list += fmt::format("{}{}", list.empty() ? "" : ",", first);
    if (last > first) list += fmt::format("-{}", last);
    first = last;
  }
  return list;
}

// The SLURM_ variables of this job, sorted, without the key to the site's REST interface.
std::vector<std::string> slurm_variables() {
  std::vector<std::string> variables;
  if (std::getenv("SLURM_JOB_ID") == nullptr) return variables;  // SLURM_CONF may be set anywhere
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string variable = *entry;
    if (variable.starts_with("SLURM_") && !variable.starts_with("SLURM_JWT"))
      variables.push_back(variable);
  }
  std::sort(variables.begin(), variables.end());
  return variables;
}

std::string hdf5_version() {
  unsigned major = 0, minor = 0, release = 0;
  H5get_libversion(&major, &minor, &release);
  return fmt::format("HDF5 {}.{}.{}", major, minor, release);
}

}  // namespace

std::string utc(std::time_t seconds) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(seconds));
}

std::string utc_now() { return utc(std::time(nullptr)); }

std::string version_line() {
  const std::string commit = QHN_GIT_COMMIT;
  return fmt::format("{} (commit {}{})", QHN_VERSION, commit.substr(0, 12),
                     std::string(QHN_GIT_DIRTY) == "yes" ? ", uncommitted changes" : "");
}

Provenance collect_provenance() {
  const char* bind = std::getenv("OMP_PROC_BIND");
  Provenance p;
  p.version = QHN_VERSION;
  p.git_commit = QHN_GIT_COMMIT;
  p.git_dirty = QHN_GIT_DIRTY;
  p.compiler = QHN_COMPILER;
  p.compiler_flags = QHN_COMPILER_FLAGS;
  p.libraries = hdf5_version() + ", " QHN_LIBRARIES;
  p.mpi = "none";
  p.threads = omp_get_max_threads();
  p.binding = fmt::format("OMP_PROC_BIND={} processors {}", bind ? bind : "unset", affinity());
  p.hosts = {host_name()};
  p.slurm = slurm_variables();
  p.cpu = cpu_model();
  p.simd = to_string(simd_level());
  p.started = utc_now();
  return p;
}

}  // namespace qhn
