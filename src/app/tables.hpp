#pragma once

#include <string>
#include <vector>

namespace qhn {

// Tables as the verbs print them. The first row is the head. Cells are plain text, whatever it
// holds: each format escapes it.
using Row = std::vector<std::string>;

/// Columns of equal width on a terminal, indented.
std::string aligned(std::vector<Row> rows);
std::string markdown(const std::vector<Row>& rows);
std::string latex(const std::vector<Row>& rows);
/// One cell of markdown() and of latex(), or text outside of tables.
std::string markdown_text(const std::string& text);
std::string latex_text(const std::string& text);
/// RFC 4180: quoted where a comma, semicolon, quote, line break or blank at an end asks for it.
std::string csv_field(const std::string& text);

}  // namespace qhn
