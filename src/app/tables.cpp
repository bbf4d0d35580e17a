#include "app/tables.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace qhn {

std::string aligned(const std::vector<Row>& rows) {
  std::vector<std::size_t> widths(rows[0].size(), 0);
  for (const Row& row : rows)
    for (std::size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], row[c].size());
  std::string out;
  for (const Row& row : rows) {
    std::string line;
    for (std::size_t c = 0; c < row.size(); ++c)
      line += fmt::format("{:<{}}   ", row[c], widths[c]);
    out += "  " + line.substr(0, line.find_last_not_of(' ') + 1) + '\n';
  }
  return out;
}

std::string markdown(const std::vector<Row>& rows) {
  std::string out;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    out += fmt::format("| {} |\n", fmt::join(rows[r], " | "));
    if (r == 0) {
      out += '|';
      for (std::size_t c = 0; c < rows[0].size(); ++c) out += "---|";
      out += '\n';
    }
  }
  return out;
}

std::string latex(const std::vector<Row>& rows) {
  std::string out =
      fmt::format("\\begin{{tabular}}{{{}}}\n\\hline\n", std::string(rows[0].size(), 'l'));
  for (std::size_t r = 0; r < rows.size(); ++r) {
    std::string line = fmt::format("{}", fmt::join(rows[r], " & "));
    for (const char special : {'_', '%'})
      for (std::size_t at = 0; (at = line.find(special, at)) != std::string::npos; at += 2)
        line.insert(at, 1, '\\');
    out += line + " \\\\\n";
    if (r == 0) out += "\\hline\n";
  }
  return out + "\\hline\n\\end{tabular}\n";
}

std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + '"';
}

}  // namespace qhn
