#include "comm/launcher.hpp"

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
  // Under srun an MPI launcher inherits srun's count of launcher daemons; its own count is above.
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
      "the launcher started " + n + " ranks, but this process is in an MPI world of " +
      std::to_string(size) + ": the launcher and qhn use different MPI libraries; try " +
      (slurm ? "srun --mpi=pmix -n " + n + " qhn …"
             : "the mpirun of the MPI that qhn was built with (qhn --version): mpirun -n " + n +
                   " qhn …"));
}

int launched_rank(const std::function<const char*(const char*)>& environment) {
  for (const char* name : {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK"})
    if (const char* rank = environment(name)) return std::atoi(rank);
  return 0;
}

void refuse_several_ranks(const std::string& verb, const std::string& instead,
                          const std::function<const char*(const char*)>& environment) {
  const int ranks = launched_ranks(environment);
  if (ranks == 1) return;
  throw InputError(verb + " runs on one rank, but the launcher started " + std::to_string(ranks) +
                   "; allowed: 1, or no launcher at all" +
                   (instead.empty() ? "" : ", or " + instead));
}

}  // namespace qhn
