#pragma once

#include <string>

#include "perf/machine.hpp"

namespace qhn {

/// Reads a machine file (TOML; examples in jobs/machines). Throws InputError with file:line:column,
/// what was found, and what is allowed.
Machine read_machine(const std::string& path);

/// Text of a machine file that describes `machine`; numbers are rounded to four digits.
std::string to_toml(const Machine& machine);

}  // namespace qhn
