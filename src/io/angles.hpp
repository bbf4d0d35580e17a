#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace qhn {

/// Row `row` (counted from 0) of a text file of angles in radians: one vector a line in the flat
/// order of spec section 5, separated by blanks or commas; empty lines and lines that start with #
/// are no rows. A row of fewer than `expected` numbers is an error, a longer one too unless
/// `ignore_extra`, which drops the rest. Throws InputError with file and line.
std::vector<double> read_angles(const std::string& path, std::size_t row, std::size_t expected,
                                bool ignore_extra);

}  // namespace qhn
