#pragma once

#include <limits>
#include <memory>
#include <optional>
#include <span>

#include "circuit/exchange_plan.hpp"
#include "dist/ranks.hpp"
#include "gradient/engine.hpp"

namespace qhn {

/// How one state, or its cut, is spread over R = 2^g ranks. Each rank holds 2^(N−g) entries of the
/// cost table.
///   sweep  parts of the whole state, moved by the exchanges of `plan`
///   cut    a cut needs no state: every rank runs both registers and contracts them with its rows
///          of the table; one sum over ranks of terms·(rows + columns) numbers per evaluation
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
  /// The engine that `automatic` looked at as well because the cheapest one exceeds its limit.
  std::optional<Holding> other;

  int rank_bits() const;
  /// The table entries that belong to `rank`.
  IndexMap part(int rank) const;
  /// Sent by each rank in one expectation, and in one expectation with gradient (largest rank).
  double expectation_bytes(Precision precision) const;
  double gradient_bytes(Precision precision) const;
  /// Held by each rank beside its part of the table, up to some 100 KiB.
  std::size_t engine_bytes(const Circuit& circuit, const EngineOptions& options) const;
};

/// What an engine made with these options, whose kind is not looked at, may hold on each rank
/// beside its part of the table.
struct EngineLimit {
  EngineOptions options;
  double bytes = std::numeric_limits<double>::infinity();
};

/// The layout for `ranks` ranks. `automatic` is the engine of fewer operations, which is a cut only
/// where every rank gets rows enough; where that one exceeds the limit, the other if there is one
/// that holds less. Throws InputError, naming the rank counts that are possible, for others.
Distribution distribute(const Circuit& circuit, int ranks, EngineKind kind,
                        const EngineLimit& limit = {});

/// The layout for measuring: a sweep in table order, so that shots come up with what they would on
/// one rank. Throws likewise.
Distribution distribute_for_shots(const Circuit& circuit, int ranks);

/// The engine of this rank; calls are collective over `ranks` and give every rank the same bits.
/// `cost` holds C(w) for w = distribution.part(rank)(x), x ascending. `cost`, `ranks` must outlive
/// it.
std::unique_ptr<Engine> make_distributed_engine(const Ranks& ranks, const Circuit& circuit,
                                                const Distribution& distribution,
                                                std::span<const double> cost,
                                                const EngineOptions& options);

/// C(w), on every rank, from the rank whose `part` has it. Collective over `ranks`.
double spread_cost(const Ranks& ranks, const IndexMap& part, std::span<const double> cost, Index w);

}  // namespace qhn
