#pragma once

#include <vector>

#include "circuit/exchange_plan.hpp"
#include "core/aligned.hpp"
#include "dist/ranks.hpp"

namespace qhn {

/// Swaps parts of spread vectors between ranks, in place, in messages of at most 1 MiB of which two
/// are under way. Buffers: at most a sixteenth of one state.
template <class T>
class Exchanger {
 public:
  /// Vectors of 2^local_qubits elements. `ranks` must outlive this.
  Exchanger(const Ranks& ranks, int local_qubits, int threads);

  /// Collective. Running the same exchange again takes it back.
  void run(const RankExchange& exchange, const std::vector<T*>& planes);

  std::size_t bytes() const { return buffers_.size() * sizeof(T); }
  /// Elements of a message for parts of 2^local_qubits amplitudes.
  static Index message_size(int local_qubits);
  static std::size_t buffer_bytes(int local_qubits) {
    return 2 * in_flight * message_size(local_qubits) * sizeof(T);
  }

 private:
  struct Piece;
  void start(Piece& piece);
  void finish(Piece& piece);
  template <class Move>
  void for_runs(const Piece& piece, Move move);

  static constexpr std::size_t in_flight = 2;

  const Ranks& ranks_;
  int local_qubits_;
  int threads_;
  Index chunk_;  ///< elements of a message
  AlignedVector<T> buffers_;
};

}  // namespace qhn
