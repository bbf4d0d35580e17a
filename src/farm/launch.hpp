#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace qhn {

/// Number of ranks the launcher that started this process says it started, read from PMI_SIZE,
/// OMPI_COMM_WORLD_SIZE, SLURM_STEP_NUM_TASKS or, as a lower bound, PMIX_RANK; 1 where none is set.
/// SLURM_NTASKS does not count: a batch script has it too, without having been started by srun.
/// `environment` is std::getenv but for tests.
int launched_ranks(const std::function<const char*(const char*)>& environment);

/// Throws InputError, with a line to try, where the launcher started more ranks than the `size` of
/// MPI_COMM_WORLD: each of them would take itself for the whole run.
void refuse_lonely_rank(int size, const std::function<const char*(const char*)>& environment);

/// How a rank spends its threads: `workers` restarts at once, `threads_per_state` on each.
struct ThreadPlan {
  int workers = 1;
  int threads_per_state = 1;
};

/// One restart per thread where there are restarts enough to keep half of all threads busy and
/// memory for a state on each, else all threads on one state.
ThreadPlan plan_threads(int threads, int ranks, std::uint64_t restarts, bool memory_for_all);

}  // namespace qhn
