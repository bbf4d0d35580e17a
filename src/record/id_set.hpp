#pragma once

#include <cstdint>
#include <map>
#include <vector>

namespace qhn {

/// Ids first, first + 1, …, first + count − 1.
struct IdRange {
  std::uint64_t first = 0;
  std::uint64_t count = 0;

  std::uint64_t end() const { return first + count; }
  bool overlaps(const IdRange& other) const { return first < other.end() && other.first < end(); }
  friend bool operator==(const IdRange&, const IdRange&) = default;
};

/// A set of restart ids, in memory proportional to the number of gaps between them.
class IdSet {
 public:
  /// False: it was there already.
  bool insert(std::uint64_t id);
  bool contains(std::uint64_t id) const;
  std::uint64_t size() const { return size_; }
  /// One more than the greatest id; 0 where there is none.
  std::uint64_t end() const { return ranges_.empty() ? 0 : ranges_.rbegin()->second; }
  /// How many of `within` are there.
  std::uint64_t count(IdRange within) const;
  /// Those of `within` that are not there, ascending.
  std::vector<IdRange> missing(IdRange within) const;

 private:
  std::map<std::uint64_t, std::uint64_t> ranges_;  // first → end, disjoint, not adjacent
  std::uint64_t size_ = 0;
};

}  // namespace qhn
