#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace qhn {

/// A new file that replaces `path` at commit(). Until then it has a temporary name beside `path`,
/// and is removed if commit() is never called. Its descriptor is open. All functions throw RunError
/// with path and reason (disk full, no such folder, …).
///
/// Permissions and, where permitted, owner and group of a replaced file are kept. A symbolic link
/// stays: its target is replaced or made. A link that neither this user nor root made is an error,
/// since anybody may have planted it. A target that is not a regular file (a device, a FIFO, an
/// open descriptor such as /dev/stdout) is written to directly.
class NewFile {
 public:
  enum class Special { write, refuse };  ///< what to do if `path` is not a regular file
  explicit NewFile(const std::string& path, Special special = Special::write);
  ~NewFile();
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  /// A path that opens this very file again, for libraries, even if its name has changed. Only for
  /// regular files.
  std::string reopen_path() const;
  void write(std::span<const std::byte> bytes);
  /// Truncates the file to `length`, also after a library wrote to it, and appends `bytes`.
  void end_with(std::uint64_t length, std::span<const std::byte> bytes);
  /// Reserves disk space, so that writing `bytes` bytes cannot fail later.
  void reserve(std::uint64_t bytes);
  /// Syncs file and folder, and renames.
  void commit();

 private:
  struct Attributes {
    mode_t mode;
    uid_t user;
    gid_t group;
  };
  [[noreturn]] void fail(int reason) const;
  [[noreturn]] void fail(const std::string& reason) const;
  bool find_target(Special special);
  void keep_attributes() const;

  std::string path_;       // as given, for messages
  std::string target_;     // with links resolved
  std::string temporary_;  // empty: nothing to rename
  std::optional<Attributes> replaced_;
  int fd_ = -1;
};

/// Writes `bytes` to a temporary file beside `path`, syncs file and folder, renames: readers of
/// `path` see the old or the whole new content.
void write_atomically(const std::string& path, std::span<const std::byte> bytes);
void write_atomically(const std::string& path, const std::string& text);

/// Creates a file and opens it for writing. Fails if the name exists, so that it opens no link and
/// no file that another user planted. Returns the descriptor, or -1 and sets errno.
int create_new_file(const std::string& path, mode_t mode);

/// Writes all `bytes` to the descriptor, and waits for a pipe that is full. Returns 0 or errno.
int write_all(int fd, std::span<const std::byte> bytes);

/// 16 unpredictable hexadecimal digits.
std::string random_name();

/// Syncs the folder entry `path`, so that the name survives a power failure. File systems that
/// cannot sync folders are no error.
void sync_folder(const std::string& path);

}  // namespace qhn
