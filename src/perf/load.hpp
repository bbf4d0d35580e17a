#pragma once

#include "circuit/exchange_plan.hpp"
#include "engine/execution_plan.hpp"
#include "perf/machine.hpp"

namespace qhn {

// The load of each rank in one evaluation; the first three functions leave messages out.

/// Statevector engine, state on one rank.
EvaluationLoad sweep_load(const Circuit& circuit, Precision precision, bool gradient);
/// Statevector engine, distributed state: the load of rank 0, which is like that of the others.
EvaluationLoad sweep_load(const ExchangePlan& plan, Precision precision, bool gradient);
/// Cut engine on `ranks` ranks with equal numbers of table rows.
EvaluationLoad cut_load(const CutCircuit& cut, int ranks, Precision precision, bool gradient);

/// The load for a plan, messages included.
EvaluationLoad evaluation_load(const ExecutionPlan& plan, bool gradient);

/// Counted work of one evaluation, summed over the ranks that share a state: flops and bytes of
/// double precision, and the bytes sent.
Work evaluation_work(const ExecutionPlan& plan, bool gradient);

}  // namespace qhn
