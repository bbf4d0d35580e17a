#pragma once

#include <cstdint>
#include <deque>
#include <span>

#include "record/id_set.hpp"

namespace qhn {

/// Queue of the restarts that have not started, in ascending order of ids.
class IdQueue {
 public:
  /// `workers`: number of restarts that run at once, on all ranks.
  IdQueue(std::span<const IdRange> ids, std::uint64_t workers);

  std::uint64_t left() const { return left_; }
  /// Restarts left per worker.
  double rounds_left() const { return static_cast<double>(left_) / static_cast<double>(workers_); }

  /// Whether enough are left for ranks to request ids before their workers are idle.
  bool plenty() const { return left() >= 4 * workers_; }

  /// Ids for a rank of `workers` workers, `idle` of which wait, that has a `stock` of ids and
  /// requests `wish` more. Beyond `idle` ids its stock grows to at most a quarter of its fair share
  /// of those left, so chunks shrink and the ranks finish at the same time. Fewer before a gap in
  /// the ids.
  IdRange take(std::uint64_t idle, std::uint64_t wish, std::uint64_t workers,
               std::uint64_t stock = 0);

 private:
  std::deque<IdRange> ids_;
  std::uint64_t left_ = 0;
  std::uint64_t workers_;
};

}  // namespace qhn
