#pragma once

#include <functional>
#include <string>

namespace qhn {

/// Number of ranks that the launcher started, read from PMI_SIZE, OMPI_COMM_WORLD_SIZE,
/// SLURM_STEP_NUM_TASKS or, as a lower bound, PMIX_RANK; 1 if none is set. SLURM_NTASKS is not
/// read: batch scripts have it too, without srun. `environment`: std::getenv, except in tests.
int launched_ranks(const std::function<const char*(const char*)>& environment);

/// Throws InputError, with a command to try, if the launcher started more ranks than `size`, the
/// size of MPI_COMM_WORLD: each process would run the whole campaign by itself.
void refuse_lonely_rank(int size, const std::function<const char*(const char*)>& environment);

/// This process's rank under the launcher, read from OMPI_COMM_WORLD_RANK, PMIX_RANK or PMI_RANK;
/// 0 if none is set. SLURM_PROCID is not read: batch scripts have it too.
int launched_rank(const std::function<const char*(const char*)>& environment);

/// Throws InputError if the launcher started several ranks for a verb that runs on one: each would
/// read its own inputs and print or write its own results. `instead`: an allowed alternative, for
/// the message.
void refuse_several_ranks(const std::string& verb, const std::string& instead,
                          const std::function<const char*(const char*)>& environment);

}  // namespace qhn
