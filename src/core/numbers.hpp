#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

namespace qhn {

/// The largest integer of an option; that of a TOML file's keys too.
constexpr std::uint64_t max_integer = std::numeric_limits<std::int64_t>::max();

/// The integer that `text` spells in decimal digits and nothing else: no sign, blank, point,
/// exponent, underscore or 0x (leading zeros change nothing). Throws InputError "NAME: found
/// 'TEXT'; allowed: an integer from LOW to HIGH" where it does not, or lies outside.
std::uint64_t parse_integer(const std::string& name, std::string_view text, std::uint64_t low,
                            std::uint64_t high);

/// The finite numbers that an option takes.
struct RealRange {
  double low = 0.0;
  double high = std::numeric_limits<double>::max();
  bool open = false;  ///< low itself is not allowed
};
constexpr RealRange positive_reals{0.0, std::numeric_limits<double>::max(), true};

/// The same for a decimal number such as 0.5, 1e-3, -2: no plus in front, no blank, nan, inf or 0x,
/// nothing that a double cannot hold.
double parse_real(const std::string& name, std::string_view text, const RealRange& range);

/// The same for bytes: an integer with a unit of 1024^n bytes, K, M, G, T or P (also KB, KiB, any
/// case), or none.
std::uint64_t parse_bytes(const std::string& name, std::string_view text);

}  // namespace qhn
