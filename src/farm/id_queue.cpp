#include "farm/id_queue.hpp"

#include <algorithm>

namespace qhn {

IdRange IdQueue::take(std::uint64_t idle, std::uint64_t wish, std::uint64_t workers) {
  const std::uint64_t share = left() / (4 * workers_) * workers;
  const std::uint64_t count = std::min(left(), std::max(idle, std::min(wish, share)));
  const IdRange range{next_, count};
  next_ += count;
  return range;
}

}  // namespace qhn
