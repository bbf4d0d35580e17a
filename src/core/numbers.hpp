#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

namespace qhn {

/// The largest integer that an option or a key of a TOML file takes.
constexpr std::uint64_t max_integer = std::numeric_limits<std::int64_t>::max();

/// Parses an integer of decimal digits only: no sign, blank, point, exponent, underscore or 0x
/// (leading zeros are ignored). Throws InputError "NAME: found 'TEXT'; allowed: an integer from LOW
/// to HIGH" for other text and for integers outside this range.
std::uint64_t parse_integer(const std::string& name, std::string_view text, std::uint64_t low,
                            std::uint64_t high);

/// Range of the finite numbers that an option takes.
struct RealRange {
  double low = 0.0;
  double high = std::numeric_limits<double>::max();
  bool open = false;  ///< low itself is excluded
};
constexpr RealRange positive_reals{0.0, std::numeric_limits<double>::max(), true};

/// Parses a decimal number such as 0.5, 1e-3, -2; throws like parse_integer. Refuses a leading
/// plus, blanks, nan, inf, 0x and numbers that a double cannot hold.
double parse_real(const std::string& name, std::string_view text, const RealRange& range);

/// Parses a positive number of bytes: an integer without unit or with a unit of 1024^n bytes, K, M,
/// G, T or P (also KB, KiB, any case). Throws like parse_integer.
std::uint64_t parse_bytes(const std::string& name, std::string_view text);

}  // namespace qhn
