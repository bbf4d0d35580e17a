#pragma once

#include <bit>

#include "core/types.hpp"

namespace qhn {

/// Which amplitudes of a state of 2^qubits belong to a block: those whose index agrees in all bits
/// but the `local` ones. Blocks are numbered by the other bits, entries of a block by the local
/// ones, both in ascending order; entries come in runs of run() neighbours.
class BlockMap {
 public:
  BlockMap(int qubits, Index local)
      : local_(local),
        spread_((dimension(qubits) - 1) & ~local),
        run_(dimension(std::countr_one(local))),
        high_(local & ~(run_ - 1)) {}

  Index run() const { return run_; }
  Index entries() const { return dimension(std::popcount(local_)); }

  /// The state's index of a block's entry.
  Index operator()(Index block, Index entry) const {
    return deposit(block, spread_) | deposit(entry, local_);
  }

  /// copy(at, x) for every run of the block: entries x … x + run() − 1 lie at `at` in the state.
  template <class Copy>
  void for_runs(Index block, Copy copy) const {
    const Index base = deposit(block, spread_);
    Index at = 0;
    for (Index x = 0; x < entries(); x += run_) {
      copy(base | at, x);
      at = ((at | ~high_) + 1) & high_;  // the next value of the local bits above the runs
    }
  }

 private:
  /// The lowest bits of x at the places of the mask's.
  static Index deposit(Index x, Index mask) {
    Index result = 0;
    for (; mask != 0; mask &= mask - 1, x >>= 1)
      if (x & 1) result |= mask & (~mask + 1);
    return result;
  }

  Index local_, spread_, run_, high_;
};

}  // namespace qhn
