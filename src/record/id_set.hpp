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
  /// False: the set already had it.
  bool insert(std::uint64_t id);
  bool contains(std::uint64_t id) const;
  std::uint64_t size() const { return size_; }
  /// The greatest id + 1; 0 if the set is empty.
  std::uint64_t end() const { return ranges_.empty() ? 0 : ranges_.rbegin()->second; }
  /// Number of ids of `within` in the set.
  std::uint64_t count(IdRange within) const;
  /// The ids of `within` that are missing, ascending.
  std::vector<IdRange> missing(IdRange within) const;

 private:
  std::map<std::uint64_t, std::uint64_t> ranges_;  // first → end, disjoint, not adjacent
  std::uint64_t size_ = 0;
};

}  // namespace qhn
