#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "gradient/engine.hpp"

namespace qhn {

/// Number of ranks the launcher that started this process says it started, read from PMI_SIZE,
/// OMPI_COMM_WORLD_SIZE, SLURM_STEP_NUM_TASKS or, as a lower bound, PMIX_RANK; 1 where none is set.
/// SLURM_NTASKS does not count: a batch script has it too, without having been started by srun.
/// `environment` is std::getenv but for tests.
int launched_ranks(const std::function<const char*(const char*)>& environment);

/// Throws InputError, with a line to try, where the launcher started more ranks than the `size` of
/// MPI_COMM_WORLD: each of them would take itself for the whole run.
void refuse_lonely_rank(int size, const std::function<const char*(const char*)>& environment);

/// Which of them this process is, read from OMPI_COMM_WORLD_RANK, PMIX_RANK or PMI_RANK; 0 where
/// none is set. SLURM_PROCID does not count: a batch script has it, too.
int launched_rank(const std::function<const char*(const char*)>& environment);

/// Throws InputError where the launcher started several ranks for a verb that works on one: each
/// would read its own inputs and answer, or write, for itself. `instead`: what else is allowed.
void refuse_several_ranks(const std::string& verb, const std::string& instead,
                          const std::function<const char*(const char*)>& environment);

/// How a rank spends its threads: `workers` restarts at once, `threads_per_state` on each.
struct ThreadPlan {
  int workers = 1;
  int threads_per_state = 1;
};

/// What decides whether threads are better together on one state or apart on one each.
struct Evaluation {
  EngineKind engine = EngineKind::cut;  ///< which one, not automatic
  double multiply_adds = 0.0;           ///< of one gradient, gradient/engine.hpp
  double bytes = 0.0;                   ///< of one state
  double table_bytes = 0.0;             ///< of the costs, which all share
};
Evaluation evaluation_of(const Circuit& circuit, const EngineOptions& options);

struct Resources {
  int threads = 1;        ///< of this rank
  int ranks = 1;          ///< in all
  int ranks_on_node = 1;  ///< that share memory and cache
  double cache = 0.0;     ///< bytes of the node's last-level cache; 0: unknown
};

/// How many times faster `threads` threads together evaluate one gradient than one of them does: by
/// Amdahl's law with serial shares measured on two threads, for each engine by multiply-adds.
double shared_speedup(const Evaluation& evaluation, int threads);

/// The faster of all threads on one state and one restart per thread, where there is memory for a
/// state on each, by the rounds that `restarts` take: apart, evaluations slow down where the states
/// overflow a cache that one state for each rank would fit, or nearly. The numbers were measured
/// (bench/README.md, Together or apart) and stand in launch.cpp.
ThreadPlan plan_threads(const Evaluation& evaluation, const Resources& resources,
                        std::uint64_t restarts, bool memory_for_all);

}  // namespace qhn
