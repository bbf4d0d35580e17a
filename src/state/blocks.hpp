#pragma once

#include <bit>

#include "core/masked_index.hpp"

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
    return nth_in(spread_, block) | nth_in(local_, entry);
  }

  /// copy(at, x) for every run of the block: entries x … x + run() − 1 lie at `at` in the state.
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
