#pragma once

#include <CLI/CLI.hpp>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/experiment.hpp"
#include "app/mpi_session.hpp"
#include "core/aligned.hpp"
#include "dist/engine.hpp"

namespace qhn {

/// What `evaluate` and `sample` are asked about: an experiment at one vector of angles.
struct SingleStateOptions {
  std::string experiment;
  std::vector<std::string> overrides;
  std::string angles;
  std::optional<std::size_t> row;  ///< nullopt: the first
  bool ignore_extra = false;
  int threads = 0;  ///< 0: default_threads()
  int ranks = 1;    ///< that share the state; 1: no MPI is started
};
void add_single_state_options(CLI::App& verb, SingleStateOptions& options);

/// Everything about it: in this process alone, or this rank's part.
struct SingleState {
  std::unique_ptr<MpiSession> session;  ///< null: one process, no MPI
  std::unique_ptr<Ranks> ranks;         ///< null as well on a rank that has no part
  Experiment experiment;
  std::unique_ptr<Problem> problem;
  Circuit circuit;
  Distribution layout;  ///< over the ranks
  std::vector<double> angles;
  AlignedVector<double> costs;  ///< the table, or C(w) for w = layout.part(rank)(x)
  double minimum = 0.0;         ///< E_min
  EngineOptions engine;

  bool has_part() const { return !session || ranks; }
  /// The rank that prints.
  bool speaks() const { return !session || session->rank() == 0; }
};

/// Throws InputError on bad input, agreed on by all ranks; the angles are read before any work is
/// done. `gradient`: whether one is wanted; `measured`: shots are, by a sweep in place of the
/// experiment's engine.
SingleState prepare_single_state(const SingleStateOptions& options, bool gradient,
                                 bool measured = false);

}  // namespace qhn
