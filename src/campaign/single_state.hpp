#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "campaign/ranked_problem.hpp"
#include "comm/distributed_engine.hpp"
#include "core/aligned.hpp"
#include "engine/execution_plan.hpp"

namespace qhn {

/// Input of `evaluate` and `sample`: an experiment and angles.
struct SingleStateOptions {
  std::string experiment;  ///< with `angles`; both empty: those of `restart`
  TrainedRestart restart;
  std::vector<std::string> overrides;
  std::string angles;
  std::optional<std::size_t> row;  ///< row of the file `angles`; nullopt: the first
  bool ignore_extra = false;
  int threads = 0;  ///< 0: default_threads()
  int ranks = 1;    ///< per state; 1: without MPI
  int tables = 1;   ///< of costs, each with an engine, that the caller will make
};

/// The state in this process alone, or this rank's part of it.
struct SingleState : RankedProblem {
  ExecutionPlan plan;
  std::vector<NamedAngles> states;  ///< one, or those of all restarts
  AlignedVector<double> costs;      ///< the table, or C(w) for w = plan.part(rank)(x)
  double minimum = 0.0;             ///< E_min
};

/// Throws InputError on bad input, on all ranks alike. Reads the angles before it computes costs.
/// `gradient`: the engine must compute gradients. `measured`: to measure shots, use the
/// statevector engine instead of the experiment's, or with noise the tensor engine. Collective if
/// options.ranks > 1.
SingleState prepare_single_state(const SingleStateOptions& options, bool gradient,
                                 bool measured = false);

}  // namespace qhn
