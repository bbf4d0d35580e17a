#pragma once

#include <memory>
#include <span>

#include "circuit/exchange_plan.hpp"
#include "dist/ranks.hpp"
#include "gradient/engine.hpp"

namespace qhn {

/// The engine for one state spread over `ranks` by `plan`: stages of the local register, an
/// exchange between two of them, and the same backwards for φ and λ. All calls are collective and
/// give every rank the same bits. Large parts run in blocks, as in make_block_engine().
/// Memory per rank: two parts of the state, a sixteenth of one for messages, and those blocks.
class DistributedSweep : public Engine {
 public:
  EngineKind kind() const override { return EngineKind::sweep; }
  /// Σ_x |ψ_x|² at `angles`; 1 up to rounding.
  virtual double norm(std::span<const double> angles) = 0;
  /// How often each bit string comes up in `shots` measurements by the stream `rng`, on every rank
  /// those of its own part; where the plan is in_table_order(), those that one rank would get.
  virtual Counts measure(std::span<const double> angles, std::uint64_t shots,
                         const CounterRng& rng) = 0;
  /// |ψ_w|² of a string of this rank's part, after measure().
  virtual double measured_probability(Index w) const = 0;
};

/// `cost`: C(w) for w = plan_for_rank(plan, rank).result(x), x = 0 … 2^L − 1; must outlive the
/// engine, as must `ranks`. `circuit` is the one that was planned.
std::unique_ptr<DistributedSweep> make_distributed_sweep(const Ranks& ranks, const Circuit& circuit,
                                                         const ExchangePlan& plan,
                                                         std::span<const double> cost,
                                                         const EngineOptions& options);

/// Whether a gradient takes the blocks of the last stage forward, through the table and back in one
/// visit, while the exchange before it goes on.
bool turns_back_in_cache(const ExchangePlan& plan, Precision precision);

/// Bytes such an engine holds, the table excluded.
std::size_t distributed_sweep_bytes(const ExchangePlan& plan, const EngineOptions& options);

}  // namespace qhn
