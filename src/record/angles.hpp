#pragma once

#include <cstddef>
#include <istream>
#include <optional>
#include <string>
#include <vector>

namespace qhn {

/// Reads a vector of `expected` angles in radians, in the flat order of docs/theory.md, Circuits,
/// from a text file, plain or gzip. Each line is one vector, numbers separated by blanks or commas;
/// or each line is one number, as numpy.savetxt writes a vector (where `expected` is more than 1).
/// # begins a comment, and the first line may be a heading of names. `row`: which of several
/// vectors, counted from 0; nullopt: the first. A shorter vector is an error, a longer one too
/// unless `ignore_extra`, which drops the rest. `remark`, if given, receives a note for the user
/// (unused vectors, a heading) or is made empty. Throws InputError with file and line.
std::vector<double> read_angles(const std::string& path, std::optional<std::size_t> row,
                                std::size_t expected, bool ignore_extra,
                                std::string* remark = nullptr);

/// The same from a stream of text; messages call it `name`.
std::vector<double> parse_angles(std::istream& text, const std::string& name,
                                 std::optional<std::size_t> row, std::size_t expected,
                                 bool ignore_extra, std::string* remark = nullptr);

}  // namespace qhn
