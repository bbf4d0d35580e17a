#include "problem/text.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <system_error>

#include "core/error.hpp"

namespace qhn {
namespace {

std::errc parse(std::string_view text, double& value) {
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::invalid_argument || end != text.data() + text.size())
    return std::errc::invalid_argument;
  return error;
}

/// "1,5": digits with one comma among them.
bool has_decimal_comma(std::string_view text) {
  const std::size_t comma = text.find(',');
  return comma != std::string_view::npos && comma > 0 && comma + 1 < text.size() &&
         text.find_first_not_of("0123456789.,+-eE") == std::string_view::npos;
}

}  // namespace

std::string_view trim(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  const auto first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

bool is_number(std::string_view text) {
  double value = 0.0;
  return parse(text, value) != std::errc::invalid_argument;
}

std::optional<double> parse_finite(std::string_view text) {
  double value = 0.0;
  if (parse(text, value) != std::errc() || !std::isfinite(value)) return std::nullopt;
  return value;
}

double finite_number(const std::string& path, std::size_t line, std::string_view field,
                     std::string_view where) {
  double value = 0.0;
  const std::errc error = parse(field, value);
  const char* what = nullptr;
  if (error == std::errc::invalid_argument)
    what = has_decimal_comma(field) ? "is not a number; allowed: a decimal point, no commas"
                                    : "is not a number";
  else if (error == std::errc::result_out_of_range)
    what = "is too large or too small for a double";
  else if (!std::isfinite(value))
    what = "is not a finite number";
  if (what)
    throw InputError(fmt::format("{}:{}: '{}' {}{}", path, line, field.substr(0, 40), what, where));
  return value;
}

}  // namespace qhn
