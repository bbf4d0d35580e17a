#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "comm/communicator.hpp"
#include "engine/engine.hpp"
#include "engine/measure.hpp"

namespace qhn {

/// Data that a rank has sent so far, and the seconds this took, waiting included.
struct Traffic {
  std::uint64_t exchanges = 0;
  std::uint64_t exchanged_bytes = 0;
  std::uint64_t sums = 0;
  std::uint64_t summed_bytes = 0;
  double seconds = 0.0;
};

/// The ranks that hold one state: a communicator whose size is a power of two. All calls are
/// collective; sums and maxima are bit-identical on all ranks.
class Ranks {
 public:
  /// Duplicates `comm`. Throws InputError unless its size is a power of two. Up to `most_sharing`
  /// ranks of a node exchange through shared memory (1: all send messages; for tests).
  explicit Ranks(MPI_Comm comm, int most_sharing = std::numeric_limits<int>::max());

  const Communicator& comm() const { return comm_; }
  int rank() const { return comm_.rank(); }
  int size() const { return comm_.size(); }
  /// The ranks, this one included, that exchange through shared memory.
  const Communicator& node() const { return node_; }

  Traffic& traffic() const { return traffic_; }

  /// values[i] ← its sum over the ranks, added in a fixed tree: ranks exchange and add halves until
  /// each owns a part, then gather the parts. Bytes sent per rank: 2 (1 − 1/size) of the array.
  template <class T>
  void sum(std::span<T> values) const;

  /// The most probable of the ranks' candidates; among equals that of the lowest index.
  MostProbable most_probable(const MostProbable& mine) const;

  /// The counts of all ranks, ascending, on rank 0; empty elsewhere. Their bit strings must differ.
  Counts gather(const Counts& mine) const;

 private:
  Communicator comm_, node_;
  mutable std::vector<double> received_;
  mutable Traffic traffic_;
};

/// MPI_Sendrecv of any number of elements with one partner.
template <class T>
void swap_with(MPI_Comm comm, int partner, std::span<const T> send, std::span<T> receive);

}  // namespace qhn
