#pragma once

#include <bit>
#include <cstddef>
#include <cstring>
#include <span>
#include <type_traits>
#include <vector>

#include "core/bit_string.hpp"
#include "core/error.hpp"

namespace qhn {

// Bytes are sent between machines of a cluster and stored in files.
static_assert(std::endian::native == std::endian::little, "numbers are stored little-endian");

/// Appends fields to `bytes` without padding: numbers, enumerations, strings and vectors (length as
/// 64 bits, then the items), and bit strings (number of bits as 32 bits, then the words).
class ByteWriter {
 public:
  explicit ByteWriter(std::vector<std::byte>& bytes) : bytes_(bytes) {}
  template <class... T>
  void operator()(const T&... fields) {
    (field(fields), ...);
  }

 private:
  template <class T>
  void field(const T& value) {
    if constexpr (std::is_trivially_copyable_v<T>) {
      raw(&value, sizeof(T));
    } else if constexpr (std::is_same_v<T, BitString>) {
      field(value.bits());
      for (int k = 0; k < value.words(); ++k) field(value.word(k));
    } else {
      field(value.size());
      if constexpr (std::is_trivially_copyable_v<typename T::value_type>)
        raw(value.data(), value.size() * sizeof(value[0]));
      else
        for (const auto& item : value) field(item);
    }
  }
  void raw(const void* data, std::size_t size) {
    const std::size_t at = bytes_.size();
    bytes_.resize(at + size);
    if (size > 0) std::memcpy(bytes_.data() + at, data, size);
  }
  std::vector<std::byte>& bytes_;
};

/// Reads what ByteWriter wrote, given the same fields in the same order. Throws RunError if the
/// bytes end too early.
class ByteReader {
 public:
  explicit ByteReader(std::span<const std::byte> bytes) : bytes_(bytes) {}
  bool done() const { return bytes_.empty(); }
  template <class... T>
  void operator()(T&... fields) {
    (field(fields), ...);
  }

 private:
  template <class T>
  void field(T& value) {
    if constexpr (std::is_trivially_copyable_v<T>) {
      raw(&value, sizeof(T));
    } else if constexpr (std::is_same_v<T, BitString>) {
      int bits = 0;
      field(bits);
      if (bits < 0 || bits > BitString::most_bits) throw RunError("packed records are damaged");
      Index low = 0;
      if (bits > 0) field(low);
      value = BitString(bits, low);
      for (int k = 1; k < value.words(); ++k) field(value.word(k));
      if (!value.is_sound()) throw RunError("packed records are damaged");
    } else {
      std::size_t size = 0;
      field(size);
      check(size);  // an item has at least a byte: limits what a damaged length allocates
      value.resize(size);
      if constexpr (std::is_trivially_copyable_v<typename T::value_type>)
        raw(value.data(), size * sizeof(value[0]));
      else
        for (auto& item : value) field(item);
    }
  }
  // Millions of records are read field by field: a call for each would take longer than the copy.
  [[gnu::always_inline]] void raw(void* data, std::size_t size) {
    check(size);
    if (size > 0) std::memcpy(data, bytes_.data(), size);
    bytes_ = bytes_.subspan(size);
  }
  void check(std::size_t size) const {
    if (size > bytes_.size()) throw RunError("packed records are damaged");
  }
  std::span<const std::byte> bytes_;
};

}  // namespace qhn
