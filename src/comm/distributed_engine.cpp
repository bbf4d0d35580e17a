#include "comm/distributed_engine.hpp"

#include <optional>

#include "comm/distributed_sweep.hpp"
#include "engine/cut_engine.hpp"
#include "engine/sweep_engine.hpp"

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

std::unique_ptr<Engine> make_distributed_engine(const Ranks& ranks, const Circuit& circuit,
                                                const Distribution& distribution,
                                                std::span<const double> cost,
                                                const EngineOptions& options) {
  if (distribution.kind == EngineKind::cut)
    return make_cut_engine(circuit, distribution.cut, cost, options,
                           ranks.size() > 1 ? std::make_unique<RowsOfRank>(ranks) : nullptr);
  if (distribution.ranks == 1) return make_sweep_engine(circuit, cost, options);
  return make_distributed_sweep(ranks, circuit, distribution.plan, cost, options);
}

double distributed_cost(const Ranks& ranks, const IndexMap& part, std::span<const double> cost,
                        Index w) {
  const std::optional<Index> here = part.find(w);
  double value = here ? cost[*here] : 0.0;
  ranks.sum(std::span<double>(&value, 1));
  return value;
}

}  // namespace qhn
