#pragma once

#include <cstdint>

#include "perf/work.hpp"
#include "problem/network.hpp"
#include "problem/problem.hpp"

namespace qhn {

// Operations of the work outside the circuits, for modeled joules. Flops are NaN for sign networks,
// which count bits instead.

/// Enumeration of all 2^qubits costs as in src/problem: 3 flops per logistic network and sample;
/// every distinct mlp network (multiset of hidden units) once, `active` + 11 flops per sample for
/// both values of b2. Costs that are read or drawn: only the bytes of the table.
Work table_work(const ProblemOptions& options, int qubits, std::uint64_t samples, int inputs);

/// One sample through one network in real arithmetic: two flops per weight, activations left out.
double forward_flops(const FixedNetwork& network);

}  // namespace qhn
