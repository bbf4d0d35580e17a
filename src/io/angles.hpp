#pragma once

#include <cstddef>
#include <istream>
#include <optional>
#include <string>
#include <vector>

namespace qhn {

/// A vector of `expected` angles in radians, in the flat order of spec section 5, from a text file,
/// plain or gzip: one vector a line, numbers separated by blanks or commas, or, as numpy.savetxt
/// writes a vector, one number a line (where `expected` is more than 1). # begins a comment, and
/// the first line may be a heading of names. `row`: which of several vectors, counted from 0;
/// nullopt: the first. A vector of fewer than `expected` numbers is an error, a longer one too
/// unless `ignore_extra`, which drops the rest. `remark`, where given, gets what the user should
/// know (vectors that are not used, a heading); empty: nothing. Throws InputError with file and
/// line.
std::vector<double> read_angles(const std::string& path, std::optional<std::size_t> row,
                                std::size_t expected, bool ignore_extra,
                                std::string* remark = nullptr);

/// The same from a stream of text that is called `name` in messages.
std::vector<double> parse_angles(std::istream& text, const std::string& name,
                                 std::optional<std::size_t> row, std::size_t expected,
                                 bool ignore_extra, std::string* remark = nullptr);

}  // namespace qhn
