#pragma once

#include <mpi.h>

#include <cstddef>
#include <vector>

namespace qhn {

/// A few MiB that the ranks of a node see in common: a part for each rank, which the others read
/// and write. Where a node cannot have it (no room in /dev/shm, separate containers) its ranks see
/// none, and nothing has failed. Made directly and not by MPI_Win_allocate_shared: that may hang
/// when there is no room, and its end is collective.
class SharedParts {
 public:
  /// Collective over `node`, the ranks of `comm` that are to share. Parts begin as zeros, on a page
  /// of their own.
  SharedParts(MPI_Comm comm, MPI_Comm node, std::size_t bytes);
  ~SharedParts();
  SharedParts(const SharedParts&) = delete;
  SharedParts& operator=(const SharedParts&) = delete;

  /// The part of this rank of `comm`; null: it is not to be seen from here.
  std::byte* part(int rank) const;

 private:
  void* memory_ = nullptr;
  std::size_t length_ = 0, each_ = 0;
  std::vector<int> place_;  ///< of each rank of comm in node; MPI_UNDEFINED: it is on another
};

}  // namespace qhn
