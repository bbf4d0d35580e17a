#pragma once

#include <array>
#include <functional>
#include <vector>

#include "circuit/exchange_plan.hpp"
#include "comm/ranks.hpp"
#include "comm/shared_parts.hpp"
#include "core/aligned.hpp"
#include "engine/exchange_chunks.hpp"

namespace qhn {

/// Swaps parts of distributed vectors between ranks, in place, chunk by chunk, with two chunks in
/// flight. Within a node a chunk goes through shared memory: the sender packs it, the receiver
/// unpacks it while it is in the cache. Between nodes it is an MPI message.
/// Buffers: at most a sixteenth of one state.
template <class T>
class Exchanger {
 public:
  /// For vectors of 2^local_qubits elements per rank. `ranks` must outlive this. Collective.
  Exchanger(const Ranks& ranks, int local_qubits, int threads);

  /// Work on the elements of a chunk: all indices equal to `base` except in the slots of `varying`
  /// (a mask) and the swapped slots.
  using Work = std::function<void(Index base, Index varying)>;

  /// Work on a chunk while other chunks are in flight.
  struct Alongside {
    Index inner = 0;  ///< slots that must vary within a chunk, as a mask
    Work before{};    ///< before it is sent
    Work after{};     ///< after it has arrived
  };

  /// Exchanges the vectors `planes`; the same exchange again undoes it. Collective.
  void run(const RankExchange& exchange, const std::vector<T*>& planes,
           const Alongside& alongside = {});

  std::size_t bytes() const;

 private:
  struct Piece;
  struct Flags;
  void start(Piece& piece);
  void finish(Piece& piece);
  Flags& flags(int rank, std::size_t slot) const;
  T* mailbox(int rank, std::size_t slot) const;

  static constexpr std::size_t in_flight = exchange_chunks_in_flight;

  const Ranks& ranks_;
  int local_qubits_;
  int threads_;
  Index chunk_;                ///< elements
  SharedParts mailboxes_;      ///< per rank: `in_flight` Flags and outgoing chunks
  AlignedVector<T> in_, out_;  ///< incoming messages; outgoing ones without a mailbox
  std::uint64_t number_ = 0;   ///< pieces so far, the same on all ranks
  std::array<std::uint64_t, in_flight> posted_{};  ///< numbers of the pieces in the mailbox
};

}  // namespace qhn
