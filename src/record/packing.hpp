#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "record/energy.hpp"
#include "record/record.hpp"

namespace qhn {

/// Packs records into bytes, for messages between ranks and for the journal. The layout is that of
/// core/bytes.hpp with the fields in the order of packing.cpp; changing either changes the
/// journal's format.
std::vector<std::byte> pack(std::span<const RestartRecord> records);
/// Inverse of pack(). Throws RunError if `bytes` did not come from pack().
std::vector<RestartRecord> unpack(std::span<const std::byte> bytes);

/// The result fields alone. Two results are equal if these bytes are, NaN included.
std::vector<std::byte> pack(const RestartResult& result);

std::vector<std::byte> pack(const RestartCheckpoint& checkpoint);
RestartCheckpoint unpack_checkpoint(std::span<const std::byte> bytes);

std::vector<std::byte> pack(const RunEnergy& energy);
RunEnergy unpack_energy(std::span<const std::byte> bytes);

}  // namespace qhn
