#pragma once

#include "predict/machine.hpp"

namespace qhn {

/// What `threads` threads of this machine reach together: passes over states of 10 to 26 qubits
/// and evaluations of 12 to 24. Takes about a minute and 1.3 GiB.
CoreRates measure_cores(int threads);

}  // namespace qhn
