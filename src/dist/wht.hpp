#pragma once

#include <span>

#include "dist/ranks.hpp"

namespace qhn {

/// walsh_hadamard() of a vector spread over the ranks: rank r holds the entries whose high bits are
/// r. In place; the result lies likewise. Collective; two exchanges, of (1 − 1/size) of the part
/// each. Requires a part of at least `size` entries (InputError).
void walsh_hadamard(const Ranks& ranks, std::span<double> part);

}  // namespace qhn
