#include "core/numbers.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "core/error.hpp"

namespace qhn {
namespace {

// Throws InputError; long text is cut so that the message fits a line.
[[noreturn]] void refuse(const std::string& name, std::string_view text,
                         const std::string& allowed) {
  constexpr std::size_t enough = 60;
  std::string found(text.substr(0, enough));
  if (text.size() > enough) found += "…";
  throw InputError(name + ": found '" + found + "'; allowed: " + allowed);
}

std::string spell(double x) {
  std::array<char, 32> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), x).ptr;
  return {buffer.data(), end};
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// False: empty, another character than a digit, or too large a number.
bool read_digits(std::string_view text, std::uint64_t& value) {
  if (text.empty() || !std::all_of(text.begin(), text.end(), is_digit)) return false;
  return std::from_chars(text.data(), text.data() + text.size(), value).ec == std::errc{};
}

}  // namespace

std::uint64_t parse_integer(const std::string& name, std::string_view text, std::uint64_t low,
                            std::uint64_t high) {
  std::uint64_t value = 0;
  if (!read_digits(text, value) || value < low || value > high)
    refuse(name, text, "an integer from " + std::to_string(low) + " to " + std::to_string(high));
  return value;
}

double parse_real(const std::string& name, std::string_view text, const RealRange& range) {
  double value = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  const bool inside = range.open ? value > range.low : value >= range.low;
  if (error != std::errc{} || rest != end || !std::isfinite(value) || !inside ||
      value > range.high) {
    std::string allowed =
        "a number " + std::string(range.open ? "above " : "from ") + spell(range.low);
    if (range.high < std::numeric_limits<double>::max())
      allowed += " to " + spell(range.high);
    else if (!range.open)
      allowed = "a number of at least " + spell(range.low);
    refuse(name, text, allowed);
  }
  return value;
}

std::uint64_t parse_bytes(const std::string& name, std::string_view text) {
  constexpr std::string_view units = "KMGTP";
  const auto end =
      static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), is_digit) - text.begin());
  std::string unit(text.substr(end));
  std::transform(unit.begin(), unit.end(), unit.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  std::size_t power = 0;
  bool known = unit.empty() || unit == "B";
  if (!known && (unit.size() == 1 || unit.substr(1) == "B" || unit.substr(1) == "IB")) {
    power = units.find(unit[0]) + 1;  // npos + 1 is 0
    known = power > 0;
  }
  std::uint64_t value = 0;
  const std::uint64_t largest = max_integer >> (10 * power);
  if (!known || !read_digits(text.substr(0, end), value) || value == 0 || value > largest)
    refuse(name, text, "bytes, an integer of at least 1 with a unit of 1024^n: e.g. 240G");
  return value << (10 * power);
}

}  // namespace qhn
