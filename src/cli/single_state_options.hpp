#pragma once

#include <CLI/CLI.hpp>

#include "campaign/single_state.hpp"

namespace qhn {

/// Adds the options shared by the verbs that simulate one state (evaluate, sample).
void add_single_state_options(CLI::App& verb, SingleStateOptions& options);

/// Adds --from, --restart and --all.
void add_trained_restart(CLI::App& verb, TrainedRestart& restart);

}  // namespace qhn
