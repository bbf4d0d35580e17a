#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace qhn {

/// A new file that takes the place of `path` when it is whole: until commit() it has a temporary
/// name beside it, and is removed where that never happens. Its descriptor is open. Throws RunError
/// with path and reason (disk full, no such folder, …), like all that follow.
///
/// Permissions and, where permitted, owner and group of a file that is replaced are kept. A
/// symbolic link stays: what it points to is replaced or made; a link that neither this user nor
/// root made is refused, since anybody may have planted it. What is there but is no regular file (a
/// device, a FIFO, an open descriptor as /dev/stdout) is written to as it is, at once.
class NewFile {
 public:
  enum class Special { write, refuse };  ///< what to do with something that is no regular file
  explicit NewFile(const std::string& path, Special special = Special::write);
  ~NewFile();
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  /// A path under which a library may open the file again: the file itself, whatever has become of
  /// its name since. Not where something special is written to.
  std::string reopen_path() const;
  void write(std::span<const std::byte> bytes);
  /// Cuts the file, whoever wrote what it holds, off at `length`, and writes `bytes` there.
  void end_with(std::uint64_t length, std::span<const std::byte> bytes);
  /// Has the file system set aside so many bytes, so that writing them cannot fail later.
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

  std::string path_;       // as it was given, for messages
  std::string target_;     // with links resolved
  std::string temporary_;  // empty: nothing is to be renamed
  std::optional<Attributes> replaced_;
  int fd_ = -1;
};

/// Writes `bytes` under a temporary name beside `path`, syncs file and folder, renames: whoever
/// opens `path` sees the old content or the whole new one.
void write_atomically(const std::string& path, std::span<const std::byte> bytes);
void write_atomically(const std::string& path, const std::string& text);

/// Opens a file that did not exist, for writing: never one that another user planted, nor through a
/// link. -1 and errno where that fails.
int create_new_file(const std::string& path, mode_t mode);

/// 16 hexadecimal digits that nobody can guess.
std::string random_name();

/// Makes the name `path` itself survive a power cut. Some file systems cannot sync folders: no
/// error.
void sync_folder(const std::string& path);

}  // namespace qhn
