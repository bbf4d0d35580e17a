#include "engine/execution_plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>

#include "core/error.hpp"
#include "core/quantities.hpp"
#include "engine/cut_engine.hpp"
#include "engine/engines.hpp"

namespace qhn {
namespace {

/// Bytes of the cost table on a node: one copy, or a part for each of its `here` ranks.
double table_on_node(int qubits, int ranks_per_state, int here) {
  const double table = std::ldexp(8.0, qubits);
  return ranks_per_state == 1 ? table : table * here / ranks_per_state;
}

/// One rank: the amplitudes and the state they come from; several: a reordered part.
double bytes_of_shots(const ExecutionPlan& plan) {
  if (!plan.shots) return 0.0;
  const bool has_state = !engine_entry(plan.engine.kind).noise;  // else probabilities
  const double state = has_state ? (plan.engine.precision == Precision::float64 ? 16.0 : 8.0) : 0.0;
  const double amplitudes = plan.ranks == 1 ? sizeof(Complex) * (plan.fidelities ? 3.0 : 1.0) : 0.0;
  return std::ldexp(state + amplitudes, plan.circuit.qubits) / plan.ranks;
}

/// Throws InputError if states cannot be compared, which qnspsa needs.
void require_fidelities(const ExecutionPlan& plan) {
  if (!plan.circuit.noise.none())
    throw InputError(
        "optimizer qnspsa needs a circuit without noise; allowed: adam or spsa, or no [noise]");
  if (plan.ranks > 1)
    throw InputError(
        "optimizer qnspsa needs a whole state on one rank; allowed: --ranks-per-state 1");
  if (engine_entry(plan.engine.kind).noise)
    throw InputError(
        fmt::format("optimizer qnspsa needs amplitudes, which engine {} does not compute; allowed: "
                    "automatic, cut, sweep or reference",
                    to_string(plan.engine.kind)));
}

/// The plan with engine `kind`; `cut`: the one to use, if it is known. Throws InputError.
ExecutionPlan planned(const Circuit& circuit, const ExecutionRequest& request, EngineKind kind,
                      const CutCircuit& cut = {}) {
  ExecutionPlan plan;
  plan.circuit = circuit;
  plan.engine = request.engine;
  plan.engine.kind = kind;
  plan.shots = request.shots;
  plan.fidelities = request.fidelities;
  plan.ranks = request.ranks;
  plan.tables = request.tables;
  plan.cut = cut;
  const EngineEntry& engine = engine_entry(kind);
  if (plan.fidelities) require_fidelities(plan);
  if (!circuit.noise.none() && !engine.noise)
    throw InputError(fmt::format("engine {} cannot simulate noise; allowed: automatic or tensor",
                                 to_string(kind)));
  engine.lay_out(plan);
  plan.table_bytes = std::ldexp(8.0, circuit.qubits);
  EngineOptions alone = plan.engine;
  alone.threads = 1;
  plan.engine_bytes = engine.bytes(plan, alone);
  plan.shot_bytes = bytes_of_shots(plan);
  return plan;
}

/// The cheaper engine, or the other one where only that fits the memory.
ExecutionPlan chosen(const Circuit& circuit, const ExecutionRequest& request) {
  if (!circuit.noise.none()) return planned(circuit, request, EngineKind::tensor);
  if (request.shots && request.ranks > 1) return planned(circuit, request, EngineKind::sweep);
  const CutCircuit best = best_cut(circuit, Purpose::expectation);
  const bool cuts =
      best.high.qubits > 0 && most_cut_ranks(best) >= static_cast<Index>(request.ranks);
  ExecutionPlan cheapest = cuts ? planned(circuit, request, EngineKind::cut, best)
                                : planned(circuit, request, EngineKind::sweep);
  const int threads = request.engine.threads;
  if (std::isinf(request.memory) || cheapest.bytes(threads) <= request.memory) return cheapest;

  ExecutionPlan other;
  try {
    other = planned(circuit, request, cuts ? EngineKind::sweep : EngineKind::cut);
  } catch (const InputError&) {
    return cheapest;  // no usable cut
  }
  const auto alternative = [&](const ExecutionPlan& p) {
    return ExecutionPlan::Alternative{p.engine.kind, p.bytes(threads) - p.shot_bytes};
  };
  if (other.bytes(threads) >= cheapest.bytes(threads)) {
    cheapest.other = alternative(other);
    return cheapest;
  }
  other.other = alternative(cheapest);
  if (other.bytes(threads) <= request.memory)
    other.reason = fmt::format("{} takes fewer operations, but {} on a rank, which has {} for it",
                               to_string(other.other->kind), in_bytes(other.other->bytes),
                               in_bytes(request.memory - other.shot_bytes));
  return other;
}

}  // namespace

MemoryNeed least_memory_need(int qubits) { return {qubits, std::ldexp(8.0, qubits), 0.0}; }

double memory_for_engine(double memory, int ranks_on_node, int qubits,
                         const ExecutionRequest& request) {
  const double tables = request.tables * table_on_node(qubits, request.ranks, ranks_on_node);
  return (memory - tables) / ranks_on_node;
}

int ExecutionPlan::rank_bits() const { return std::countr_zero(static_cast<unsigned>(ranks)); }

IndexMap ExecutionPlan::part(int rank) const {
  if (!exchanges.stages.empty()) return plan_for_rank(exchanges, static_cast<Index>(rank)).result;
  IndexMap map = identity_map(circuit.qubits - rank_bits());
  map.base = static_cast<Index>(rank) << map.slots();
  return map;
}

double ExecutionPlan::bytes(int threads) const {
  EngineOptions options = engine;
  options.threads = threads;
  return tables * engine_entry(engine.kind).bytes(*this, options) + shot_bytes;
}

double ExecutionPlan::state_bytes() const {
  if (exchanges.stages.empty() || ranks == 1) return 0.0;
  const double real = engine.precision == Precision::float64 ? sizeof(double) : sizeof(float);
  return tables * std::ldexp(4.0 * real, exchanges.local_qubits);
}

MemoryNeed ExecutionPlan::memory(int states) const {
  if (circuit.qubits - rank_bits() > 48)
    return least_memory_need(circuit.qubits);  // bytes of engines may overflow
  return {circuit.qubits, tables * table_on_node(circuit.qubits, ranks, states),
          bytes(engine.threads) * states};
}

ExecutionPlan plan_execution(const Circuit& circuit, const ExecutionRequest& request) {
  const Index most = dimension(circuit.qubits - 1);
  if (request.ranks < 1 || !std::has_single_bit(static_cast<unsigned>(request.ranks)) ||
      static_cast<Index>(request.ranks) > most)
    throw InputError(
        fmt::format("a state of {} qubits can be distributed over 1, 2, 4, … {} ranks, not {}",
                    circuit.qubits, most, request.ranks));
  if (request.engine.kind == EngineKind::automatic) return chosen(circuit, request);
  return planned(circuit, request, request.engine.kind);
}

std::string describe(const ExecutionPlan& p) {
  std::string text = fmt::format(
      "engine = {}\nprecision = {}\nranks_per_state = {}\nstates_per_rank = {}\n"
      "threads_per_state = {}\n",
      to_string(p.engine.kind), to_string(p.engine.precision), p.ranks, p.workers,
      p.engine.threads);
  if (p.engine.kind == EngineKind::cut)
    text += fmt::format("cut = {} + {} qubits\nbranches = {}\n", p.cut.low.qubits,
                        p.cut.high.qubits, p.cut.branches());
  else if (p.engine.kind == EngineKind::tensor)
    text += fmt::format("largest_bond = {}\n", *std::ranges::max_element(p.chain->bonds));
  else if (p.ranks > 1)
    text += fmt::format("local_qubits = {}\nstages = {}\n", p.exchanges.local_qubits,
                        p.exchanges.stages.size());
  text +=
      fmt::format("table_bytes = {:.0f}\nbytes_per_rank = {:.0f}\nmultiply_adds = {:.6g}\n",
                  p.tables * p.table_bytes, p.workers * p.bytes(p.engine.threads), p.multiply_adds);
  if (p.ranks > 1)
    text += fmt::format("expectation_exchange = {:.0f}\ngradient_exchange = {:.0f}\n",
                        p.expectation_exchange, p.gradient_exchange);
  return text + (p.reason.empty() ? "" : fmt::format("reason = {}\n", p.reason));
}

std::optional<ExecutionPlan> smallest_plan(const Circuit& circuit, ExecutionRequest request,
                                           double memory) {
  for (int bits = 0; bits < std::min(circuit.qubits, 20); ++bits) {
    request.ranks = 1 << bits;
    request.memory = memory_for_engine(memory, 1, circuit.qubits, request);
    if (request.memory < 0.0) continue;
    try {
      ExecutionPlan plan = plan_execution(circuit, request);
      if (plan.bytes(plan.engine.threads) <= request.memory) return plan;
    } catch (const InputError&) {
      continue;  // a cut with fewer rows than ranks, or an engine that keeps the state on one rank
    }
  }
  return std::nullopt;
}

std::string remedies(const ExecutionPlan& plan, const ExecutionRequest& request, double memory) {
  std::string text;
  if (plan.other)
    text = fmt::format("; engine {} holds {} on a rank, {} {}", to_string(plan.engine.kind),
                       in_bytes(plan.bytes(request.engine.threads)), to_string(plan.other->kind),
                       in_bytes(plan.other->bytes + plan.shot_bytes));
  if (plan.tables > 1) text += "; restarts.keep_scores=false takes half of it";
  const std::optional<ExecutionPlan> fits = smallest_plan(plan.circuit, request, memory);
  if (!fits) return text + "; no number of such nodes can hold a state";
  return text +
         fmt::format("; the smallest layout that fits: engine {}, {} node{}, 1 rank a node",
                     to_string(fits->engine.kind), fits->ranks, fits->ranks == 1 ? "" : "s") +
         (fits->ranks > 1 ? fmt::format(", --ranks-per-state {}", fits->ranks) : "");
}

}  // namespace qhn
