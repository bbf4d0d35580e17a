#pragma once

#include <omp.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <functional>
#include <utility>

#include "core/types.hpp"

namespace qhn {

/// A fixed division of `items` into equal chunks. It does not depend on the number of threads, so
/// sums taken chunk by chunk and added in order are the same for any number of them.
struct Chunks {
  Index items;
  Index count;

  /// At most `most` chunks of at least `least` items each.
  Chunks(Index items_, Index least, Index most = 64)
      : items(items_), count(std::clamp<Index>(items_ / std::max<Index>(least, 1), 1, most)) {}

  Index begin(Index chunk) const { return items * chunk / count; }
  Index end(Index chunk) const { return begin(chunk + 1); }
};

/// Function of this thread that for_chunks calls between two chunks (not within one), or before it
/// starts several threads; or null. It may throw to abandon the work.
inline thread_local const std::function<void()>* chunk_poll = nullptr;

/// Sets this thread's chunk_poll for a scope.
class ChunkPoll {
 public:
  explicit ChunkPoll(const std::function<void()>* poll)
      : before_(std::exchange(chunk_poll, poll)) {}
  ~ChunkPoll() { chunk_poll = before_; }
  ChunkPoll(const ChunkPoll&) = delete;
  ChunkPoll& operator=(const ChunkPoll&) = delete;

 private:
  const std::function<void()>* before_;
};

/// Calls body(chunk) for every chunk on `threads` OpenMP threads. Every thread gets an equal share,
/// the same in every call, so that its memory stays near it. The body must not throw.
template <class Body>
void for_chunks(const Chunks& chunks, int threads, Body body) {
  const auto count = static_cast<std::ptrdiff_t>(chunks.count);
  if (threads <= 1 || count == 1) {
    for (std::ptrdiff_t c = 0; c < count; ++c) {
      if (c > 0 && chunk_poll) (*chunk_poll)();
      body(static_cast<Index>(c));
    }
    return;
  }
  if (chunk_poll) (*chunk_poll)();
  const ChunkPoll quiet(nullptr);  // an exception must not leave the parallel region
#pragma omp parallel for num_threads(threads) schedule(static)
  for (std::ptrdiff_t c = 0; c < count; ++c) body(static_cast<Index>(c));
}

/// Calls body(i) for 0 <= i < count <= 512 like for_chunks, but a thread that has finished its
/// share takes items from the ends of other shares: for items of unequal work or cores of unequal
/// speed.
template <class Body>
void for_stealing(Index count, int threads, Body body) {
  if (threads <= 1 || count == 1) return for_chunks(Chunks(count, 1, count), 1, body);
  if (chunk_poll) (*chunk_poll)();
  const ChunkPoll quiet(nullptr);
  std::array<std::atomic<bool>, 512> taken{};
#pragma omp parallel num_threads(threads)
  {
    const auto thread = static_cast<Index>(omp_get_thread_num());
    const auto team = static_cast<Index>(omp_get_num_threads());
    const Index begin = count * thread / team, own = count * (thread + 1) / team - begin;
    for (Index i = 0; i < count; ++i) {
      const Index item = i < own ? begin + i : (begin + count - 1 - (i - own)) % count;
      if (!taken[item].load(std::memory_order_relaxed) &&
          !taken[item].exchange(true, std::memory_order_relaxed))
        body(item);
    }
  }
}

}  // namespace qhn
