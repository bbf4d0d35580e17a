#pragma once

#include "perf/machine.hpp"

namespace qhn {

/// Measures the rates of `threads` threads of this machine that share a state: passes over states
/// of 10 to 26 qubits and evaluations of 12 to 24 qubits. Takes about a minute and 1.3 GiB.
CoreRates measure_cores(int threads);

/// Measures the shares of `one` core's roof that evaluations reach with an independent state on
/// each of `cores` cores, for sizes that need at most `memory` bytes in total.
Shares measure_crowd(const CoreRates& one, int cores, double memory);

}  // namespace qhn
