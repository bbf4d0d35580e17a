#pragma once

#include <sched.h>

#include <string>

#include "comm/communicator.hpp"

namespace qhn {

/// This node's name, as gethostname() states it; "unknown" if it does not.
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
cpu_set_t processors_of(const Communicator& node);

/// This rank's fair share of the cores of its node: all that it may use, fewer if other ranks may
/// use them too; at least 1. Collective over `node`, the ranks of one node; none: this rank
/// alone.
int share_of_cores(const Communicator& node);

/// OMP_NUM_THREADS if it is set, else `cores`.
int default_threads(int cores);

}  // namespace qhn
