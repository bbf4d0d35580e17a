#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

struct gzFile_s;

namespace qhn {

/// The bytes of a file, plain or compressed with gzip (its first bytes tell), from front to back.
class GzFile {
 public:
  /// `what` the file is, for messages. Throws InputError where there is no such regular file.
  GzFile(const std::string& path, const std::string& what);

  /// The next `size` bytes, fewer only at the end. Throws InputError where the file cannot be read
  /// or its compressed data are damaged.
  std::size_t read(void* out, std::size_t size);

  /// Bytes of a file that is not compressed; 0 of one that is.
  std::uint64_t plain_size() const;

 private:
  std::string path_;
  std::unique_ptr<gzFile_s, int (*)(gzFile_s*)> file_;
};

}  // namespace qhn
