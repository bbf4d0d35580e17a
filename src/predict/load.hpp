#pragma once

#include "circuit/exchange_plan.hpp"
#include "dist/engine.hpp"
#include "gradient/engine.hpp"
#include "predict/machine.hpp"

namespace qhn {

// What an evaluation asks of each rank; the first three without messages.

/// A state on one rank that is swept whole.
EvaluationLoad sweep_load(const Circuit& circuit, Precision precision, bool gradient);
/// One spread over ranks: what rank 0 does, the others the like.
EvaluationLoad sweep_load(const ExchangePlan& plan, Precision precision, bool gradient);
/// A cut circuit on `ranks` ranks with as many rows of the table each.
EvaluationLoad cut_load(const CutCircuit& cut, int ranks, Precision precision, bool gradient);

/// The one of these that a distribution asks for, with its messages.
EvaluationLoad evaluation_load(const Circuit& circuit, const Distribution& distribution,
                               Precision precision, bool gradient);

}  // namespace qhn
