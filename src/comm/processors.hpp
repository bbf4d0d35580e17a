#pragma once

#include <mpi.h>
#include <sched.h>

#include <string>

namespace qhn {

std::string host_name();

/// Processors that this process may run on.
cpu_set_t allowed_processors();

/// Upper limit of --threads: larger numbers are typing mistakes.
constexpr int max_threads = 4096;

/// Cores among `processors`: two hardware threads of one core count once.
int count_cores(const cpu_set_t& processors);

/// NUMA domains that contain some of `processors`; at least 1.
int count_numa_domains(const cpu_set_t& processors);

/// Total bytes of the last-level caches of `processors`; 0 if unknown.
double last_level_cache(const cpu_set_t& processors);

/// Union of the processors that the ranks of `node` may use. Collective.
cpu_set_t processors_of(MPI_Comm node);

/// This rank's fair share of the cores of its node: all that it may use, fewer if other ranks may
/// use them too; at least 1. Collective over `node`, the ranks of one node; MPI_COMM_NULL: this
/// rank alone.
int share_of_cores(MPI_Comm node);

/// OMP_NUM_THREADS if it is set, else `cores`.
int default_threads(int cores);

}  // namespace qhn
