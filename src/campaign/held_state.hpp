#pragma once

#include <optional>
#include <string>

#include "campaign/experiment.hpp"
#include "campaign/memory.hpp"
#include "comm/distributed_engine.hpp"
#include "engine/distribution.hpp"

namespace qhn {

/// Bytes that remain for the engine on each of `ranks_on_node` ranks of a node of `memory` bytes.
/// The node holds one copy of the cost table or, if `ranks_per_state` > 1, a part of it on each
/// rank.
double memory_for_engine(double memory, int ranks_on_node, int qubits, int ranks_per_state);

/// What determines how ranks hold a state of an experiment.
struct HeldState {
  Circuit circuit;
  EngineOptions engine;  ///< kind: as requested, or automatic
  /// By shots: amplitudes are kept as well; on several ranks by the statevector engine.
  bool measured = false;

  HeldState() = default;
  HeldState(const Experiment& experiment, int qubits);

  /// The layout on `ranks` ranks with `engine_memory` bytes each, not counting the table. Throws
  /// InputError if there is no layout. A layout that does not fit the memory is returned.
  Distribution lay_out(int ranks, double engine_memory) const;
  /// Bytes that each rank holds with this layout, not counting the table.
  double bytes(const Distribution& layout, const EngineOptions& options) const;
  double bytes(const Distribution& layout) const { return bytes(layout, engine); }
  /// Memory of a node on which `states` engines, or parts of one, run at once.
  MemoryNeed need(const Distribution& layout, const EngineOptions& options, int states) const;
  /// The layout with the fewest ranks that fits one rank per node of `memory` bytes; nullopt: none.
  std::optional<Distribution> smallest(double memory) const;

  /// Why the layout does not use the engine with fewer operations: "cut takes fewer operations, but
  /// …". Empty if it does, or if its engine was requested.
  std::string reason(const Distribution& layout, double engine_memory) const;
  /// For the error that `layout` does not fit nodes of `memory` bytes, the alternatives: "; cut …".
  std::string remedies(const Distribution& layout, double memory) const;

 private:
  double measuring_bytes(int ranks) const;
};

}  // namespace qhn
