#pragma once

#include <bit>
#include <cstdint>
#include <set>
#include <span>
#include <vector>

#include "circuit/circuit.hpp"
#include "core/types.hpp"

namespace qhn {

// For exchange plans and block plans: which gates can run while certain qubits are local. Sets of
// qubits are bit masks.

/// What the planner needs to know of a gate.
struct Task {
  Index touched = 0;
  Index changed = 0;
  Index needs = 0;       ///< must be local
  Index or_both = 0;     ///< CX: alternatively, both of these distributed
  bool leading = false;  ///< Ry on |0⟩
};

/// Bit set of the tasks done; a vector of words, so that it can be a key.
using Done = std::vector<std::uint64_t>;

struct PlannerRules {
  bool from_zero = true;  ///< the first stage starts in |0…0⟩, where Ry costs nothing
  bool relabels = true;   ///< CX between two distributed qubits costs nothing: it renames the parts
};

std::vector<Task> tasks_of(std::span<const Gate> gates, PlannerRules rules = {});

/// Finds out which tasks can run while given qubits are local, and proposes sets of local qubits.
class Planner {
 public:
  Planner(std::span<const Gate> gates, int qubits, int local, PlannerRules rules = {});

  Done nothing_done() const { return Done((tasks_.size() + 63) / 64, 0); }
  bool finished(const Done& done) const { return count(done) == tasks_.size(); }
  static std::size_t count(const Done& done) {
    std::size_t n = 0;
    for (std::uint64_t word : done) n += static_cast<std::size_t>(std::popcount(word));
    return n;
  }

  /// Runs every task that can run with the qubits `local`, in order: adds it to `done` and calls
  /// ran(i). Returns the qubits that had to be local for these tasks.
  template <class Ran>
  Index run(Done& done, Index local, bool first, Ran ran) const {
    Index touched = 0, changed = 0, used = 0;  // touched, changed: by the tasks skipped
    const Index all = dimension(qubits_) - 1;
    for (std::size_t i = 0; i < tasks_.size(); ++i) {
      if (is_done(done, i)) continue;
      const Task& t = tasks_[i];
      const bool free_here = (t.needs & ~local) == 0 || (t.leading && first) ||
                             (t.or_both && (t.or_both & local) == 0);
      if (!free_here || (t.changed & touched) || (t.touched & changed)) {
        touched |= t.touched;
        changed |= t.changed;
        if (changed == all) break;  // no later task can run
        continue;
      }
      done[i / 64] |= std::uint64_t{1} << (i % 64);
      if ((t.needs & local) == t.needs) used |= t.needs;
      ran(i);
    }
    return used;
  }

  /// The set `next`, its unused qubits replaced by ones that are local already (`before`).
  Index keep_what_is_there(const Done& done, Index next, Index before) const;

  std::vector<Index> all_sets() const;

  /// Sets of local qubits to try next: all sets if there are few. `before` is the current set, 0 at
  /// the start.
  std::vector<Index> candidates(const Done& done, Index before) const;

  /// `set` and the qubits that the remaining tasks need, in their order, up to L qubits; filled up
  /// with the lowest others, or the highest.
  Index first_come(const Done& done, bool first, bool high_first, Index set = 0) const;

  int local() const { return local_; }
  int qubits() const { return qubits_; }

 private:
  static bool is_done(const Done& done, std::size_t i) { return (done[i / 64] >> (i % 64)) & 1; }

  /// Number of tasks that run.
  std::size_t gain(Done done, Index local, bool first) const;

  /// Swaps one qubit at a time while that runs more tasks; adds every set on the way to `sets`.
  void climb(const Done& done, Index set, bool first, std::set<Index>& sets) const;

  std::vector<Task> tasks_;
  int qubits_;
  int local_;
  std::vector<Index> all_;  ///< all sets if there are few, else empty
};

}  // namespace qhn
