#pragma once

#include <cstdint>

#include "predict/work.hpp"
#include "problem/network.hpp"
#include "problem/problem.hpp"

namespace qhn {

// Operations of what surrounds the circuits, for modelled joules. Flops are NaN where bits are
// counted instead (sign networks).

/// The enumeration of all 2^qubits costs, as src/problem does it: 3 flops for a logistic network
/// and sample; of mlp networks every distinct one once (multisets of hidden units), `active` + 11
/// flops for both values of b2. Costs that are read or drawn: the bytes of the table alone.
Work table_work(const ProblemOptions& options, int qubits, std::uint64_t samples, int inputs);

/// One sample through one network in real arithmetic: two flops a weight, the functions left out.
double forward_flops(const FixedNetwork& network);

}  // namespace qhn
