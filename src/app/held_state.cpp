#include "app/held_state.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "app/machine.hpp"
#include "core/error.hpp"

namespace qhn {

double engine_room(double memory, int ranks_on_node, int qubits, int ranks_per_state) {
  const double table = std::ldexp(8.0, qubits);
  const double on_node = ranks_per_state == 1 ? table : table * ranks_on_node / ranks_per_state;
  return (memory - on_node) / ranks_on_node;
}

HeldState::HeldState(const Experiment& experiment, int qubits)
    : circuit(make_circuit(experiment, qubits)),
      engine{experiment.engine, experiment.precision},
      measured(experiment.optimizer_kind != OptimizerKind::lbfgs) {}

double HeldState::measuring_bytes(int ranks) const {
  return measured ? std::ldexp(static_cast<double>(sizeof(Complex)), circuit.qubits) / ranks : 0.0;
}

Distribution HeldState::spread(int ranks, double room) const {
  if (engine.kind != EngineKind::reference || ranks > 1)
    return distribute(circuit, ranks, engine.kind, {engine, room - measuring_bytes(ranks)});
  Distribution alone;
  alone.kind = EngineKind::reference;
  alone.qubits = circuit.qubits;
  return alone;
}

double HeldState::bytes(const Distribution& layout, const EngineOptions& options) const {
  const std::size_t engines =
      layout.kind == EngineKind::reference
          ? engine_bytes(circuit, {layout.kind, options.precision, options.threads})
          : layout.engine_bytes(circuit, options);
  return static_cast<double>(engines) + measuring_bytes(layout.ranks);
}

std::optional<Distribution> HeldState::smallest(double memory) const {
  const int most = engine.kind == EngineKind::reference ? 1 : std::min(circuit.qubits, 20);
  for (int bits = 0; bits < most; ++bits) {
    const double room = engine_room(memory, 1, circuit.qubits, 1 << bits);
    if (room < 0.0) continue;
    try {
      Distribution layout = spread(1 << bits, room);
      if (bytes(layout) <= room) return layout;
    } catch (const InputError&) {
      continue;  // a cut without rows for so many
    }
  }
  return std::nullopt;
}

std::string HeldState::reason(const Distribution& layout, double room) const {
  if (!layout.other || bytes(layout) > room) return {};
  return fmt::format("{} takes fewer operations, but {} on a rank, which has {} for it",
                     to_string(layout.other->kind),
                     in_bytes(static_cast<double>(layout.other->bytes)),
                     in_bytes(room - measuring_bytes(layout.ranks)));
}

std::string HeldState::remedies(const Distribution& layout, double memory) const {
  std::string text;
  if (layout.other)
    text = fmt::format(
        "; engine {} holds {} on a rank, {} {}", to_string(layout.kind), in_bytes(bytes(layout)),
        to_string(layout.other->kind),
        in_bytes(static_cast<double>(layout.other->bytes) + measuring_bytes(layout.ranks)));
  const std::optional<Distribution> fits = smallest(memory);
  if (!fits) return text + "; no number of such nodes holds a state";
  return text +
         fmt::format("; the smallest layout that fits: engine {}, {} node{}, 1 rank a node",
                     to_string(fits->kind), fits->ranks, fits->ranks == 1 ? "" : "s") +
         (fits->ranks > 1 ? fmt::format(", --ranks-per-state {}", fits->ranks) : "");
}

}  // namespace qhn
