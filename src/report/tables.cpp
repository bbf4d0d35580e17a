#include "report/tables.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "core/printable.hpp"

namespace qhn {
namespace {

// Width in columns of a terminal, from the number of blanks that fmt adds to fill a width.
std::size_t columns(const std::string& text) {
  const std::size_t wide = 2 * text.size();
  return text.size() + wide - fmt::formatted_size("{:<{}}", text, wide);
}

template <class F>
std::string for_each_character(const std::string& text, F escape) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i)
    out += escape(text[i], i + 1 < text.size() ? text[i + 1] : '\0');
  return out;
}

std::string joined(const Row& row, const char* between, std::string (*escape)(const std::string&)) {
  std::string line;
  for (std::size_t c = 0; c < row.size(); ++c) line += (c == 0 ? "" : between) + escape(row[c]);
  return line;
}

}  // namespace

std::string aligned(std::vector<Row> rows) {
  std::vector<std::size_t> widths(rows[0].size(), 0);
  for (Row& row : rows)
    for (std::size_t c = 0; c < row.size(); ++c) {
      row[c] = printable(row[c]);
      widths[c] = std::max(widths[c], columns(row[c]));
    }
  std::string out;
  for (const Row& row : rows) {
    std::string line;
    for (std::size_t c = 0; c < row.size(); ++c)
      line += fmt::format("{:<{}}   ", row[c], widths[c]);
    out += "  " + line.substr(0, line.find_last_not_of(' ') + 1) + '\n';
  }
  return out;
}

std::string markdown_text(const std::string& text) {
  return for_each_character(printable(text), [](char c, char next) {
    constexpr std::string_view special = "\\`*_{}#|$~^&";
    // "gap < 1" is no tag, "[0.1, 0.2]" no link.
    const bool tag = c == '<' && next != ' ' && next != '=';
    const bool link = c == ']' && (next == '(' || next == '[');
    return (tag || link || special.find(c) != special.npos ? "\\" : "") + std::string(1, c);
  });
}

std::string latex_text(const std::string& text) {
  return for_each_character(printable(text), [](char c, char) -> std::string {
    switch (c) {
      case '\\':
        return "\\textbackslash{}";
      case '^':
        return "\\textasciicircum{}";
      case '~':
        return "\\textasciitilde{}";
      case '<':
        return "\\textless{}";
      case '>':
        return "\\textgreater{}";
      case '|':
        return "\\textbar{}";
      case '[':  // after \\ it would start an optional argument
        return "{[}";
      case '#':
      case '$':
      case '%':
      case '&':
      case '_':
      case '{':
      case '}':
        return std::string("\\") + c;
      default:
        return std::string(1, c);
    }
  });
}

std::string markdown(const std::vector<Row>& rows) {
  std::string out;
  for (std::size_t r = 0; r < rows.size(); ++r) {
    out += "| " + joined(rows[r], " | ", markdown_text) + " |\n";
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
    out += joined(rows[r], " & ", latex_text) + " \\\\\n";
    if (r == 0) out += "\\hline\n";
  }
  return out + "\\hline\n\\end{tabular}\n";
}

std::string csv_field(const std::string& raw) {
  std::string text;  // keep white space; escape other control characters
  for (std::size_t begin = 0; begin < raw.size();) {
    const std::size_t end = std::min(raw.find_first_of("\t\r\n", begin), raw.size());
    text += printable(std::string_view(raw).substr(begin, end - begin));
    if (end < raw.size()) text += raw[end];
    begin = end + 1;
  }
  constexpr std::string_view blanks = " \t";
  const bool plain = text.find_first_of(",;\"\r\n") == text.npos &&
                     (text.empty() || (blanks.find(text.front()) == blanks.npos &&
                                       blanks.find(text.back()) == blanks.npos));
  if (plain) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + '"';
}

}  // namespace qhn
