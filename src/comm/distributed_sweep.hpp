#pragma once

#include <memory>
#include <span>

#include "circuit/exchange_plan.hpp"
#include "comm/ranks.hpp"
#include "engine/engine.hpp"

namespace qhn {

/// Statevector engine for one state distributed over `ranks` by `plan`. It runs stages of gates on
/// local qubits, with an exchange between two stages; gradients run them backward for φ and λ.
/// All calls are collective and return bit-identical results on every rank. Large parts are
/// cache-blocked, as in make_block_engine(). Memory per rank: two parts of the state, one sixteenth
/// of a part for messages, and the blocks.
class DistributedSweep : public Engine, public StringSearch {
 public:
  EngineKind kind() const override { return EngineKind::sweep; }
  StringSearch* strings() override { return this; }
  /// Σ_x |ψ_x|² at `angles`; 1 up to rounding.
  virtual double norm(std::span<const double> angles) = 0;
  /// Counts of `shots` measurements drawn from `rng`; each rank returns those of its own part. If
  /// the plan is in_table_order(), they equal the counts of a run on one rank.
  virtual Counts measure(std::span<const double> angles, std::uint64_t shots,
                         const CounterRng& rng) = 0;
  /// |ψ_w|² of a string w of this rank's part, at the angles of the last measure().
  virtual double measured_probability(Index w) const = 0;
};

/// cost[x] is C(w) for w = plan_for_rank(plan, rank).result(x), x = 0 … 2^L − 1. `cost` and `ranks`
/// must outlive the engine. `plan` must be a plan of `circuit`. Throws InputError if the number of
/// ranks or of costs does not fit the plan.
std::unique_ptr<DistributedSweep> make_distributed_sweep(const Ranks& ranks, const Circuit& circuit,
                                                         const ExchangePlan& plan,
                                                         std::span<const double> cost,
                                                         const EngineOptions& options);

}  // namespace qhn
