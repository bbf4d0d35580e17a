#pragma once

#include <optional>
#include <vector>

#include "problem/problem.hpp"

namespace qhn {

/// A cost of bit strings without networks and data behind it.
class BareProblem : public Problem {
 public:
  std::size_t train_samples() const override { return 0; }
  std::optional<Score> train_score(Index) const override { return std::nullopt; }
  std::optional<Score> test_score(Index) const override { return std::nullopt; }
  std::vector<DecodedValue> decode(Index w) const override;
};

}  // namespace qhn
