#pragma once

#include "predict/machine.hpp"

namespace qhn {

/// What `threads` threads of this machine reach together: passes over states of 10 to 26 qubits
/// and evaluations of 12 to 24. Takes about a minute and 1.3 GiB.
CoreRates measure_cores(int threads);

/// The shares of `one` core's roof that evaluations reach while all of `cores` cores have their
/// own, as long as those need no more than `memory` bytes.
Shares measure_crowd(const CoreRates& one, int cores, double memory);

}  // namespace qhn
