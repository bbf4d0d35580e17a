#include "campaign/held_state.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "campaign/memory.hpp"
#include "core/error.hpp"
#include "core/quantities.hpp"
#include "engine/distribution.hpp"

namespace qhn {

namespace {

/// Bytes of the cost table on a node: one copy, or a part for each of its `here` ranks.
double table_bytes(int qubits, int ranks_per_state, int here) {
  const double table = std::ldexp(8.0, qubits);
  return ranks_per_state == 1 ? table : table * here / ranks_per_state;
}

}  // namespace

double memory_for_engine(double memory, int ranks_on_node, int qubits, int ranks_per_state) {
  return (memory - table_bytes(qubits, ranks_per_state, ranks_on_node)) / ranks_on_node;
}

HeldState::HeldState(const Experiment& experiment, int qubits)
    : circuit(make_circuit(experiment, qubits)),
      engine{experiment.engine, experiment.precision},
      measured(experiment.optimizer.kind != OptimizerKind::lbfgs) {
  engine.gradient = !measured;
}

/// For shots. One rank: the amplitudes and the state they come from; several: a reordered part.
double HeldState::measuring_bytes(int ranks) const {
  if (!measured) return 0.0;
  const double state = engine.precision == Precision::float64 ? 16.0 : 8.0;
  const double amplitudes = ranks == 1 ? sizeof(Complex) : 0.0;
  return std::ldexp(state + amplitudes, circuit.qubits) / ranks;
}

Distribution HeldState::lay_out(int ranks, double engine_memory) const {
  if (measured && ranks > 1) {
    if (engine.kind == EngineKind::cut)
      throw InputError(fmt::format(
          "engine cut cannot measure shots of a state on {} ranks; allowed: automatic or sweep",
          ranks));
    if (engine.kind != EngineKind::reference) return distribute_for_shots(circuit, ranks);
  }
  if (engine.kind != EngineKind::reference || ranks > 1)
    return distribute(circuit, ranks, engine.kind,
                      {engine, engine_memory - measuring_bytes(ranks)});
  Distribution alone;
  alone.kind = EngineKind::reference;
  alone.qubits = circuit.qubits;
  return alone;
}

double HeldState::bytes(const Distribution& layout, const EngineOptions& options) const {
  const std::size_t engines = layout.kind == EngineKind::reference
                                  ? engine_bytes(circuit, options)
                                  : layout.engine_bytes(circuit, options);
  return static_cast<double>(engines) + measuring_bytes(layout.ranks);
}

MemoryNeed HeldState::need(const Distribution& layout, const EngineOptions& options,
                           int states) const {
  if (circuit.qubits - layout.rank_bits() > 48)
    return least_memory_need(circuit.qubits);  // bytes() would overflow
  return {circuit.qubits, table_bytes(circuit.qubits, layout.ranks, states),
          bytes(layout, options) * states};
}

std::optional<Distribution> HeldState::smallest(double memory) const {
  const int most = engine.kind == EngineKind::reference ? 1 : std::min(circuit.qubits, 20);
  for (int bits = 0; bits < most; ++bits) {
    const double engine_memory = memory_for_engine(memory, 1, circuit.qubits, 1 << bits);
    if (engine_memory < 0.0) continue;
    try {
      Distribution layout = lay_out(1 << bits, engine_memory);
      if (bytes(layout) <= engine_memory) return layout;
    } catch (const InputError&) {
      continue;  // a cut with fewer rows than ranks
    }
  }
  return std::nullopt;
}

std::string HeldState::reason(const Distribution& layout, double engine_memory) const {
  if (!layout.other || bytes(layout) > engine_memory) return {};
  return fmt::format("{} takes fewer operations, but {} on a rank, which has {} for it",
                     to_string(layout.other->kind),
                     in_bytes(static_cast<double>(layout.other->bytes)),
                     in_bytes(engine_memory - measuring_bytes(layout.ranks)));
}

std::string HeldState::remedies(const Distribution& layout, double memory) const {
  std::string text;
  if (layout.other)
    text = fmt::format(
        "; engine {} holds {} on a rank, {} {}", to_string(layout.kind), in_bytes(bytes(layout)),
        to_string(layout.other->kind),
        in_bytes(static_cast<double>(layout.other->bytes) + measuring_bytes(layout.ranks)));
  const std::optional<Distribution> fits = smallest(memory);
  if (!fits) return text + "; no number of such nodes can hold a state";
  return text +
         fmt::format("; the smallest layout that fits: engine {}, {} node{}, 1 rank a node",
                     to_string(fits->kind), fits->ranks, fits->ranks == 1 ? "" : "s") +
         (fits->ranks > 1 ? fmt::format(", --ranks-per-state {}", fits->ranks) : "");
}

}  // namespace qhn
