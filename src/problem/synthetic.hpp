#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "problem/problem.hpp"

namespace qhn {

/// C(w) = constant + Σ_q fields[q] s_q + Σ_{p<q} pair(p, q) s_p s_q with s_q = (−1)^{bit q of w}:
/// the Walsh–Hadamard coefficients of a table.
///
/// Every coefficient is a multiple of 2^-40 and every partial sum is below 2^12, so sums of them
/// are exact: a cost is the same number in any order of summation, on any machine.
struct Couplings {
  double constant = 0.0;
  std::vector<double> fields;
  std::vector<double> pairs;  ///< qubits × qubits, symmetric, zeros on the diagonal

  int qubits() const { return static_cast<int>(fields.size()); }
  double pair(int p, int q) const {
    return pairs[static_cast<std::size_t>(p) * fields.size() + static_cast<std::size_t>(q)];
  }
};

/// Normal deviates of the stream of `seed`, scaled so that constant, W(1) and W(2) are those of the
/// published mnist-01 (`qhn table jobs/experiments/mnist-01.toml --spectrum`), to about 1e-11.
/// There one-body terms hold 91.5 % of the variance and two-body terms 8.1 %; 0.4 % are left out.
/// Requires 1 <= qubits <= 62, else InputError. Before scaling, a coefficient depends only on the
/// seed and its qubits.
Couplings synthetic_couplings(int qubits, std::uint64_t seed);

/// The costs of these couplings. O(1) per entry, also for a slice in any order of qubits.
std::unique_ptr<Problem> make_synthetic_problem(Couplings couplings);

}  // namespace qhn
