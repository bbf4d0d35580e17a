#pragma once

#include <string>
#include <string_view>

namespace qhn {

/// `text` as it may be shown on a terminal, on one line: control characters, marks that reverse the
/// direction of writing and bytes that are no UTF-8 become \n, \t, \x1b, \u202e, \xff. Names, paths
/// and hosts come from files that others wrote: a raw escape sequence could rewrite the screen.
std::string printable(std::string_view text);

}  // namespace qhn
