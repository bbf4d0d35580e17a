#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "record/id_set.hpp"

namespace qhn {

/// The restarts that --ids A:B or --array-task K/M (one of them, or neither: both empty) name of
/// `count`. Throws InputError.
IdRange slice_of(const std::string& ids, const std::string& array_task, std::uint64_t count);

/// Of `ids` the first `count`, moved to where no campaign has restarts: starts of the same kind as
/// theirs, but others, and others for every repetition. 2^28 restarts are never too short a phase.
std::vector<IdRange> fresh_ids(const std::vector<IdRange>& ids, std::uint64_t count,
                               int repetition);

}  // namespace qhn
