#include "io/atomic_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "core/error.hpp"

namespace qhn {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  operator int() const { return fd_; }
  /// Some file systems report a full disk only here.
  int close() {
    const int result = ::close(fd_);
    fd_ = -1;
    return result;
  }

 private:
  int fd_;
};

bool write_all(int fd, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace

void write_atomically(const std::string& path, std::span<const std::byte> bytes) {
  // Unique across the hosts that share a folder.
  char host[256] = {};
  ::gethostname(host, sizeof host - 1);
  const std::string temporary = fmt::format("{}.tmp.{}.{}", path, host, ::getpid());
  const auto fail = [&](int reason) {
    ::unlink(temporary.c_str());
    throw RunError(fmt::format("{}: cannot write: {}", path, std::strerror(reason)));
  };

  Descriptor file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666));
  if (file < 0) fail(errno);
  if (!write_all(file, bytes) || ::fsync(file) != 0 || file.close() != 0) fail(errno);
  if (std::rename(temporary.c_str(), path.c_str()) != 0) fail(errno);

  sync_folder(path);
}

void sync_folder(const std::string& path) {
  const std::filesystem::path folder = std::filesystem::absolute(path).parent_path();
  const Descriptor directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory >= 0) ::fsync(directory);
}

void write_atomically(const std::string& path, const std::string& text) {
  write_atomically(path, std::as_bytes(std::span(text)));
}

}  // namespace qhn
