#pragma once

#include <string>

namespace qhn {

/// What to say of `path` after the reason why it cannot be opened: the folder that a relative path
/// starts from, and that nobody expanded a ~. Empty for others.
std::string where_looked(const std::string& path);

/// `word` as a POSIX shell takes it for one word with exactly these characters: quoted where that
/// is necessary. Control characters are written as in $'\n', which bash, ksh and zsh understand:
/// the result is one line.
std::string shell_quoted(const std::string& word);

}  // namespace qhn
