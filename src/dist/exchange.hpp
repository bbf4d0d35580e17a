#pragma once

#include <cstdint>
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

  /// Sent by this rank since it was made.
  std::uint64_t bytes_sent() const { return bytes_sent_; }
  std::uint64_t exchanges() const { return exchanges_; }
  std::size_t bytes() const { return buffers_.size() * sizeof(T); }

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
  std::uint64_t bytes_sent_ = 0;
  std::uint64_t exchanges_ = 0;
};

}  // namespace qhn
