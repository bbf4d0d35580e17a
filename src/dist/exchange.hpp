#pragma once

#include <array>
#include <functional>
#include <vector>

#include "circuit/exchange_plan.hpp"
#include "core/aligned.hpp"
#include "dist/ranks.hpp"
#include "dist/shared_parts.hpp"

namespace qhn {

/// Swaps parts of spread vectors between ranks, in place, chunk by chunk, two chunks under way. To
/// a rank of the same node a chunk goes through memory that both see: packed there by one, unpacked
/// from there by the other, while it is in the cache. To other nodes it goes as a message. Buffers:
/// at most a sixteenth of one state.
template <class T>
class Exchanger {
 public:
  /// Vectors of 2^local_qubits elements. `ranks` must outlive this. Collective.
  Exchanger(const Ranks& ranks, int local_qubits, int threads);

  /// Done with the elements of a chunk: all those whose index is `base` but for the slots in
  /// `varying` and the swapped ones.
  using Work = std::function<void(Index base, Index varying)>;

  /// What is done while other chunks travel.
  struct Alongside {
    Index inner = 0;  ///< slots that must vary within a chunk, as a mask
    Work before{};    ///< with what leaves
    Work after{};     ///< with what has come
  };

  /// Collective. Running the same exchange again takes it back.
  void run(const RankExchange& exchange, const std::vector<T*>& planes,
           const Alongside& alongside = {});

  std::size_t bytes() const;
  /// Elements of a message for parts of 2^local_qubits amplitudes.
  static Index message_size(int local_qubits);
  /// So many slots can be wanted in a chunk where `swapped` slots are swapped.
  static int chunk_bits(int local_qubits, int swapped);
  static std::size_t buffer_bytes(int local_qubits) {
    return 2 * in_flight * message_size(local_qubits) * sizeof(T);
  }

 private:
  struct Piece;
  struct Flags;
  void start(Piece& piece);
  void finish(Piece& piece);
  Flags& flags(int rank, std::size_t slot) const;
  T* mailbox(int rank, std::size_t slot) const;

  static constexpr std::size_t in_flight = 2;

  const Ranks& ranks_;
  int local_qubits_;
  int threads_;
  Index chunk_;                ///< elements
  SharedParts mailboxes_;      ///< of each rank: Flags and a chunk that leaves, `in_flight` of both
  AlignedVector<T> in_, out_;  ///< messages that come, and leave where there is no mailbox
  std::uint64_t number_ = 0;   ///< of pieces so far, the same on all ranks
  std::array<std::uint64_t, in_flight> posted_{};  ///< number of what is in the own mailbox
};

}  // namespace qhn
