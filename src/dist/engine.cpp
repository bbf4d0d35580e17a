#include "dist/engine.hpp"

#include <bit>
#include <string>

#include "core/error.hpp"
#include "dist/sweep.hpp"
#include "gradient/cut_engine.hpp"
#include "gradient/sweep_engine.hpp"

namespace qhn {
namespace {

constexpr Index least_rows = 16;  // of the table for each rank of a cut: one tile

std::size_t real_bytes(Precision precision) {
  return precision == Precision::float32 ? sizeof(float) : sizeof(double);
}

/// The rows of one rank, and how it adds up with the others.
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

int Distribution::rank_bits() const { return std::countr_zero(static_cast<unsigned>(ranks)); }

IndexMap Distribution::part(int rank) const {
  if (kind == EngineKind::sweep) return plan_for_rank(plan, static_cast<Index>(rank)).result;
  IndexMap map = identity_map(qubits - rank_bits());
  map.base = static_cast<Index>(rank) << map.slots();
  return map;
}

double Distribution::expectation_bytes(Precision precision) const {
  if (ranks == 1) return 0.0;
  if (kind == EngineKind::sweep)
    return plan.exchanged_states() * 2.0 * static_cast<double>(real_bytes(precision)) *
           static_cast<double>(dimension(plan.local_qubits));
  return 2.0 * sizeof(double) * rank_bits();
}

double Distribution::gradient_bytes(Precision precision) const {
  if (ranks == 1) return 0.0;
  if (kind == EngineKind::sweep) return 3.0 * expectation_bytes(precision);
  return 2.0 * (1.0 - 1.0 / ranks) * static_cast<double>(real_bytes(precision)) *
         static_cast<double>(cut_sum_length(cut));
}

std::size_t Distribution::engine_bytes(const Circuit& circuit, const EngineOptions& options) const {
  if (kind == EngineKind::cut) return cut_engine_bytes(cut, options, static_cast<Index>(ranks));
  if (ranks == 1) return sweep_engine_bytes(circuit, options);
  return distributed_sweep_bytes(plan, options);
}

Distribution distribute(const Circuit& circuit, int ranks, EngineKind kind) {
  if (ranks < 1 || !std::has_single_bit(static_cast<unsigned>(ranks)) ||
      static_cast<Index>(ranks) > dimension(circuit.qubits - 1))
    throw InputError("a state of " + std::to_string(circuit.qubits) +
                     " qubits can be spread over " + "1, 2, 4, … " +
                     std::to_string(dimension(circuit.qubits - 1)) + " ranks, not " +
                     std::to_string(ranks));
  if (kind == EngineKind::reference)
    throw InputError("the reference engine keeps the whole state on one rank");
  Distribution d;
  d.qubits = circuit.qubits;
  d.ranks = ranks;
  const auto rows_for_all = [ranks](const CutCircuit& cut) {
    return dimension(cut.high.qubits) >= least_rows * static_cast<Index>(ranks);
  };
  if (kind != EngineKind::sweep) {
    d.cut = kind == EngineKind::cut ? cheapest_proper_cut(circuit, Purpose::expectation)
                                    : best_cut(circuit, Purpose::expectation);
    const bool cuts = d.cut.high.qubits > 0 && (ranks == 1 || rows_for_all(d.cut));
    if (cuts) {
      d.kind = EngineKind::cut;
      return d;
    }
    if (kind == EngineKind::cut)
      throw InputError("the cut of this circuit has rows for at most " +
                       std::to_string(dimension(d.cut.high.qubits) / least_rows) + " ranks, not " +
                       std::to_string(ranks));
  }
  d.kind = EngineKind::sweep;
  d.plan = plan_exchanges(circuit, circuit.qubits - d.rank_bits(), Purpose::expectation);
  return d;
}

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

double spread_cost(const Ranks& ranks, const IndexMap& part, std::span<const double> cost,
                   Index w) {
  const std::optional<Index> here = part.find(w);
  double value = here ? cost[*here] : 0.0;
  ranks.sum(std::span<double>(&value, 1));
  return value;
}

}  // namespace qhn
