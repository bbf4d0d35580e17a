#pragma once

#include <algorithm>
#include <cstddef>

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

/// body(chunk) for every chunk, on `threads` OpenMP threads. The body must not throw.
template <class Body>
void for_chunks(const Chunks& chunks, int threads, Body body) {
  const auto count = static_cast<std::ptrdiff_t>(chunks.count);
  if (threads <= 1 || count == 1) {
    for (std::ptrdiff_t c = 0; c < count; ++c) body(static_cast<Index>(c));
    return;
  }
#pragma omp parallel for num_threads(threads) schedule(static)
  for (std::ptrdiff_t c = 0; c < count; ++c) body(static_cast<Index>(c));
}

}  // namespace qhn
