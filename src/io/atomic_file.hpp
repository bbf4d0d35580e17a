#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace qhn {

/// A new file that takes the place of `path` when it is whole: until commit() it has a temporary
/// name beside it, and is removed where that never happens. Its descriptor is open. Throws RunError
/// with path and reason (disk full, no such folder, …), like all that follow.
class NewFile {
 public:
  explicit NewFile(const std::string& path);
  ~NewFile();
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;

  const std::string& temporary() const { return temporary_; }
  void write(std::span<const std::byte> bytes);
  /// Has the file system set aside so many bytes, so that writing them cannot fail later.
  void reserve(std::uint64_t bytes);
  /// Syncs file and folder, and renames.
  void commit();

 private:
  [[noreturn]] void fail(int reason) const;
  std::string path_, temporary_;
  int fd_ = -1;
};

/// Writes `bytes` under a temporary name beside `path`, syncs file and folder, renames: whoever
/// opens `path` sees the old content or the whole new one.
void write_atomically(const std::string& path, std::span<const std::byte> bytes);
void write_atomically(const std::string& path, const std::string& text);

/// Makes the name `path` itself survive a power cut. Some file systems cannot sync folders: no
/// error.
void sync_folder(const std::string& path);

}  // namespace qhn
