#pragma once

#include <mpi.h>

#include <cstdint>
#include <functional>
#include <span>

#include "core/aligned.hpp"
#include "core/types.hpp"

namespace qhn {

/// The cost table, one copy per node in MPI shared memory, computed by all ranks of the node.
class SharedCosts {
 public:
  /// Collective over `comm`. `fill` computes the entries first, first + 1, … of its span; each rank
  /// is asked for one slice of the `size` entries, in blocks. Throws RunError, the same on all
  /// ranks, where `fill` throws, an entry is not finite, the memory cannot be shared, or two nodes
  /// come to different tables (different mathematical libraries would).
  SharedCosts(MPI_Comm comm, Index size,
              const std::function<void(Index first, std::span<double> out)>& fill);
  /// Collective as well.
  ~SharedCosts();
  SharedCosts(const SharedCosts&) = delete;
  SharedCosts& operator=(const SharedCosts&) = delete;

  std::span<const double> costs() const { return costs_; }
  double minimum() const { return minimum_; }               ///< E_min
  std::uint64_t minimizers() const { return minimizers_; }  ///< entries that count as equal to it
  Index best_index() const { return best_index_; }          ///< the first of them

 private:
  void build(MPI_Comm comm, Index size,
             const std::function<void(Index first, std::span<double> out)>& fill);
  void allocate(Index size);
  void release();

  MPI_Comm node_ = MPI_COMM_NULL;
  MPI_Win window_ = MPI_WIN_NULL;
  AlignedVector<double> alone_;  // the table of a node with one rank
  std::span<double> costs_;
  double minimum_ = 0.0;
  std::uint64_t minimizers_ = 0;
  Index best_index_ = 0;
};

}  // namespace qhn
