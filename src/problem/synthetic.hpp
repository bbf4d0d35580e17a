#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "problem/problem.hpp"

namespace qhn {

/// Normal deviates of the stream of `seed`, scaled so that constant, W(1) and W(2) are those of the
/// published mnist-01 (`qhn table jobs/experiments/mnist-01.toml --spectrum`), to about 1e-11.
/// There one-body terms hold 91.5 % of the variance and two-body terms 8.1 %; 0.4 % are left out.
/// Requires 1 <= qubits <= 62, else InputError. Before scaling, a coefficient depends only on the
/// seed and its qubits.
///
/// Every coefficient is a multiple of 2^-40 and every partial sum is below 2^12, so sums of them
/// are exact: a cost is the same number in any order of summation, on any machine.
IsingForm synthetic_couplings(int qubits, std::uint64_t seed);

/// The costs of these couplings. O(1) per entry, also for a slice in any order of qubits.
std::unique_ptr<Problem> make_synthetic_problem(IsingForm couplings);

}  // namespace qhn
