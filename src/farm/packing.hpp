#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "record/record.hpp"

namespace qhn {

/// Records as bytes for a message between ranks of one architecture, and back.
std::vector<std::byte> pack(std::span<const RestartRecord> records);
/// Throws RunError where `bytes` did not come from pack().
std::vector<RestartRecord> unpack(std::span<const std::byte> bytes);

}  // namespace qhn
