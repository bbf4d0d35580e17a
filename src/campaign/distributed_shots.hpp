#pragma once

#include <span>

#include "campaign/circuit_estimator.hpp"
#include "campaign/group.hpp"
#include "comm/distributed_sweep.hpp"
#include "core/index_map.hpp"

namespace qhn {

/// Samples the state that `group` holds in `sweep`. Calls are collective and begin with
/// agree_to_go_on(). All ranks get the measurements of all ranks, so each can run the optimizer,
/// keep the ledger and save checkpoints. costs[x] is the cost of part(x). `group`, `sweep` and the
/// memory of `costs` must outlive the sampler.
Sampler distributed_sampler(const Group& group, DistributedSweep& sweep, const IndexMap& part,
                            std::span<const double> costs);

}  // namespace qhn
