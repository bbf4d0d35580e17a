#pragma once

#include <mpi.h>

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "gradient/engine.hpp"
#include "state/measure.hpp"

namespace qhn {

/// What a rank has sent so far, and how long it took, waiting included.
struct Traffic {
  std::uint64_t exchanges = 0;
  std::uint64_t exchanged_bytes = 0;
  std::uint64_t sums = 0;
  std::uint64_t summed_bytes = 0;
  double seconds = 0.0;
};

/// The ranks that share one state: a communicator whose size is a power of two. All calls are
/// collective, and all ranks get the same bits.
class Ranks {
 public:
  /// Duplicates `comm`. Throws InputError where its size is no power of two. At most `most_sharing`
  /// neighbours of a node swap through shared memory (1: all send messages; for tests).
  explicit Ranks(MPI_Comm comm, int most_sharing = std::numeric_limits<int>::max());
  ~Ranks();
  Ranks(const Ranks&) = delete;
  Ranks& operator=(const Ranks&) = delete;

  MPI_Comm comm() const { return comm_; }
  int rank() const { return rank_; }
  int size() const { return size_; }
  /// Those that swap through shared memory with this one.
  MPI_Comm node() const { return node_; }

  Traffic& traffic() const { return traffic_; }

  /// values[i] ← its sum over the ranks, added in a fixed tree: halves are exchanged and added
  /// until each rank owns a part, then gathered. Bytes sent per rank: 2 (1 − 1/size) of the array.
  template <class T>
  void sum(std::span<T> values) const;

  /// The most probable of the ranks' candidates; of equal ones the lowest index.
  MostProbable most_probable(const MostProbable& mine) const;

  /// The counts of all ranks, whose bit strings are different ones, on rank 0; empty elsewhere.
  Counts gather(const Counts& mine) const;

 private:
  MPI_Comm comm_ = MPI_COMM_NULL, node_ = MPI_COMM_NULL;
  int rank_ = 0;
  int size_ = 1;
  mutable std::vector<double> received_;
  mutable Traffic traffic_;
};

/// MPI_Sendrecv of any number of elements with one partner.
template <class T>
void swap_with(MPI_Comm comm, int partner, std::span<const T> send, std::span<T> receive);

}  // namespace qhn
