#include "farm/launch.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <span>

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

int launched_rank(const std::function<const char*(const char*)>& environment) {
  for (const char* name : {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK"})
    if (const char* rank = environment(name)) return std::atoi(rank);
  return 0;
}

void refuse_several_ranks(const std::string& verb, const std::string& instead,
                          const std::function<const char*(const char*)>& environment) {
  const int ranks = launched_ranks(environment);
  if (ranks == 1) return;
  throw InputError(verb + " works on one rank, but the launcher started " + std::to_string(ranks) +
                   "; allowed: 1, or no launcher at all" +
                   (instead.empty() ? "" : ", or " + instead));
}

namespace {

/// Gradients of at least so many multiply-adds leave this share of their time to one thread.
struct SerialShare {
  double multiply_adds, share;
};
constexpr SerialShare cut_shares[] = {{0, 1.0}, {1e6, 0.65}, {1e7, 0.35}, {3e7, 0.05}};
constexpr SerialShare sweep_shares[] = {{0, 1.0}, {5e7, 0.25}, {1.5e8, 0.15}, {4e8, 0.05}};
/// What an evaluation takes where the states overflow the last-level cache, against one that fits,
/// or exceeds it by no more than this factor.
constexpr double overflow_slowdown = 1.3, nearly_fits = 1.3;

std::span<const SerialShare> shares_of(EngineKind engine) {
  if (engine == EngineKind::cut) return cut_shares;
  if (engine == EngineKind::sweep) return sweep_shares;
  return std::span(cut_shares).first(1);  // the reference engine knows no threads
}

/// Rounds that `restarts` take when `at_once` run at once.
double rounds(std::uint64_t restarts, int at_once) {
  return std::ceil(static_cast<double>(restarts) / at_once);
}

}  // namespace

Evaluation evaluation_of(const Circuit& circuit, const EngineOptions& options) {
  const EngineKind kind =
      options.kind == EngineKind::automatic ? choose_engine(circuit) : options.kind;
  return {kind, evaluation_multiply_adds(circuit, kind),
          static_cast<double>(engine_bytes(circuit, options)), std::ldexp(8.0, circuit.qubits)};
}

double shared_speedup(const Evaluation& evaluation, int threads) {
  double serial = 1.0;
  for (const SerialShare& s : shares_of(evaluation.engine))
    if (evaluation.multiply_adds >= s.multiply_adds) serial = s.share;
  return 1.0 / (serial + (1.0 - serial) / threads);
}

ThreadPlan plan_threads(const Evaluation& evaluation, const Resources& resources,
                        std::uint64_t restarts, bool memory_for_all) {
  const ThreadPlan apart{resources.threads, 1}, together{1, resources.threads};
  if (!memory_for_all) return together;
  const auto held = [&](int states) {
    return evaluation.table_bytes + states * resources.ranks_on_node * evaluation.bytes;
  };
  const bool overflows =
      held(1) <= nearly_fits * resources.cache && held(resources.threads) > resources.cache;
  const double time_apart =
      rounds(restarts, resources.ranks * resources.threads) * (overflows ? overflow_slowdown : 1.0);
  const double time_together =
      rounds(restarts, resources.ranks) / shared_speedup(evaluation, resources.threads);
  return time_apart <= time_together ? apart : together;
}

}  // namespace qhn
