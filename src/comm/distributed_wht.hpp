#pragma once

#include <span>

#include "comm/ranks.hpp"

namespace qhn {

/// walsh_hadamard() of a vector distributed over the ranks: rank r holds the entries whose high
/// bits are r. In place; the result has the same layout. Two exchanges of (1 − 1/size) of the part
/// each. Throws InputError unless parts have 2^k entries, at least as many as ranks. Collective.
void walsh_hadamard(const Ranks& ranks, std::span<double> part);

}  // namespace qhn
