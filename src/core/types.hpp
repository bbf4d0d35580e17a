#pragma once

#include <complex>
#include <cstddef>
#include <cstdint>

namespace qhn {

/// Index of a basis state, a table entry or a network. Parameter 0 of the network is the most
/// significant bit; qubit q is bit q, so qubit 0 is the last parameter.
using Index = std::uint64_t;

using Complex = std::complex<double>;

/// Number of basis states of `qubits` qubits. Requires 0 <= qubits < 64.
constexpr Index dimension(int qubits) { return Index{1} << qubits; }

/// Bit q of a basis state.
constexpr int bit(Index state, int q) { return static_cast<int>((state >> q) & 1u); }

}  // namespace qhn
