#pragma once

#include <cstdint>
#include <map>
#include <span>

#include "core/types.hpp"

namespace qhn {

/// How often each bit string comes up in `shots` measurements of the state: uniform numbers of the
/// stream (seed, shots), sorted, and located in the cumulative probabilities in one sweep. The norm
/// need not be 1.
std::map<Index, std::uint64_t> measure(std::span<const Complex> amplitudes, std::uint64_t shots,
                                       std::uint64_t seed);

}  // namespace qhn
