#pragma once

#include <cstdint>
#include <deque>
#include <span>

#include "record/id_set.hpp"

namespace qhn {

/// The restarts nobody has begun yet, handed out in the order of their ids.
class IdQueue {
 public:
  /// `workers`: how many restarts run at once on all ranks together.
  IdQueue(std::span<const IdRange> ids, std::uint64_t workers);

  std::uint64_t left() const { return left_; }
  /// Restarts for each worker.
  double rounds_left() const { return static_cast<double>(left_) / static_cast<double>(workers_); }

  /// Enough are left that a rank may ask before its workers stand idle.
  bool plenty() const { return left() >= 4 * workers_; }

  /// Ids for a rank of `workers` workers, `idle` of which wait, that has a `stock` of ids already
  /// and would like `wish` more: beyond what the idle ones begin at once, never so many that it has
  /// more than a quarter of its fair share in stock, so that the chunks shrink and the ranks finish
  /// together. Fewer where the ids have a gap.
  IdRange take(std::uint64_t idle, std::uint64_t wish, std::uint64_t workers,
               std::uint64_t stock = 0);

 private:
  std::deque<IdRange> ids_;
  std::uint64_t left_ = 0;
  std::uint64_t workers_;
};

}  // namespace qhn
