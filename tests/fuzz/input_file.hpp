#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <stdexcept>
#include <string>

#include "core/error.hpp"

namespace qhn {

/// A file that takes one input after the other, for readers that want a path. In a new folder of
/// the temporary folder: HDF5 opens no file of memory alone (memfd_create).
class InputFile {
 public:
  InputFile() {
    folder_ = (std::filesystem::temp_directory_path() / "qhn-fuzz-XXXXXX").string();
    if (::mkdtemp(folder_.data()) == nullptr) throw std::runtime_error("no temporary folder");
    path_ = folder_ + "/input";
    fd_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd_ < 0) throw std::runtime_error("no temporary file");
  }
  ~InputFile() {
    ::close(fd_);
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  /// Returns the path under which these bytes can be read.
  const std::string& write(const std::uint8_t* data, std::size_t size) {
    if (::ftruncate(fd_, 0) != 0 || ::pwrite(fd_, data, size, 0) != static_cast<ssize_t>(size))
      throw std::runtime_error("cannot write the temporary file");
    return path_;
  }
  const std::string& folder() const { return folder_; }
  const std::string& path() const { return path_; }

 private:
  std::string folder_, path_;
  int fd_ = -1;
};

/// Runs what reads an input that was written to an InputFile: `work` of the first input is called
/// for all. With libFuzzer in a child process that may crash inside HDF5 (lasting_child.cpp), in
/// ctest as it is (replay.cpp).
void run_input(const std::function<void()>& work);

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
