#pragma once

#include <mpi.h>
#include <sched.h>

#include <cstdint>
#include <functional>
#include <string>

namespace qhn {

/// "2048 bytes (2 KiB)".
std::string in_bytes(double bytes);
/// "3.2 ms", "1.5 h".
std::string duration(double seconds);

std::string host_name();

/// Processors that this process may run on.
cpu_set_t allowed_processors();

/// More threads than any --threads may ask for are a typing mistake.
constexpr int max_threads = 4096;

/// Cores among `processors`: two hardware threads of one core count once.
int count_cores(const cpu_set_t& processors);

/// NUMA domains that hold some of `processors`; at least 1.
int count_numa_domains(const cpu_set_t& processors);

/// Bytes of the last-level caches of `processors` together; 0 where the system does not say.
double last_level_cache(const cpu_set_t& processors);

/// Processors that the ranks of `node` may use together. Collective.
cpu_set_t processors_of(MPI_Comm node);

/// This rank's fair share of the cores of its node: all that it may use, less where other ranks may
/// use them too; at least 1. Collective over `node`, the ranks of one node; MPI_COMM_NULL: none but
/// this one.
int share_of_cores(MPI_Comm node);

/// OMP_NUM_THREADS where it is set, else `cores`.
int default_threads(int cores);

/// Bytes this node can still give: free and reclaimable memory, or what is left of the limit of the
/// control group where that is less.
double available_memory();

/// What an experiment holds on one node, in bytes. Numbers of qubits that no machine can hold are
/// fine.
struct MemoryNeed {
  int qubits = 0;
  double table = 0.0;
  double states = 0.0;  ///< all engines together
  double total() const { return table + states; }
};

/// The least of it, before there is a circuit: the table. A cut keeps no state.
MemoryNeed least_memory_need(int qubits);

/// Throws InputError, saying how many bytes `need` is, where it is more than `available`; what
/// `remedies` returns ends the line.
void require_memory(const std::string& source, const MemoryNeed& need, double available,
                    const std::function<std::string()>& remedies = {});

}  // namespace qhn
