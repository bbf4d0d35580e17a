#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "campaign/experiment.hpp"
#include "campaign/trained_restart.hpp"
#include "comm/mpi_session.hpp"
#include "comm/ranks.hpp"
#include "problem/problem.hpp"

namespace qhn {

/// Input of verbs that compute one thing, in one process or on several ranks together.
struct RankedProblemOptions {
  std::string verb;
  std::string experiment;  ///< empty: that of `restart`
  TrainedRestart restart;
  std::vector<std::string> overrides;
  int ranks = 1;             ///< that work together; 1: without MPI
  std::string ranks_option;  ///< its name on the command line
};

/// An experiment and its problem, in this process alone or alike on several ranks.
struct RankedProblem {
  std::unique_ptr<MpiSession> session;  ///< null: one process, no MPI
  std::unique_ptr<Ranks> ranks;         ///< null too on a rank without a part
  Experiment experiment;
  std::unique_ptr<Problem> problem;
  std::string data_sha256;

  bool has_part() const { return !session || ranks; }
  /// Whether this rank prints.
  bool speaks() const { return !session || session->rank() == 0; }
};

/// Reads the experiment and loads its data. `check` may refuse the experiment before the data is
/// read. Throws InputError on bad input, on all ranks alike. Collective if options.ranks > 1.
void load(const RankedProblemOptions& options, const std::function<void(const Experiment&)>& check,
          RankedProblem& out);

}  // namespace qhn
