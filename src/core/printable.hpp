#pragma once

#include <string>
#include <string_view>

namespace qhn {

/// `text` made safe for one line of a terminal: control characters, line separators, marks that
/// change the direction of writing and bytes that are not UTF-8 become \n, \t, \x1b, \u202e, \xff.
/// Names, paths and hosts come from files of others: a raw escape sequence could rewrite the
/// screen.
std::string printable(std::string_view text);

}  // namespace qhn
