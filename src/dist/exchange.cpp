#include "dist/exchange.hpp"

#include <algorithm>
#include <array>

#include "core/chunks.hpp"

namespace qhn {
namespace {

/// Puts bit i of `value` at position slots[i].
Index deposit(Index value, const std::vector<int>& slots) {
  Index x = 0;
  for (std::size_t i = 0; i < slots.size(); ++i)
    if (bit(value, static_cast<int>(i))) x |= dimension(slots[i]);
  return x;
}

/// Opens a 0 bit at each of the ascending positions.
Index spread_around(Index x, const std::vector<int>& slots) {
  for (int s : slots) x = ((x >> s) << (s + 1)) | (x & (dimension(s) - 1));
  return x;
}

/// std::copy_n without a call for the short runs of a low slot.
template <class T>
void copy_run(const T* from, Index count, T* to) {
  if (count >= 16)
    std::copy_n(from, count, to);
  else
    for (Index i = 0; i < count; ++i) to[i] = from[i];
}

}  // namespace

/// One message each way: elements begin … end of the block of `plane` that goes to `peer`.
template <class T>
struct Exchanger<T>::Piece {
  T* block = nullptr;                       ///< plane + the bits of the swapped slots
  const std::vector<int>* slots = nullptr;  ///< ascending
  Index begin = 0, end = 0;
  int peer = 0;
  T *out = nullptr, *in = nullptr;  ///< buffers
  std::array<MPI_Request, 2> requests{MPI_REQUEST_NULL, MPI_REQUEST_NULL};
};

template <class T>
Exchanger<T>::Exchanger(const Ranks& ranks, int local_qubits, int threads)
    : ranks_(ranks),
      local_qubits_(local_qubits),
      threads_(threads),
      chunk_(message_size(local_qubits)),
      buffers_(2 * in_flight * chunk_) {}

template <class T>
Index Exchanger<T>::message_size(int local_qubits) {
  constexpr Index most = (Index{1} << 20) / sizeof(T);
  const Index state = 2 * dimension(local_qubits);
  return std::clamp<Index>(state / (16 * 2 * in_flight), 1, most);
}

/// move(elements of the plane, offset in the buffer, length) for every contiguous run of a piece.
template <class T>
template <class Move>
void Exchanger<T>::for_runs(const Piece& piece, Move move) {
  const Index run = std::min<Index>(dimension(piece.slots->front()), piece.end - piece.begin);
  const Index mask = deposit(~Index{0}, *piece.slots);
  const Chunks runs((piece.end - piece.begin) / run, std::max<Index>(1, (1 << 14) / run));
  for_chunks(runs, threads_, [&](Index c) {
    Index x = spread_around(piece.begin + runs.begin(c) * run, *piece.slots);
    for (Index r = runs.begin(c); r < runs.end(c); ++r) {
      move(piece.block + x, r * run, run);
      x = ((x | mask) + run) & ~mask;  // counts in the bits that are not swapped
    }
  });
}

template <class T>
void Exchanger<T>::start(Piece& piece) {
  const Index count = piece.end - piece.begin;
  const int bytes = static_cast<int>(count * sizeof(T));
  MPI_Irecv(piece.in, bytes, MPI_BYTE, piece.peer, 0, ranks_.comm(), &piece.requests[0]);
  const T* from = piece.out;
  if (dimension(piece.slots->front()) >= count)  // contiguous: sent from where it lies
    from = piece.block + spread_around(piece.begin, *piece.slots);
  else
    for_runs(piece, [&](const T* x, Index to, Index n) { copy_run(x, n, piece.out + to); });
  MPI_Isend(from, bytes, MPI_BYTE, piece.peer, 0, ranks_.comm(), &piece.requests[1]);
  ranks_.traffic().exchanged_bytes += static_cast<std::uint64_t>(bytes);
}

template <class T>
void Exchanger<T>::finish(Piece& piece) {
  if (piece.requests[0] == MPI_REQUEST_NULL) return;
  MPI_Waitall(2, piece.requests.data(), MPI_STATUSES_IGNORE);
  for_runs(piece, [&](T* x, Index from, Index n) { copy_run(piece.in + from, n, x); });
}

template <class T>
void Exchanger<T>::run(const RankExchange& exchange, const std::vector<T*>& planes) {
  const double began = MPI_Wtime();
  std::vector<int> slots = exchange.slots;
  std::sort(slots.begin(), slots.end());
  const Index block = dimension(local_qubits_ - static_cast<int>(slots.size()));
  std::array<Piece, in_flight> pieces;
  for (std::size_t i = 0; i < in_flight; ++i) {
    pieces[i].out = buffers_.data() + 2 * i * chunk_;
    pieces[i].in = pieces[i].out + chunk_;
    pieces[i].slots = &slots;
  }
  std::size_t next = 0;
  for (Index d = 1; d < exchange.peer.size(); ++d)
    for (T* plane : planes)
      for (Index begin = 0; begin < block; begin += chunk_) {
        Piece& piece = pieces[next++ % in_flight];
        finish(piece);
        piece.block = plane + deposit(exchange.kept ^ d, exchange.slots);
        piece.begin = begin;
        piece.end = std::min(begin + chunk_, block);
        piece.peer = exchange.peer[d];
        start(piece);
      }
  for (std::size_t i = 0; i < in_flight; ++i) finish(pieces[(next + i) % in_flight]);
  ++ranks_.traffic().exchanges;
  ranks_.traffic().seconds += MPI_Wtime() - began;
}

template class Exchanger<double>;
template class Exchanger<float>;

}  // namespace qhn
