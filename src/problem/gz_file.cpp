#include "problem/gz_file.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "core/error.hpp"
#include "core/paths.hpp"

namespace qhn {
namespace {

std::string reason() { return errno != 0 ? std::strerror(errno) : "out of memory"; }

}  // namespace

GzFile::GzFile(const std::string& path, const std::string& what)
    : path_(path), file_(nullptr, gzclose) {
  std::error_code ignored;
  const auto status = std::filesystem::status(path, ignored);
  if (!std::filesystem::is_regular_file(status))
    throw InputError(fmt::format(
        "{}: no such {}{}", path, what,
        std::filesystem::exists(status) ? ": it is not a regular file" : where_looked(path)));
  errno = 0;
  file_.reset(gzopen(path.c_str(), "rb"));
  if (!file_)
    throw InputError(fmt::format("{}: this {} cannot be read ({})", path, what, reason()));
}

std::uint64_t GzFile::plain_size() const {
  std::error_code failed;
  const std::uint64_t size = std::filesystem::file_size(path_, failed);
  return !failed && gzdirect(file_.get()) == 1 ? size : 0;
}

std::size_t GzFile::read(void* out, std::size_t size) {
  constexpr std::size_t most = std::size_t{1} << 30;  // bytes per call
  std::size_t done = 0;
  while (done < size) {
    errno = 0;
    const int got = gzread(file_.get(), static_cast<char*>(out) + done,
                           static_cast<unsigned>(std::min(size - done, most)));
    int code = Z_OK;
    const char* message = gzerror(file_.get(), &code);
    if (code == Z_ERRNO) throw InputError(fmt::format("{}: cannot be read ({})", path_, reason()));
    if (got < 0 || code < 0)
      throw InputError(fmt::format("{}: truncated or damaged ({})", path_,
                                   code == Z_BUF_ERROR ? "unexpected end of file" : message));
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  return done;
}

}  // namespace qhn
