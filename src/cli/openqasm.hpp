#pragma once

#include <span>
#include <string>

#include "circuit/circuit.hpp"

namespace qhn {

/// Returns `circuit` with its angles as an OpenQASM 3 program with gates of stdgates.inc, equal to
/// the circuit up to a global phase. `angles` has circuit.angles entries, in radians; those beyond
/// 16π are written mod 4π.
std::string to_openqasm3(const Circuit& circuit, std::span<const double> angles);

}  // namespace qhn
