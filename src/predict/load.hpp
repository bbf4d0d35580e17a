#pragma once

#include "circuit/exchange_plan.hpp"
#include "gradient/engine.hpp"
#include "predict/machine.hpp"

namespace qhn {

/// An evaluation of one state on one rank, by the engine that `kind` stands for.
EvaluationLoad local_load(const Circuit& circuit, EngineKind kind, Precision precision,
                          bool gradient);

/// An evaluation of one state spread over ranks: what rank 0 does, the others the like.
EvaluationLoad spread_load(const ExchangePlan& plan, Precision precision, bool gradient);

/// Bytes a rank holds, the cost table excluded, while it takes part in such a state (as
/// DistributedSweep::bytes() says, up to a few KiB).
double spread_bytes(int local_qubits, Precision precision);
/// Of these, the buffers for messages.
double buffer_bytes(int local_qubits, Precision precision);

}  // namespace qhn
