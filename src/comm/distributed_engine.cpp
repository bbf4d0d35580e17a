#include "comm/distributed_engine.hpp"

#include <bit>
#include <optional>
#include <utility>

#include "comm/distributed_sweep.hpp"
#include "engine/cut_engine.hpp"

namespace qhn {
namespace {

/// This rank's rows of the cut engine, with reductions over all ranks.
class RowsOfRank final : public RowShare {
 public:
  explicit RowsOfRank(const Ranks& ranks)
      : RowShare(static_cast<Index>(ranks.rank()), static_cast<Index>(ranks.size())),
        ranks_(ranks) {}
  void sum(std::span<double> values) const override { ranks_.sum(values); }
  void sum(std::span<float> values) const override { ranks_.sum(values); }
  MostProbable most_probable(const MostProbable& mine) const override {
    return ranks_.most_probable(mine);
  }

 private:
  const Ranks& ranks_;
};

}  // namespace

std::unique_ptr<Engine> make_distributed_engine(const Ranks& ranks, const ExecutionPlan& plan,
                                                std::span<const double> cost) {
  if (plan.ranks == 1) return make_engine(plan, cost);
  if (plan.engine.kind == EngineKind::cut)
    return make_cut_engine(plan.circuit, plan.cut, cost, plan.engine,
                           std::make_unique<RowsOfRank>(ranks));
  return make_distributed_sweep(ranks, plan.circuit, plan.exchanges, cost, plan.engine);
}

DistributedCosts::DistributedCosts(const Ranks& ranks, IndexMap part, std::span<const double> costs)
    : ranks_(ranks),
      part_(std::move(part)),
      costs_(costs),
      bits_(part_.slots() + std::countr_zero(static_cast<unsigned>(ranks.size()))) {}

void DistributedCosts::evaluate(std::span<const BitString> strings, std::span<double> out) const {
  for (std::size_t i = 0; i < strings.size(); ++i) {
    const std::optional<Index> here = part_.find(strings[i].index());
    out[i] = here ? costs_[*here] : 0.0;
  }
  ranks_.sum(out);
}

}  // namespace qhn
