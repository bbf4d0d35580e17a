#include "record/id_set.hpp"

#include <algorithm>

namespace qhn {

bool IdSet::insert(std::uint64_t id) {
  auto after = ranges_.upper_bound(id);
  const bool has_before = after != ranges_.begin();
  const auto before = has_before ? std::prev(after) : after;
  if (has_before && id < before->second) return false;
  ++size_;
  const bool joins_before = has_before && before->second == id;
  const bool joins_after = after != ranges_.end() && after->first == id + 1;
  const std::uint64_t end = joins_after ? after->second : id + 1;
  if (joins_after) after = ranges_.erase(after);
  if (joins_before)
    before->second = end;
  else
    ranges_.emplace_hint(after, id, end);
  return true;
}

bool IdSet::contains(std::uint64_t id) const {
  const auto after = ranges_.upper_bound(id);
  return after != ranges_.begin() && id < std::prev(after)->second;
}

std::uint64_t IdSet::count(IdRange within) const {
  std::uint64_t there = within.count;
  for (const IdRange& gap : missing(within)) there -= gap.count;
  return there;
}

std::vector<IdRange> IdSet::missing(IdRange within) const {
  std::vector<IdRange> gaps;
  std::uint64_t next = within.first;
  auto range = ranges_.upper_bound(next);
  if (range != ranges_.begin()) --range;
  for (; range != ranges_.end() && range->first < within.end(); ++range) {
    if (range->first > next) gaps.push_back({next, range->first - next});
    next = std::max(next, range->second);
  }
  if (next < within.end()) gaps.push_back({next, within.end() - next});
  return gaps;
}

}  // namespace qhn
