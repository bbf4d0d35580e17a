#pragma once

#include <string>
#include <vector>

namespace qhn {

// Tables as the verbs print them. The first row is the head.
using Row = std::vector<std::string>;

/// Columns of equal width, indented.
std::string aligned(const std::vector<Row>& rows);
std::string markdown(const std::vector<Row>& rows);
std::string latex(const std::vector<Row>& rows);
/// RFC 4180: quoted where a comma, quote or line break asks for it.
std::string csv_field(const std::string& text);

}  // namespace qhn
