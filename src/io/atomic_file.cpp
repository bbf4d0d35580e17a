#include "io/atomic_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <utility>

#include "core/error.hpp"

namespace qhn {
NewFile::NewFile(const std::string& path) : path_(path) {
  // Unique across the hosts that share a folder.
  char host[256] = {};
  ::gethostname(host, sizeof host - 1);
  temporary_ = fmt::format("{}.tmp.{}.{}", path, host, ::getpid());
  fd_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (fd_ < 0) fail(errno);
}

NewFile::~NewFile() {
  if (fd_ >= 0) ::close(fd_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void NewFile::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail(errno);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
}

void NewFile::reserve(std::uint64_t bytes) {
  int reason = EINTR;
  while (reason == EINTR) reason = ::posix_fallocate(fd_, 0, static_cast<off_t>(bytes));
  if (reason != 0) fail(reason);
}

void NewFile::commit() {
  if (::fsync(fd_) != 0) fail(errno);
  // Some file systems report a full disk only here.
  if (::close(std::exchange(fd_, -1)) != 0) fail(errno);
  if (std::rename(temporary_.c_str(), path_.c_str()) != 0) fail(errno);
  temporary_.clear();
  sync_folder(path_);
}

void NewFile::fail(int reason) const {
  throw RunError(fmt::format("{}: cannot write: {}", path_, std::strerror(reason)));
}

void write_atomically(const std::string& path, std::span<const std::byte> bytes) {
  NewFile file(path);
  file.write(bytes);
  file.commit();
}

void sync_folder(const std::string& path) {
  const std::filesystem::path folder = std::filesystem::absolute(path).parent_path();
  const int directory = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) return;
  ::fsync(directory);
  ::close(directory);
}

void write_atomically(const std::string& path, const std::string& text) {
  write_atomically(path, std::as_bytes(std::span(text)));
}

}  // namespace qhn
