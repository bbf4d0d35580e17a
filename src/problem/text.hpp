#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace qhn {

/// `text` without leading and trailing blanks, tabs and line ends.
std::string_view trim(std::string_view text);

/// True if `text` spells a decimal number. nan and inf count; finite_number() rejects them.
bool is_number(std::string_view text);

/// The finite number that `text` spells; nullopt: it spells none.
std::optional<double> parse_finite(std::string_view text);

/// The finite number that `field`, on this line of the file, spells. Throws InputError; `where`
/// ends its message, e.g. " (column 3)".
double finite_number(const std::string& path, std::size_t line, std::string_view field,
                     std::string_view where = {});

}  // namespace qhn
