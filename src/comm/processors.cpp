#include "comm/processors.hpp"

#include <hwloc.h>
#include <hwloc/glibc-sched.h>
#include <omp.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

namespace qhn {
namespace {

/// Calls f(object) for each object of `type` that contains some of `processors`; for none if the
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

cpu_set_t processors_of(const Communicator& node) {
  const cpu_set_t mine = allowed_processors();
  cpu_set_t all = mine;
  MPI_Allreduce(&mine, &all, sizeof mine, MPI_BYTE, MPI_BOR, node);
  return all;
}

int share_of_cores(const Communicator& node) {
  const cpu_set_t mine = allowed_processors();
  cpu_set_t all = mine;
  const int count = CPU_COUNT(&mine);
  int claimed = count;
  if (node) {
    all = processors_of(node);
    MPI_Allreduce(&count, &claimed, 1, MPI_INT, MPI_SUM, node);
  }
  return std::max(1, count_cores(mine) * CPU_COUNT(&all) / claimed);
}

int default_threads(int cores) {
  return std::getenv("OMP_NUM_THREADS") != nullptr ? omp_get_max_threads() : cores;
}

}  // namespace qhn
