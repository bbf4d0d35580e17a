#pragma once

#include <algorithm>
#include <bit>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "core/types.hpp"

namespace qhn {

/// The bits of one network, up to 1024. Qubit q is bit q; parameter 0 of the network is the highest
/// bit. Up to 64 bits are one word, without an allocation, and convert to and from an Index.
class BitString {
 public:
  static constexpr int most_bits = 1024;

  BitString() = default;
  /// All bits 0. Requires 0 <= bits <= most_bits.
  explicit BitString(int bits) : bits_(bits), more_(bits > 64 ? words(bits) - 1 : 0) {}
  /// The lowest bits are those of `low`; bits above 64 are 0. Requires low < 2^bits.
  BitString(int bits, Index low) : BitString(bits) { low_ = low; }

  int bits() const { return bits_; }
  bool operator[](int q) const { return (word(q / 64) >> (q % 64) & 1u) != 0; }
  void set(int q, bool one) {
    Index& w = q < 64 ? low_ : more_[static_cast<std::size_t>(q / 64 - 1)];
    const Index mask = Index{1} << (q % 64);
    w = one ? w | mask : w & ~mask;
  }

  /// Bits 64·k … 64·k + 63. Those from bits() on are 0 and stay so.
  const Index& word(int k) const { return k == 0 ? low_ : more_[static_cast<std::size_t>(k - 1)]; }
  Index& word(int k) { return k == 0 ? low_ : more_[static_cast<std::size_t>(k - 1)]; }
  int words() const { return words(bits_); }

  /// Whether the string has an index into a table. Index is 64 bits wide.
  bool has_index() const { return bits_ <= 64; }
  /// The basis state or table entry. Requires has_index().
  Index index() const { return low_; }

  /// Whether no word has a bit beyond bits(); a string from a file may.
  bool is_sound() const {
    if (bits_ == 0) return low_ == 0;
    return bits_ % 64 == 0 || word(words() - 1) >> (bits_ % 64) == 0;
  }

  int ones() const {
    int n = std::popcount(low_);
    for (const Index w : more_) n += std::popcount(w);
    return n;
  }
  /// Parameter 0 first, as '0' and '1'.
  std::string text() const {
    std::string out;
    for (int q = bits_; q-- > 0;) out += (*this)[q] ? '1' : '0';
    return out;
  }

  friend bool operator==(const BitString&, const BitString&) = default;
  /// By length, then as binary numbers.
  friend std::strong_ordering operator<=>(const BitString& a, const BitString& b) {
    if (const auto order = a.bits_ <=> b.bits_; order != 0) return order;
    if (const auto order = std::lexicographical_compare_three_way(a.more_.rbegin(), a.more_.rend(),
                                                                  b.more_.rbegin(), b.more_.rend());
        order != 0)
      return order;
    return a.low_ <=> b.low_;
  }

 private:
  static int words(int bits) { return (bits + 63) / 64; }

  int bits_ = 0;
  Index low_ = 0;
  std::vector<Index> more_;  ///< bits from 64 on
};

}  // namespace qhn
