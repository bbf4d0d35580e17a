#pragma once

#include <CLI/CLI.hpp>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "app/experiment.hpp"
#include "core/aligned.hpp"

namespace qhn {

/// What `evaluate` and `sample` are asked about: an experiment at one vector of angles.
struct SingleStateOptions {
  std::string experiment;
  std::vector<std::string> overrides;
  std::string angles;
  std::size_t row = 0;
  bool ignore_extra = false;
  int threads = 0;  ///< 0: default_threads()
};
void add_single_state_options(CLI::App& verb, SingleStateOptions& options);

/// Everything about it, in this process alone: no MPI.
struct SingleState {
  Experiment experiment;
  std::unique_ptr<Problem> problem;
  Circuit circuit;
  std::vector<double> angles;
  AlignedVector<double> costs;
  double minimum = 0.0;  ///< E_min
  std::unique_ptr<Engine> engine;
};
/// Throws InputError on bad input; the angles are read before any work is done.
SingleState prepare_single_state(const SingleStateOptions& options);

}  // namespace qhn
