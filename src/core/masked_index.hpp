#pragma once

#include <vector>

#include "core/types.hpp"

namespace qhn {

/// The number with these bits set.
inline Index mask_of(const std::vector<int>& bits) {
  Index mask = 0;
  for (int b : bits) mask |= dimension(b);
  return mask;
}

// The numbers that have only bits of a mask set, in ascending order: 0, …, mask.

/// The number after x; 0 after the last.
inline Index next_in(Index mask, Index x) { return ((x | ~mask) + 1) & mask; }

/// Number n, counted from 0.
inline Index nth_in(Index mask, Index n) {
  Index x = 0;
  for (; mask != 0; mask &= mask - 1, n >>= 1)
    if (n & 1) x |= mask & (~mask + 1);
  return x;
}

}  // namespace qhn
