#pragma once

#include <cstdint>

#include "engine/engine.hpp"

namespace qhn {

/// How a rank uses its threads: `workers` restarts at once, `threads_per_state` threads on each.
struct ThreadPlan {
  int workers = 1;
  int threads_per_state = 1;
};

/// Cost of an evaluation; decides whether threads share one state or have independent states.
struct Evaluation {
  EngineKind engine = EngineKind::cut;  ///< the chosen one, not automatic
  double multiply_adds = 0.0;           ///< of one gradient (engine/engine.hpp)
  double bytes = 0.0;                   ///< of one state
  double table_bytes = 0.0;             ///< of the cost table, shared by all states
};
Evaluation evaluation_of(const Circuit& circuit, const EngineOptions& options);

struct Resources {
  int threads = 1;        ///< of this rank
  int ranks = 1;          ///< of the run
  int ranks_on_node = 1;  ///< that share memory and cache
  double cache = 0.0;     ///< bytes of the node's last-level cache; 0: unknown
};

/// Speedup of one gradient on `threads` threads that share a state, by Amdahl's law. The serial
/// shares were measured on two threads for each engine, by multiply-adds.
double shared_speedup(const Evaluation& evaluation, int threads);

/// The faster of two plans for `restarts` restarts: all threads share one state, or each thread has
/// an independent one. Shared if `memory_for_all` is false: no memory for a state per thread. The
/// time is rounds of restarts × time of an evaluation. Independent states are slower if they
/// overflow a cache that one state per rank fits, or nearly. The numbers were measured
/// (bench/RESULTS.md, Shared or independent threads) and stand in thread_plan.cpp.
ThreadPlan plan_threads(const Evaluation& evaluation, const Resources& resources,
                        std::uint64_t restarts, bool memory_for_all);

}  // namespace qhn
