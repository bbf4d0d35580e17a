#pragma once

#include <cstddef>
#include <vector>

#include "comm/communicator.hpp"

namespace qhn {

/// A few MiB shared by the ranks of a node (map_in_common()): one part per rank, which the others
/// read and write. If the node cannot share memory (/dev/shm full, separate containers), part()
/// returns null for all ranks; this is not an error.
class SharedParts {
 public:
  /// Parts of `bytes` zeros, each on its own pages. Collective over `node`, the ranks of `comm`
  /// that share.
  SharedParts(const Communicator& comm, const Communicator& node, std::size_t bytes);
  ~SharedParts();
  SharedParts(const SharedParts&) = delete;
  SharedParts& operator=(const SharedParts&) = delete;

  /// The part of `rank` of `comm`; null: not accessible from this rank.
  std::byte* part(int rank) const;

 private:
  void* memory_ = nullptr;
  std::size_t length_ = 0, each_ = 0;
  std::vector<int> place_;  ///< rank in `node` of each rank of `comm`, or MPI_UNDEFINED
};

}  // namespace qhn
