#include "app/machine.hpp"

#include <fmt/format.h>
#include <hwloc.h>
#include <hwloc/glibc-sched.h>
#include <omp.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "app/memory_limits.hpp"
#include "core/error.hpp"

namespace qhn {
namespace {

/// f(object) for the objects of that type that hold some of `processors`; for none where the
/// topology cannot be read.
template <class F>
void for_objects(hwloc_obj_type_t type, const cpu_set_t& processors, F f) {
  hwloc_topology_t topology = nullptr;
  if (hwloc_topology_init(&topology) != 0) return;
  if (hwloc_topology_load(topology) == 0) {
    const hwloc_cpuset_t set = hwloc_bitmap_alloc();
    hwloc_cpuset_from_glibc_sched_affinity(topology, set, &processors, sizeof processors);
    hwloc_obj_t object = nullptr;
    while ((object = hwloc_get_next_obj_by_type(topology, type, object)) != nullptr)
      if (hwloc_bitmap_intersects(object->cpuset, set)) f(object);
    hwloc_bitmap_free(set);
  }
  hwloc_topology_destroy(topology);
}

}  // namespace

std::string duration(double seconds) {
  if (seconds < 1e-3) return fmt::format("{:.3g} µs", 1e6 * seconds);
  if (seconds < 1.0) return fmt::format("{:.3g} ms", 1e3 * seconds);
  if (seconds < 600.0) return fmt::format("{:.3g} s", seconds);
  if (seconds < 36000.0) return fmt::format("{:.3g} min", seconds / 60.0);
  return fmt::format("{:.4g} h", seconds / 3600.0);
}

std::string in_bytes(double bytes) {
  static constexpr const char* units[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  int unit = -1;
  double scaled = bytes;
  while (scaled >= 1024.0 && unit < 5) {
    scaled /= 1024.0;
    ++unit;
  }
  if (unit < 0) return fmt::format("{:.0f} bytes", bytes);
  return fmt::format("{:.0f} bytes ({:.4g} {})", bytes, scaled, units[unit]);
}

cpu_set_t allowed_processors() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) != 0) CPU_SET(0, &set);
  return set;
}

int count_cores(const cpu_set_t& processors) {
  int cores = 0;
  for_objects(HWLOC_OBJ_CORE, processors, [&](hwloc_obj_t) { ++cores; });
  return cores > 0 ? cores : CPU_COUNT(&processors);
}

int count_numa_domains(const cpu_set_t& processors) {
  int domains = 0;
  for_objects(HWLOC_OBJ_NUMANODE, processors, [&](hwloc_obj_t) { ++domains; });
  return std::max(1, domains);
}

double last_level_cache(const cpu_set_t& processors) {
  double bytes = 0.0;
  for (const hwloc_obj_type_t level : {HWLOC_OBJ_L3CACHE, HWLOC_OBJ_L2CACHE}) {
    for_objects(level, processors,
                [&](hwloc_obj_t cache) { bytes += static_cast<double>(cache->attr->cache.size); });
    if (bytes > 0.0) break;
  }
  return bytes;
}

std::string host_name() {
  char name[256] = {};
  return ::gethostname(name, sizeof name - 1) == 0 ? name : "unknown";
}

cpu_set_t processors_of(MPI_Comm node) {
  const cpu_set_t mine = allowed_processors();
  cpu_set_t all = mine;
  MPI_Allreduce(&mine, &all, sizeof mine, MPI_BYTE, MPI_BOR, node);
  return all;
}

int share_of_cores(MPI_Comm node) {
  const cpu_set_t mine = allowed_processors();
  cpu_set_t all = mine;
  const int count = CPU_COUNT(&mine);
  int claimed = count;
  if (node != MPI_COMM_NULL) {
    all = processors_of(node);
    MPI_Allreduce(&count, &claimed, 1, MPI_INT, MPI_SUM, node);
  }
  return std::max(1, count_cores(mine) * CPU_COUNT(&all) / claimed);
}

int default_threads(int cores) {
  return std::getenv("OMP_NUM_THREADS") != nullptr ? omp_get_max_threads() : cores;
}

double available_memory() { return survey_memory().bytes; }

MemoryNeed least_memory_need(int qubits) { return {qubits, std::ldexp(8.0, qubits), 0.0}; }

void require_memory(const std::string& source, const MemoryNeed& need, double available,
                    const std::function<std::string()>& remedies) {
  if (need.total() <= available) return;
  throw InputError(fmt::format(
      "{}: {} qubits need {} on a node, {} of them for the cost table; available: {} ({}){}",
      source, need.qubits, in_bytes(need.total()), in_bytes(need.table), in_bytes(available),
      survey_memory().limit, remedies ? remedies() : std::string()));
}

}  // namespace qhn
