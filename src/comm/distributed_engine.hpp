#pragma once

#include <memory>
#include <span>

#include "comm/ranks.hpp"
#include "core/cost_function.hpp"
#include "core/index_map.hpp"
#include "engine/execution_plan.hpp"

namespace qhn {

/// This rank's engine for a plan on all of `ranks`. Its calls are collective over `ranks` and
/// return bit-identical results on every rank. cost[x] is C(w) for w = plan.part(rank)(x). `cost`
/// and `ranks` must outlive the engine.
std::unique_ptr<Engine> make_distributed_engine(const Ranks& ranks, const ExecutionPlan& plan,
                                                std::span<const double> cost);

/// Costs whose table is distributed over `ranks`: each cost is read from the rank that holds it.
/// `costs`: those of this rank's `part`. evaluate() is collective over `ranks`, with the same
/// strings on each. `ranks` and `costs` must outlive it.
class DistributedCosts final : public CostFunction {
 public:
  DistributedCosts(const Ranks& ranks, IndexMap part, std::span<const double> costs);
  int bits() const override { return bits_; }
  void evaluate(std::span<const BitString> strings, std::span<double> out) const override;

 private:
  const Ranks& ranks_;
  IndexMap part_;
  std::span<const double> costs_;
  int bits_;
};

}  // namespace qhn
