#pragma once

#include <memory>

#include "app/campaign.hpp"

namespace qhn {

/// Circuits trained on a table: by exact expectations or by measured shots.
std::unique_ptr<Workload> make_circuit_work(int ranks_per_state);

}  // namespace qhn
