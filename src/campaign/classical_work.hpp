#pragma once

#include <memory>

#include "campaign/workload.hpp"

namespace qhn {

/// Runs a classical method on the networks and the loss of an experiment.
std::unique_ptr<Workload> make_classical_work();

}  // namespace qhn
