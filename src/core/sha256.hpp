#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

namespace qhn {

/// SHA-256 of data added piece by piece, numbers as little-endian doubles. Throws RunError if
/// OpenSSL fails.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;
  void add(std::span<const double> numbers) { add(numbers.data(), numbers.size_bytes()); }
  void add(const void* bytes, std::size_t size);
  std::string hex();  ///< the hash of all data; call it once

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

/// SHA-256 in hex of the numbers as little-endian doubles.
std::string sha256(std::span<const double> numbers);
/// SHA-256 in hex of the bytes of `text`.
std::string sha256(const std::string& text);
/// SHA-256 in hex of the bytes of a file. Throws InputError if it cannot be read.
std::string sha256_of_file(const std::string& path);

}  // namespace qhn
