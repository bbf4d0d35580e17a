#pragma once

#include <memory>
#include <span>

#include "comm/ranks.hpp"
#include "core/index_map.hpp"
#include "engine/distribution.hpp"

namespace qhn {

/// This rank's engine for a state distributed over `ranks`. Its calls are collective over `ranks`
/// and return bit-identical results on every rank. cost[x] is C(w) for
/// w = distribution.part(rank)(x). `cost` and `ranks` must outlive the engine.
std::unique_ptr<Engine> make_distributed_engine(const Ranks& ranks, const Circuit& circuit,
                                                const Distribution& distribution,
                                                std::span<const double> cost,
                                                const EngineOptions& options);

/// C(w) on every rank, read from the rank whose `part` contains w. `cost`: costs of this rank's
/// `part`. Collective over `ranks`.
double distributed_cost(const Ranks& ranks, const IndexMap& part, std::span<const double> cost,
                        Index w);

}  // namespace qhn
