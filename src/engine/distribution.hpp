#pragma once

#include <limits>
#include <optional>

#include "circuit/exchange_plan.hpp"
#include "engine/engine.hpp"

namespace qhn {

/// The layout of one state, or of its cut, over R = 2^g ranks. Each rank holds 2^(N−g) entries of
/// the cost table.
///   sweep  every rank holds a part of the state; the exchanges of `plan` move amplitudes
///   cut    there is no state: every rank runs both registers and contracts them with its rows of
///          the table; one sum over ranks of terms·(rows + columns) numbers per evaluation
struct Distribution {
  /// An engine and the bytes it would hold on each rank.
  struct Holding {
    EngineKind kind;
    std::size_t bytes;
  };

  EngineKind kind = EngineKind::sweep;
  int qubits = 0;
  int ranks = 1;
  ExchangePlan plan;  ///< sweep
  CutCircuit cut;     ///< cut
  /// The engine not chosen, if `automatic` compared two because the cheaper one exceeds the limit.
  std::optional<Holding> other;

  int rank_bits() const;
  /// The table entries that belong to `rank`.
  IndexMap part(int rank) const;
  /// Bytes sent by each rank in one expectation, and in one with gradient (most of any rank).
  double expectation_bytes(Precision precision) const;
  double gradient_bytes(Precision precision) const;
  /// Bytes that each rank holds, its part of the table excluded; exact up to some 100 KiB.
  std::size_t engine_bytes(const Circuit& circuit, const EngineOptions& options) const;
};

/// Limit for the bytes that an engine with these options (`kind` is ignored) may hold on each rank,
/// its part of the table excluded.
struct EngineLimit {
  EngineOptions options;
  double bytes = std::numeric_limits<double>::infinity();
};

/// The layout for `ranks` ranks. `automatic` takes the engine with fewer operations; a cut only if
/// every rank gets enough rows. If it exceeds the limit, `automatic` takes the other engine if that
/// holds less. Throws InputError, naming the possible rank counts, for other rank counts.
Distribution distribute(const Circuit& circuit, int ranks, EngineKind kind,
                        const EngineLimit& limit = {});

/// The layout for shots: a distributed state in table order, so that shots give the same counts as
/// on one rank. Throws like distribute().
Distribution distribute_for_shots(const Circuit& circuit, int ranks);

}  // namespace qhn
