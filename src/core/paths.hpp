#pragma once

#include <string>

namespace qhn {

/// Addition to the message that `path` cannot be opened: the folder that a relative path starts
/// from, and that a ~ is not expanded. Empty for absolute paths.
std::string where_looked(const std::string& path);

/// `word` quoted, if necessary, so that a POSIX shell reads it as one word of exactly these
/// characters. Control characters are written as in $'\n', which bash, ksh and zsh understand, so
/// the result is one line.
std::string shell_quoted(const std::string& word);

}  // namespace qhn
