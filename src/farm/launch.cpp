#include "farm/launch.hpp"

#include <algorithm>
#include <cstdlib>

#include "core/error.hpp"

namespace qhn {

int launched_ranks(const std::function<const char*(const char*)>& environment) {
  const auto number = [&](const char* name) {
    const char* value = environment(name);
    return value == nullptr ? 0 : std::atoi(value);
  };
  int ranks = 1;
  for (const char* name : {"PMI_SIZE", "OMPI_COMM_WORLD_SIZE"})
    ranks = std::max(ranks, number(name));
  // A launcher under srun inherits srun's count of its own daemons; its own count is above then.
  if (environment("PMI_SIZE") == nullptr && environment("OMPI_COMM_WORLD_SIZE") == nullptr)
    ranks = std::max(ranks, number("SLURM_STEP_NUM_TASKS"));
  return std::max(ranks, number("PMIX_RANK") + 1);
}

void refuse_lonely_rank(int size, const std::function<const char*(const char*)>& environment) {
  const int launched = launched_ranks(environment);
  if (launched <= size) return;
  const std::string n = std::to_string(launched);
  const bool slurm = environment("SLURM_STEP_NUM_TASKS") != nullptr;
  throw InputError(
      "the launcher started " + n + " ranks, but this one is in an MPI world of " +
      std::to_string(size) + ": launcher and program belong to different MPI libraries; try " +
      (slurm ? "srun --mpi=pmix -n " + n + " qhn …"
             : "the mpirun of the MPI that qhn was built with (qhn --version): mpirun -n " + n +
                   " qhn …"));
}

ThreadPlan plan_threads(int threads, int ranks, std::uint64_t restarts, bool memory_for_all) {
  const auto all = static_cast<std::uint64_t>(threads) * static_cast<std::uint64_t>(ranks);
  if (memory_for_all && 2 * restarts >= all) return {threads, 1};
  return {1, threads};
}

}  // namespace qhn
