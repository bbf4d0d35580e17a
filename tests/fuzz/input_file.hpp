#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>

#include "core/error.hpp"

namespace qhn {

/// A file in memory that takes one input after the other: for readers that want a path.
class InputFile {
 public:
  InputFile()
      : fd_(::memfd_create("input", MFD_CLOEXEC)), path_("/proc/self/fd/" + std::to_string(fd_)) {
    if (fd_ < 0) throw std::runtime_error("no file in memory");
  }
  ~InputFile() { ::close(fd_); }
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  /// Returns the path under which these bytes can be read.
  const std::string& write(const std::uint8_t* data, std::size_t size) {
    if (::ftruncate(fd_, 0) != 0 || ::pwrite(fd_, data, size, 0) != static_cast<ssize_t>(size))
      throw std::runtime_error("cannot write the file in memory");
    return path_;
  }

 private:
  int fd_;
  std::string path_;
};

/// Runs `read`, which may refuse its input in the two ways that the program reports in one line.
/// Any other exception ends the process: it is a finding.
template <class F>
void may_refuse(F&& read) {
  try {
    read();
  } catch (const InputError&) {
  } catch (const RunError&) {
  }
}

}  // namespace qhn
