#pragma once

#include <functional>
#include <string>

#include "engine/execution_plan.hpp"

namespace qhn {

/// Bytes available on this node: free and reclaimable memory, or less because of a limit
/// (survey_memory()).
double available_memory();

/// Throws InputError, with the bytes of both, if `need` exceeds `available`. The result of
/// `remedies` ends the message.
void require_memory(const std::string& source, const MemoryNeed& need, double available,
                    const std::function<std::string()>& remedies = {});

}  // namespace qhn
