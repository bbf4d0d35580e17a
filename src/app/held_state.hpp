#pragma once

#include <optional>
#include <string>

#include "app/experiment.hpp"
#include "app/machine.hpp"
#include "dist/engine.hpp"

namespace qhn {

/// What an engine may hold on each of `ranks_on_node` ranks of a node of `memory` bytes, which hold
/// one copy of the table or, where `ranks_per_state` is more than 1, a part of it each.
double engine_room(double memory, int ranks_on_node, int qubits, int ranks_per_state);

/// A state of an experiment: what decides how ranks hold it.
struct HeldState {
  Circuit circuit;
  EngineOptions engine;   ///< kind: what is asked for
  bool measured = false;  ///< by shots: amplitudes are kept as well, on several ranks of a sweep

  HeldState() = default;
  HeldState(const Experiment& experiment, int qubits);

  /// The layout on `ranks` ranks of which each has `room` bytes beside the table. Throws InputError
  /// where there is none; one that does not fit is no error.
  Distribution spread(int ranks, double room) const;
  /// What each rank holds then beside the table.
  double bytes(const Distribution& layout, const EngineOptions& options) const;
  double bytes(const Distribution& layout) const { return bytes(layout, engine); }
  /// What a node holds on which `states` engines, or parts of one, run at once.
  MemoryNeed need(const Distribution& layout, const EngineOptions& options, int states) const;
  /// The layout with the fewest ranks, one on a node of `memory` bytes, that fits; nullopt: none.
  std::optional<Distribution> smallest(double memory) const;

  /// Why it is not the engine of fewer operations: "cut takes fewer operations, but …"; empty: it
  /// is, or was asked for.
  std::string reason(const Distribution& layout, double room) const;
  /// What to say besides where `layout` does not fit nodes of `memory` bytes: "; cut …".
  std::string remedies(const Distribution& layout, double memory) const;

 private:
  double measuring_bytes(int ranks) const;
};

}  // namespace qhn
