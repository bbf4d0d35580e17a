#pragma once

#include <bit>

#include "core/masked_index.hpp"

namespace qhn {

/// Which of the 2^qubits amplitudes of a state belong to a block: those whose indices agree in all
/// bits except the `local` ones. Blocks are numbered by the other bits, entries of a block by the
/// local ones, both in ascending order. Entries form runs of run() contiguous amplitudes.
class BlockMap {
 public:
  BlockMap(int qubits, Index local)
      : local_(local),
        spread_((dimension(qubits) - 1) & ~local),
        run_(dimension(std::countr_one(local))),
        high_(local & ~(run_ - 1)) {}

  Index run() const { return run_; }
  Index entries() const { return dimension(std::popcount(local_)); }

  /// Index in the state of an entry of a block.
  Index operator()(Index block, Index entry) const {
    return nth_in(spread_, block) | nth_in(local_, entry);
  }

  /// Calls copy(at, x) for every run: entries x … x + run() − 1 of the block start at `at` in the
  /// state.
  template <class Copy>
  void for_runs(Index block, Copy copy) const {
    const Index base = nth_in(spread_, block);
    Index at = 0;
    for (Index x = 0; x < entries(); x += run_) {
      copy(base | at, x);
      at = next_in(high_, at);  // the local bits above the runs
    }
  }

 private:
  Index local_, spread_, run_, high_;
};

}  // namespace qhn
