#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <utility>

#include "core/types.hpp"

namespace qhn {

/// A fixed division of `items` into equal chunks. It depends on the work alone, never on the number
/// of threads, so sums taken chunk by chunk and added in order are the same for any of them.
struct Chunks {
  Index items;
  Index count;

  /// At most `most` chunks of at least `least` items each.
  Chunks(Index items_, Index least, Index most = 64)
      : items(items_), count(std::clamp<Index>(items_ / std::max<Index>(least, 1), 1, most)) {}

  Index begin(Index chunk) const { return items * chunk / count; }
  Index end(Index chunk) const { return begin(chunk + 1); }
};

/// What this thread looks after while it works on something long, or null: for_chunks calls it
/// between two chunks, or before it starts several threads. It may throw to abandon the work.
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

/// How chunks come to threads: each thread its equal share, the same every time, so that it meets
/// the memory it has met before; or one by one as threads become free, for chunks that weigh
/// differently or cores that do not run alike.
enum class Sharing { equal, as_free };

/// body(chunk) for every chunk, on `threads` OpenMP threads. The body must not throw.
template <class Body>
void for_chunks(const Chunks& chunks, int threads, Body body, Sharing sharing = Sharing::equal) {
  const auto count = static_cast<std::ptrdiff_t>(chunks.count);
  if (threads <= 1 || count == 1) {
    for (std::ptrdiff_t c = 0; c < count; ++c) {
      if (chunk_poll) (*chunk_poll)();
      body(static_cast<Index>(c));
    }
    return;
  }
  if (chunk_poll) (*chunk_poll)();
  const ChunkPoll quiet(nullptr);  // nothing throws out of the region
  if (sharing == Sharing::equal) {
#pragma omp parallel for num_threads(threads) schedule(static)
    for (std::ptrdiff_t c = 0; c < count; ++c) body(static_cast<Index>(c));
  } else {
#pragma omp parallel for num_threads(threads) schedule(dynamic, 1)
    for (std::ptrdiff_t c = 0; c < count; ++c) body(static_cast<Index>(c));
  }
}

}  // namespace qhn
