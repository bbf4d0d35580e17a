#include "campaign/id_queue.hpp"

#include <algorithm>

namespace qhn {

IdQueue::IdQueue(std::span<const IdRange> ids, std::uint64_t workers) : workers_(workers) {
  for (const IdRange& range : ids) {
    if (range.count > 0) ids_.push_back(range);
    left_ += range.count;
  }
}

IdRange IdQueue::take(std::uint64_t idle, std::uint64_t wish, std::uint64_t workers,
                      std::uint64_t stock) {
  if (ids_.empty()) return {};
  IdRange& front = ids_.front();
  const std::uint64_t share = left() / (4 * workers_) * workers;
  const std::uint64_t room = share - std::min(stock, share);
  const std::uint64_t count = std::min(front.count, std::max(idle, std::min(wish, room)));
  const IdRange range{front.first, count};
  front = {front.first + count, front.count - count};
  left_ -= count;
  if (front.count == 0) ids_.pop_front();
  return range;
}

}  // namespace qhn
