#pragma once

#include <memory>

#include "campaign/workload.hpp"

namespace qhn {

/// Trains circuits on a cost table, with exact expectations or measured shots.
std::unique_ptr<Workload> make_circuit_work(int ranks_per_state);

}  // namespace qhn
