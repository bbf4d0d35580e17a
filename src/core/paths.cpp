#include "core/paths.hpp"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <string_view>

namespace qhn {

std::string where_looked(const std::string& path) {
  if (path.empty() || path.front() == '/') return "";
  std::error_code error;
  const std::string folder = std::filesystem::current_path(error).string();
  if (error) return "";
  return " (looked for in " + folder + (path.front() == '~' ? "; a ~ is not expanded" : "") + ")";
}

std::string shell_quoted(const std::string& word) {
  constexpr std::string_view plain = "_-./:=,+@%";
  const bool safe = std::all_of(word.begin(), word.end(), [&](char c) {
    return (std::isalnum(static_cast<unsigned char>(c)) && static_cast<unsigned char>(c) < 128) ||
           plain.find(c) != std::string_view::npos;
  });
  if (safe && !word.empty()) return word;
  const auto is_control = [](char c) { return std::iscntrl(static_cast<unsigned char>(c)) != 0; };
  if (std::any_of(word.begin(), word.end(), is_control)) {
    std::string quoted = "$'";
    for (const char c : word) {
      if (is_control(c)) {
        const auto code = static_cast<unsigned char>(c);
        quoted += {'\\', static_cast<char>('0' + code / 64), static_cast<char>('0' + code / 8 % 8),
                   static_cast<char>('0' + code % 8)};
      } else {
        if (c == '\'' || c == '\\') quoted += '\\';
        quoted += c;
      }
    }
    return quoted + "'";
  }
  std::string quoted = "'";
  for (const char c : word) {
    if (c == '\'')
      quoted += "'\\''";
    else
      quoted += c;
  }
  return quoted + "'";
}

}  // namespace qhn
