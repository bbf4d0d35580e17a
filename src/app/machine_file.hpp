#pragma once

#include <string>

#include "predict/machine.hpp"

namespace qhn {

/// Reads a machine file (TOML; jobs/machines has examples). Throws InputError as file:line:column:
/// what was found; what is allowed.
Machine read_machine(const std::string& path);

/// The file as text: reading it back gives the same Machine.
std::string to_toml(const Machine& machine);

}  // namespace qhn
