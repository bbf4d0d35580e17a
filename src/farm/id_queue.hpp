#pragma once

#include <cstdint>

namespace qhn {

/// Ids first, first + 1, …, first + count − 1.
struct IdRange {
  std::uint64_t first = 0;
  std::uint64_t count = 0;
};

/// The restarts nobody has begun yet, handed out in the order of their ids.
class IdQueue {
 public:
  /// `workers`: how many restarts run at once on all ranks together.
  IdQueue(std::uint64_t count, std::uint64_t workers) : end_(count), workers_(workers) {}

  std::uint64_t left() const { return end_ - next_; }

  /// Enough are left that a rank may ask before its workers stand idle.
  bool plenty() const { return left() >= 4 * workers_; }

  /// Ids for a rank of `workers` workers, `idle` of which wait and which would like `wish`: never
  /// more than a quarter of its fair share beyond what the idle ones begin at once, so that the
  /// chunks shrink and the ranks finish together.
  IdRange take(std::uint64_t idle, std::uint64_t wish, std::uint64_t workers);

 private:
  std::uint64_t next_ = 0;
  std::uint64_t end_;
  std::uint64_t workers_;
};

}  // namespace qhn
