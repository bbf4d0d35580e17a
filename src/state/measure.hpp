#pragma once

#include <cstdint>
#include <map>
#include <span>

#include "core/random.hpp"
#include "core/types.hpp"

namespace qhn {

/// How often each bit string comes up in `shots` measurements of the state: uniform numbers of
/// `rng`, sorted, and located in the cumulative probabilities in one sweep. The norm need not be 1.
std::map<Index, std::uint64_t> measure(std::span<const Complex> amplitudes, std::uint64_t shots,
                                       CounterRng rng);
/// The same with the stream (seed, shots).
std::map<Index, std::uint64_t> measure(std::span<const Complex> amplitudes, std::uint64_t shots,
                                       std::uint64_t seed);

}  // namespace qhn
