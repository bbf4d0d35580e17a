#pragma once

#include <span>

#include "core/index_map.hpp"
#include "dist/sweep.hpp"
#include "farm/group.hpp"
#include "farm/shot_restart.hpp"

namespace qhn {

/// Measures the state that the ranks of `group` hold together in `sweep`, with their agreement
/// before. Calls are collective, and all ranks get everything that came up on any: so each runs the
/// optimiser, keeps the books and could be the one to save. `costs` are those of this rank's
/// `part`; but for that all must outlive the sampler.
Sampler spread_sampler(const Group& group, DistributedSweep& sweep, const IndexMap& part,
                       std::span<const double> costs);

}  // namespace qhn
