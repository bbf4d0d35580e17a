#include "io/angles.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstring>
#include <fstream>

#include "core/error.hpp"

namespace qhn {
namespace {

constexpr const char* separators = " \t,\r";

std::vector<double> parse_row(const std::string& line, const std::string& where) {
  std::vector<double> numbers;
  for (std::size_t begin = line.find_first_not_of(separators); begin != std::string::npos;) {
    const std::size_t end = std::min(line.find_first_of(separators, begin), line.size());
    const char* word = line.data() + begin + (line[begin] == '+' ? 1 : 0);
    double value = 0;
    const auto [rest, error] = std::from_chars(word, line.data() + end, value);
    if (error != std::errc{} || rest != line.data() + end || !std::isfinite(value))
      throw InputError(fmt::format("{}: found '{}'; allowed: finite numbers, blanks and commas",
                                   where, line.substr(begin, end - begin)));
    numbers.push_back(value);
    begin = line.find_first_not_of(separators, end);
  }
  return numbers;
}

}  // namespace

std::vector<double> read_angles(const std::string& path, std::size_t row, std::size_t expected,
                                bool ignore_extra) {
  std::ifstream file(path);
  if (!file)
    throw InputError(fmt::format("{}: cannot read angles: {}", path, std::strerror(errno)));
  std::size_t rows = 0, number = 0;
  for (std::string line; std::getline(file, line);) {
    ++number;
    const std::size_t first = line.find_first_not_of(separators);
    if (first == std::string::npos || line[first] == '#') continue;
    if (rows++ != row) continue;

    const std::string where = fmt::format("{}:{}", path, number);
    std::vector<double> angles = parse_row(line, where);
    if (angles.size() < expected)
      throw InputError(
          fmt::format("{}: found {} angles; the circuit has {}", where, angles.size(), expected));
    if (angles.size() > expected && !ignore_extra)
      throw InputError(
          fmt::format("{}: found {} angles; the circuit has {} (--ignore-extra drops "
                      "the rest)",
                      where, angles.size(), expected));
    angles.resize(expected);
    return angles;
  }
  if (file.bad())
    throw InputError(fmt::format("{}: cannot read angles: {}", path, std::strerror(errno)));
  throw InputError(fmt::format("{}: found {} rows of angles; there is no row {} (counted from 0)",
                               path, rows, row));
}

}  // namespace qhn
