#include "comm/exchange.hpp"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <chrono>
#include <thread>

#include "comm/chunk_rows.hpp"
#include "core/masked_index.hpp"

namespace qhn {
namespace {

/// Puts bit i of `value` at position slots[i].
Index deposit(Index value, const std::vector<int>& slots) {
  Index x = 0;
  for (std::size_t i = 0; i < slots.size(); ++i)
    if (bit(value, static_cast<int>(i))) x |= dimension(slots[i]);
  return x;
}

/// `wanted` with the lowest bits of `free` added until `bits` are set.
Index fill_up(Index wanted, Index free, int bits) {
  for (Index rest = free & ~wanted; std::popcount(wanted) < bits; rest &= rest - 1)
    wanted |= rest & (~rest + 1);
  return wanted;
}

/// Waits until the other process has set `flag` to `value`: spins for some microseconds, then
/// yields the core, then sleeps between checks. The probe lets MPI progress messages of other
/// pieces and detect dead ranks.
void await(std::uint64_t& flag, std::uint64_t value, MPI_Comm comm) {
  constexpr int looks = 2000, yields = 2000;
  const std::atomic_ref<std::uint64_t> seen(flag);
  for (int i = 0; seen.load(std::memory_order_acquire) != value; ++i) {
    if (i >= looks + yields) {
      int any = 0;
      MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, comm, &any, MPI_STATUS_IGNORE);
      std::this_thread::sleep_for(std::chrono::microseconds(50));
    } else if (i >= looks)
      sched_yield();
  }
}

void announce(std::uint64_t& flag, std::uint64_t value) {
  std::atomic_ref<std::uint64_t>(flag).store(value, std::memory_order_release);
}

}  // namespace

/// State of a mailbox chunk: the number of the piece in it, written by its owner, and of the last
/// piece unpacked from it, written by the receiver. All ranks count all pieces, so numbers agree
/// between any two partners.
template <class T>
struct alignas(128) Exchanger<T>::Flags {
  std::uint64_t posted;
  alignas(64) std::uint64_t taken;
};

/// The elements of one chunk that are swapped with as many of `peer`.
template <class T>
struct Exchanger<T>::Piece {
  std::uint64_t number = 0;  ///< 0: no piece is in flight
  T* elements = nullptr;     ///< the first element
  const ChunkRows* rows = nullptr;
  Index count = 0;
  bool contiguous = false;
  int peer = 0;
  bool last = false;  ///< last piece of its chunk
  Index base = 0;     ///< lowest index of its chunk
  std::array<MPI_Request, 2> requests{MPI_REQUEST_NULL, MPI_REQUEST_NULL};

  std::size_t slot() const { return number % in_flight; }
};

template <class T>
Exchanger<T>::Exchanger(const Ranks& ranks, int local_qubits, int threads)
    : ranks_(ranks),
      local_qubits_(local_qubits),
      threads_(threads),
      chunk_(exchange_chunk<T>(local_qubits)),
      mailboxes_(ranks.comm(), ranks.node(), in_flight * (sizeof(Flags) + chunk_ * sizeof(T))) {
  bool all_here = true;
  for (int r = 0; r < ranks.size(); ++r) all_here = all_here && mailboxes_.part(r) != nullptr;
  if (!mailboxes_.part(ranks.rank())) out_.resize(in_flight * chunk_);
  if (!all_here) in_.resize(in_flight * chunk_);
}

template <class T>
std::size_t Exchanger<T>::bytes() const {
  const std::size_t mail = mailboxes_.part(ranks_.rank()) ? in_flight * chunk_ : 0;
  return (mail + in_.size() + out_.size()) * sizeof(T);
}

template <class T>
typename Exchanger<T>::Flags& Exchanger<T>::flags(int rank, std::size_t slot) const {
  return reinterpret_cast<Flags*>(mailboxes_.part(rank))[slot];
}

template <class T>
T* Exchanger<T>::mailbox(int rank, std::size_t slot) const {
  return reinterpret_cast<T*>(mailboxes_.part(rank) + in_flight * sizeof(Flags)) + slot * chunk_;
}

template <class T>
void Exchanger<T>::start(Piece& piece) {
  const std::size_t slot = piece.slot();
  const int rank = ranks_.rank();
  const auto bytes = static_cast<int>(piece.count * sizeof(T));
  const bool mail = mailboxes_.part(piece.peer) != nullptr;
  ranks_.traffic().exchanged_bytes += static_cast<std::uint64_t>(bytes);
  if (!mail)
    MPI_Irecv(in_.data() + slot * chunk_, bytes, MPI_BYTE, piece.peer, 0, ranks_.comm(),
              &piece.requests[0]);
  T* out = out_.empty() ? mailbox(rank, slot) : out_.data() + slot * chunk_;
  if (out_.empty()) await(flags(rank, slot).taken, posted_[slot], ranks_.comm());
  const ChunkRows& rows = *piece.rows;
  if (piece.contiguous && !mail)
    out = piece.elements;
  else
    rows.for_each(threads_, [&](Index x, Index at) {
      copy_row(rows, piece.elements + x, rows.stride, out + at, rows.run);
    });
  if (mail) {
    posted_[slot] = piece.number;
    announce(flags(rank, slot).posted, piece.number);
  } else {
    MPI_Isend(out, bytes, MPI_BYTE, piece.peer, 0, ranks_.comm(), &piece.requests[1]);
  }
}

template <class T>
void Exchanger<T>::finish(Piece& piece) {
  const std::size_t slot = piece.slot();
  const bool mail = mailboxes_.part(piece.peer) != nullptr;
  if (mail)
    await(flags(piece.peer, slot).posted, piece.number, ranks_.comm());
  else
    MPI_Waitall(2, piece.requests.data(), MPI_STATUSES_IGNORE);
  const T* in = mail ? mailbox(piece.peer, slot) : in_.data() + slot * chunk_;
  const ChunkRows& rows = *piece.rows;
  rows.for_each(threads_, [&](Index x, Index at) {
    copy_row(rows, in + at, rows.run, piece.elements + x, rows.stride);
  });
  if (mail) announce(flags(piece.peer, slot).taken, piece.number);
}

template <class T>
void Exchanger<T>::run(const RankExchange& exchange, const std::vector<T*>& planes,
                       const Alongside& alongside) {
  const double began = MPI_Wtime();
  const auto swapped = static_cast<int>(exchange.slots.size());
  const Index free = (dimension(local_qubits_) - 1) & ~mask_of(exchange.slots);
  const Index inner =
      fill_up(alongside.inner, free, exchange_chunk_bits<T>(local_qubits_, swapped));
  double elsewhere = 0.0;
  const auto call = [&](const Work& work, Index base) {
    if (!work) return;
    const double since = MPI_Wtime();
    work(base, inner);
    elsewhere += MPI_Wtime() - since;
  };
  const ChunkRows rows(inner);
  const Index outer = free & ~inner, chunks = dimension(std::popcount(outer));
  // All peers of a chunk come before the next chunk, so each of its cache lines is loaded once.
  // A piece is finished after the next one has started.
  Piece before;
  const auto close = [&](Piece& piece) {
    if (piece.number == 0) return;
    finish(piece);
    if (piece.last) call(alongside.after, piece.base);
  };
  Index base = 0;
  for (Index c = 0; c < chunks; ++c, base = next_in(outer, base)) {
    call(alongside.before, base);
    for (std::size_t p = 0; p < planes.size(); ++p)
      for (Index d = 1; d < exchange.peer.size(); ++d) {
        Piece piece;
        piece.number = ++number_;
        piece.elements = planes[p] + base + deposit(exchange.kept ^ d, exchange.slots);
        piece.rows = &rows;
        piece.count = dimension(std::popcount(inner));
        piece.contiguous = inner == piece.count - 1;
        piece.peer = exchange.peer[d];
        piece.last = p + 1 == planes.size() && d + 1 == exchange.peer.size();
        piece.base = base;
        start(piece);
        close(before);
        before = piece;
      }
  }
  close(before);
  ++ranks_.traffic().exchanges;
  ranks_.traffic().seconds += MPI_Wtime() - began - elsewhere;
}

template class Exchanger<double>;
template class Exchanger<float>;

}  // namespace qhn
