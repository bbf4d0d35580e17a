#include "record/atomic_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <climits>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <random>
#include <utility>

#include "core/error.hpp"

namespace qhn {
namespace {

namespace fs = std::filesystem;

fs::path folder_of(const std::string& path) {
  const fs::path folder = fs::path(path).parent_path();
  return folder.empty() ? fs::path(".") : folder;
}

// The number N of a link /proc/self/fd/N; -1 for other paths. Some descriptors have no path to open
// again: a pipe, or a file that others append to.
int own_descriptor(const std::string& link) {
  std::error_code error;
  const fs::path folder = fs::canonical(folder_of(link), error);
  if (error || folder != fs::path("/proc") / std::to_string(::getpid()) / "fd") return -1;
  const std::string name = fs::path(link).filename().string();
  int number = -1;
  const auto [end, wrong] = std::from_chars(name.data(), name.data() + name.size(), number);
  return wrong == std::errc() && end == name.data() + name.size() ? number : -1;
}

bool in_proc(const std::string& link) {
  struct statfs info {};
  return ::statfs(folder_of(link).c_str(), &info) == 0 && info.f_type == PROC_SUPER_MAGIC;
}

// A temporary name beside `path`, short enough for the file system.
std::string temporary_name(const std::string& path) {
  const std::string end = ".tmp." + random_name();
  const fs::path whole(path);
  std::string name = whole.filename().string();
  name.resize(std::min(name.size(), NAME_MAX - end.size()));
  return (whole.parent_path() / (name + end)).string();
}

}  // namespace

std::string random_name() {
  std::random_device random;
  return fmt::format("{:08x}{:08x}", random(), random());
}

int create_new_file(const std::string& path, mode_t mode) {
  return ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
}

int write_all(int fd, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written >= 0) {
      bytes = bytes.subspan(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN) {  // a non-blocking pipe
      pollfd pipe{fd, POLLOUT, 0};
      ::poll(&pipe, 1, -1);
    } else if (errno != EINTR) {
      return errno;
    }
  }
  return 0;
}

NewFile::NewFile(const std::string& path, Special special) : path_(path), target_(path) {
  if (!find_target(special)) return;
  // If the old file is private, the new one must not be readable by others meanwhile.
  const mode_t mode = replaced_ ? S_IRUSR | S_IWUSR : 0666;
  for (int attempt = 0; fd_ < 0; ++attempt) {
    temporary_ = temporary_name(target_);
    fd_ = create_new_file(temporary_, mode);
    if (fd_ < 0 && (errno != EEXIST || attempt == 100)) {
      temporary_.clear();
      fail(errno);
    }
  }
}

// Follows the links of path_ to target_. False: the target is not a regular file; fd_ has it open.
bool NewFile::find_target(Special special) {
  struct stat info {};
  for (int links = 0;; ++links) {
    if (::lstat(target_.c_str(), &info) != 0) {
      if (errno != ENOENT) fail(errno);
      return true;
    }
    if (!S_ISLNK(info.st_mode)) break;
    if (links == 40) fail(ELOOP);
    if (in_proc(target_)) {
      if (special == Special::refuse) fail("it is not a regular file");
      const int number = own_descriptor(target_);
      fd_ = number >= 0 ? ::fcntl(number, F_DUPFD_CLOEXEC, 3)
                        : ::open(target_.c_str(), O_WRONLY | O_NOCTTY | O_CLOEXEC);
      if (fd_ < 0) fail(errno);
      return false;
    }
    if (info.st_uid != ::geteuid() && info.st_uid != 0)
      fail(fmt::format("it is a link that another user made (uid {})", info.st_uid));
    std::array<char, PATH_MAX> to{};
    const ssize_t length = ::readlink(target_.c_str(), to.data(), to.size());
    if (length < 0) fail(errno);
    target_ = (fs::path(target_).parent_path() /
               std::string_view(to.data(), static_cast<std::size_t>(length)))
                  .string();
  }
  if (S_ISDIR(info.st_mode)) fail(EISDIR);
  if (S_ISREG(info.st_mode)) {
    replaced_ = {info.st_mode & 07777, info.st_uid, info.st_gid};
    return true;
  }
  if (special == Special::refuse) fail("it is not a regular file");
  fd_ = ::open(target_.c_str(), O_WRONLY | O_NOCTTY | O_CLOEXEC);
  if (fd_ < 0) fail(errno);
  return false;
}

NewFile::~NewFile() {
  if (fd_ >= 0) ::close(fd_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

std::string NewFile::reopen_path() const {
  const std::string open = fmt::format("/proc/self/fd/{}", fd_);
  return ::access(open.c_str(), R_OK | W_OK) == 0 ? open : temporary_;
}

void NewFile::write(std::span<const std::byte> bytes) {
  if (const int reason = write_all(fd_, bytes)) fail(reason);
}

void NewFile::end_with(std::uint64_t length, std::span<const std::byte> bytes) {
  const auto end = static_cast<off_t>(length);
  if (::ftruncate(fd_, end) != 0 || ::lseek(fd_, end, SEEK_SET) < 0) fail(errno);
  write(bytes);
}

void NewFile::reserve(std::uint64_t bytes) {
  int reason = EINTR;
  while (reason == EINTR) reason = ::posix_fallocate(fd_, 0, static_cast<off_t>(bytes));
  if (reason != 0) fail(reason);
}

void NewFile::keep_attributes() const {
  mode_t mode = replaced_->mode;
  struct stat now {};
  if (::fstat(fd_, &now) != 0) fail(errno);
  const bool others = now.st_uid != replaced_->user || now.st_gid != replaced_->group;
  // A failed change of owner matters only for set-user-id bits.
  if (others && ::fchown(fd_, replaced_->user, replaced_->group) != 0) mode &= 0777;
  if (::fchmod(fd_, mode) != 0) fail(errno);
}

void NewFile::commit() {
  if (temporary_.empty()) {  // not a regular file: fsync has no meaning
    if (::close(std::exchange(fd_, -1)) != 0) fail(errno);
    return;
  }
  if (replaced_) keep_attributes();
  if (::fsync(fd_) != 0) fail(errno);
  // Some file systems report a full disk only here.
  if (::close(std::exchange(fd_, -1)) != 0) fail(errno);
  if (std::rename(temporary_.c_str(), target_.c_str()) != 0) fail(errno);
  temporary_.clear();
  sync_folder(target_);
}

void NewFile::fail(int reason) const { fail(std::string(std::strerror(reason))); }

void NewFile::fail(const std::string& reason) const {
  throw RunError(fmt::format("{}: cannot write: {}", path_, reason));
}

void write_atomically(const std::string& path, std::span<const std::byte> bytes) {
  NewFile file(path);
  file.write(bytes);
  file.commit();
}

void sync_folder(const std::string& path) {
  const fs::path folder = fs::absolute(path).parent_path();
  const int directory = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0) return;
  ::fsync(directory);
  ::close(directory);
}

void write_atomically(const std::string& path, const std::string& text) {
  write_atomically(path, std::as_bytes(std::span(text)));
}

}  // namespace qhn
