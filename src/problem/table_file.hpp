#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/sha256.hpp"
#include "core/types.hpp"

namespace qhn {

/// A file of 2^N costs (N at least 1) in index order: text (one number per line), HDF5 (dataset
/// "costs") or NumPy's .npy. Any part can be read. A text file is read through once to count its
/// lines; prefer the other formats for large tables.
class TableFile {
 public:
  /// Throws InputError if the file is not such a table or is damaged. Of .npy, and of HDF5 with a
  /// check sum that `qhn table` wrote, only the description is read into memory.
  explicit TableFile(const std::string& path);
  ~TableFile();

  Index size() const { return size_; }
  /// Reads the costs first, first + 1, …. Throws InputError if one is not finite.
  void read(Index first, std::span<double> out) const;
  /// SHA-256 (hex) of all costs as little-endian doubles.
  std::string sha256() const;

 private:
  class Format;
  class Text;
  class Npy;
  class Hdf5;
  std::string path_;
  std::unique_ptr<Format> format_;
  Index size_ = 0;
};

}  // namespace qhn
