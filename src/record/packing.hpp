#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "record/energy.hpp"
#include "record/record.hpp"

namespace qhn {

/// Records as bytes, for messages between ranks and for the journal, and back. The layout is
/// that of core/bytes.hpp, the fields in the order of packing.cpp: changing either changes the
/// journal's format.
std::vector<std::byte> pack(std::span<const RestartRecord> records);
/// Throws RunError where `bytes` did not come from pack().
std::vector<RestartRecord> unpack(std::span<const std::byte> bytes);

/// The result fields alone: two results are the same where these bytes are, NaN included.
std::vector<std::byte> pack(const RestartResult& result);

std::vector<std::byte> pack(const RestartCheckpoint& checkpoint);
RestartCheckpoint unpack_checkpoint(std::span<const std::byte> bytes);

std::vector<std::byte> pack(const RunEnergy& energy);
/// `old`: packed before phases had `exchanged` and `times`.
RunEnergy unpack_energy(std::span<const std::byte> bytes, bool old = false);

}  // namespace qhn
