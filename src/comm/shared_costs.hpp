#pragma once

#include <mpi.h>

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "comm/communicator.hpp"
#include "core/aligned.hpp"
#include "core/index_map.hpp"
#include "core/types.hpp"

namespace qhn {

/// The cost table. Either one copy per node in MPI shared memory, computed by all ranks of the
/// node, or distributed over the ranks of a group.
class SharedCosts {
 public:
  /// A table of `size` entries, one copy per node. `fill` computes the entries first, first + 1, …
  /// of its span; each rank computes one slice, in blocks. Throws the same RunError on all ranks if
  /// `fill` throws, an entry is not finite, the memory cannot be shared, or two nodes compute
  /// different tables (as different mathematical libraries do). Collective over `comm`.
  SharedCosts(MPI_Comm comm, Index size,
              const std::function<void(Index first, std::span<double> out)>& fill);
  /// A table distributed over the ranks of `group`; this rank's entry x is the cost of part(x).
  /// `fill` computes the costs of a part into as many entries; it is called for pieces of `part`.
  /// Throws as above. Collective over `comm`, which contains all groups.
  SharedCosts(MPI_Comm comm, MPI_Comm group, const IndexMap& part,
              const std::function<void(const IndexMap& part, std::span<double> out)>& fill);
  /// Collective.
  ~SharedCosts();
  SharedCosts(const SharedCosts&) = delete;
  SharedCosts& operator=(const SharedCosts&) = delete;

  std::span<const double> costs() const { return costs_; }  ///< the table, or this rank's part
  double minimum() const { return minimum_; }               ///< E_min
  std::uint64_t minimizers() const { return minimizers_; }  ///< entries equal to it up to rounding
  Index best_index() const { return best_index_; }          ///< the first of them
  /// cost − E_min of the next distinct costs, ascending; at most four.
  const std::vector<double>& next_gaps() const { return next_gaps_; }

 private:
  void build(MPI_Comm comm, Index size,
             const std::function<void(Index first, std::span<double> out)>& fill);
  void build(MPI_Comm comm, const IndexMap& part,
             const std::function<void(const IndexMap& part, std::span<double> out)>& fill);
  template <class Fill, class IndexOf>
  void complete(MPI_Comm comm, std::span<double> mine, Index at_once, const Fill& fill,
                const IndexOf& index_of);
  void find_next_gaps(std::span<const double> mine, double maximum);
  void allocate(Index size);
  void release();

  Communicator holders_;  // the ranks that hold one copy
  MPI_Win window_ = MPI_WIN_NULL;
  AlignedVector<double> alone_;  // the table of a node with one rank, or a part
  std::span<double> costs_;
  double minimum_ = 0.0;
  std::uint64_t minimizers_ = 0;
  Index best_index_ = 0;
  std::vector<double> next_gaps_;
};

}  // namespace qhn
