#include "cli/thread_environment.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cstdint>
#include <limits>
#include <string_view>

#include "comm/processors.hpp"
#include "core/error.hpp"

namespace qhn {
namespace {

// True for an integer from 1 to `most`, with or without blanks around it.
bool is_count(std::string_view text, std::int64_t most) {
  constexpr std::string_view blanks = " \t\n";
  const auto first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return false;
  text = text.substr(first, text.find_last_not_of(blanks) - first + 1);
  if (text.starts_with('+')) text.remove_prefix(1);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && value >= 1 && value <= most;
}

}  // namespace

void check_thread_environment(const std::function<const char*(const char*)>& environment) {
  if (const char* value = environment("OMP_NUM_THREADS"); value && *value) {
    std::string_view rest = value;
    for (bool more = true; more;) {
      const std::size_t comma = rest.find(',');
      if (!is_count(rest.substr(0, comma), max_threads))
        throw InputError(fmt::format(
            "OMP_NUM_THREADS: found '{:.40}'; allowed: 1 to {} threads, or a list such as 4,2",
            value, max_threads));
      more = comma != std::string_view::npos;
      if (more) rest.remove_prefix(comma + 1);
    }
  }
  constexpr std::int64_t most = std::numeric_limits<int>::max();
  if (const char* value = environment("OMP_THREAD_LIMIT"); value && *value)
    if (!is_count(value, most))
      throw InputError(
          fmt::format("OMP_THREAD_LIMIT: found '{:.40}'; allowed: 1 to {} threads", value, most));
}

}  // namespace qhn
