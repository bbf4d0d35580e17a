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
