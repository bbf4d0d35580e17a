#pragma once

#include <string>
#include <vector>

namespace qhn {

// Tables that verbs print. The first row is the header. Cells are plain text; each format escapes
// its special characters.
using Row = std::vector<std::string>;

/// Text with aligned columns, for a terminal.
std::string aligned(std::vector<Row> rows);
std::string markdown(const std::vector<Row>& rows);
std::string latex(const std::vector<Row>& rows);
/// One cell of markdown() and of latex(), or text outside of tables.
std::string markdown_text(const std::string& text);
std::string latex_text(const std::string& text);
/// A field by RFC 4180: quoted if it holds a comma, semicolon, quote, line break or outer blank.
std::string csv_field(const std::string& text);

}  // namespace qhn
