#include "engine/distribution.hpp"

#include <algorithm>
#include <bit>
#include <string>
#include <utility>

#include "core/error.hpp"
#include "engine/cut_engine.hpp"
#include "engine/distributed_stage.hpp"
#include "engine/sweep_engine.hpp"

namespace qhn {
namespace {

constexpr Index least_rows = 16;  // of the table on each rank, for a cut: one tile

std::size_t real_bytes(Precision precision) {
  return precision == Precision::float32 ? sizeof(float) : sizeof(double);
}

/// Most ranks that the rows of a cut suffice for.
Index most_ranks(const CutCircuit& cut) {
  return std::max<Index>(1, dimension(cut.high.qubits) / least_rows);
}

Distribution laid_out(EngineKind kind, int qubits, int ranks) {
  Distribution d;
  d.kind = kind;
  d.qubits = qubits;
  d.ranks = ranks;
  return d;
}

Distribution swept(const Circuit& circuit, int ranks) {
  Distribution d = laid_out(EngineKind::sweep, circuit.qubits, ranks);
  d.plan = plan_exchanges(circuit, circuit.qubits - d.rank_bits(), Purpose::expectation);
  return d;
}

Distribution cut_up(int ranks, const CutCircuit& cut) {
  if (most_ranks(cut) < static_cast<Index>(ranks))
    throw InputError("the cut of this circuit has rows for at most " +
                     std::to_string(most_ranks(cut)) + " ranks, not " + std::to_string(ranks));
  Distribution d = laid_out(EngineKind::cut, cut.qubits(), ranks);
  d.cut = cut;
  return d;
}

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

Distribution distribute(const Circuit& circuit, int ranks, EngineKind kind,
                        const EngineLimit& limit) {
  if (ranks < 1 || !std::has_single_bit(static_cast<unsigned>(ranks)) ||
      static_cast<Index>(ranks) > dimension(circuit.qubits - 1))
    throw InputError("a state of " + std::to_string(circuit.qubits) +
                     " qubits can be distributed over " + "1, 2, 4, … " +
                     std::to_string(dimension(circuit.qubits - 1)) + " ranks, not " +
                     std::to_string(ranks));
  switch (kind) {
    case EngineKind::reference:
      throw InputError("the reference engine keeps the whole state on one rank");
    case EngineKind::sweep:
      return swept(circuit, ranks);
    case EngineKind::cut:
      return cut_up(ranks, cheapest_proper_cut(circuit, Purpose::expectation));
    default:
      break;
  }
  const CutCircuit best = best_cut(circuit, Purpose::expectation);
  const bool cuts = best.high.qubits > 0 && most_ranks(best) >= static_cast<Index>(ranks);
  Distribution cheapest = cuts ? cut_up(ranks, best) : swept(circuit, ranks);
  if (limit.bytes == std::numeric_limits<double>::infinity()) return cheapest;
  const std::size_t needed = cheapest.engine_bytes(circuit, limit.options);
  if (static_cast<double>(needed) <= limit.bytes) return cheapest;

  Distribution other;
  try {
    other = distribute(circuit, ranks, cuts ? EngineKind::sweep : EngineKind::cut);
  } catch (const InputError&) {
    return cheapest;  // no usable cut
  }
  const std::size_t others = other.engine_bytes(circuit, limit.options);
  Distribution& taken = others < needed ? other : cheapest;
  taken.other = others < needed ? Distribution::Holding{cheapest.kind, needed}
                                : Distribution::Holding{other.kind, others};
  return taken;
}

Distribution distribute_for_shots(const Circuit& circuit, int ranks) {
  Distribution d = distribute(circuit, ranks, EngineKind::sweep);
  d.plan = in_table_order(std::move(d.plan));
  return d;
}

}  // namespace qhn
