#pragma once

#include <cstdint>
#include <fstream>
#include <span>
#include <string>

namespace qhn {

/// Reads a one-dimensional array in NumPy's format (.npy, versions 1 to 3): float32, float64 or
/// integers of 1 to 8 bytes, either byte order. Any part of it can be read.
class NpyFile {
 public:
  /// Throws InputError if the file is not such an array or its size contradicts its header.
  explicit NpyFile(const std::string& path);

  /// True if the file begins with NumPy's magic bytes.
  static bool is_npy(const std::string& path);

  std::uint64_t size() const { return size_; }
  /// Reads the entries first, first + 1, …. Throws InputError if one is not finite, or is an
  /// integer that a double cannot hold exactly.
  void read(std::uint64_t first, std::span<double> out);

 private:
  void parse(const std::string& header);
  [[noreturn]] void fail(const std::string& what) const;

  std::string path_;
  std::ifstream file_;
  std::uint64_t size_ = 0, begin_ = 0;  // number of entries, byte offset of the first
  char kind_ = 'f';                     // 'f', 'i' or 'u'
  unsigned bytes_ = 8;                  // per entry
  bool swapped_ = false;
};

}  // namespace qhn
