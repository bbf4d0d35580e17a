#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

struct gzFile_s;

namespace qhn {

/// Reads a file from front to back, plain or gzip (detected by its first bytes).
class GzFile {
 public:
  /// `what`: the kind of file, for messages. Throws InputError if `path` is not a readable regular
  /// file.
  GzFile(const std::string& path, const std::string& what);

  /// Reads the next `size` bytes, fewer only at the end; returns their number. Throws InputError if
  /// the file cannot be read or its compressed data are damaged.
  std::size_t read(void* out, std::size_t size);

  /// Size in bytes of an uncompressed file; 0 if compressed.
  std::uint64_t plain_size() const;

 private:
  std::string path_;
  std::unique_ptr<gzFile_s, int (*)(gzFile_s*)> file_;
};

}  // namespace qhn
