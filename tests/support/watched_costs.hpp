#pragma once

#include <functional>
#include <utility>

#include "core/cost_function.hpp"

namespace qhn::test {

/// Costs that a test computes or watches, one index at a time. They have no table.
class WatchedCosts final : public CostFunction {
 public:
  WatchedCosts(int bits, std::function<double(Index)> cost) : bits_(bits), cost_(std::move(cost)) {}
  int bits() const override { return bits_; }
  void evaluate(std::span<const BitString> strings, std::span<double> out) const override {
    for (std::size_t i = 0; i < strings.size(); ++i) out[i] = cost_(strings[i].index());
  }

 private:
  int bits_;
  std::function<double(Index)> cost_;
};

}  // namespace qhn::test
