#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "core/types.hpp"

namespace qhn {

// Signs, projections and flips of one plane; layout and conventions as in rotation_kernels.hpp.

/// A bit per element for the masked kernels. The layout depends on the SIMD level (whole bytes per
/// vector): construct a mask at the level that uses it.
template <class T>
class BitMask {
 public:
  BitMask() = default;
  /// Bit x is the parity of mask & x.
  BitMask(int qubits, Index mask);
  /// Bit x is the parity of the number of pairs (a, b) with both bits set in x.
  BitMask(int qubits, const std::vector<std::pair<int, int>>& pairs);
  const std::uint8_t* bytes() const { return bytes_.data(); }
  int qubits() const { return qubits_; }

 private:
  template <class Form>
  void fill(int qubits, Form form);
  std::vector<std::uint8_t> bytes_;
  int qubits_ = 0;
};

/// to[x] = ±from[x], minus where the mask is set. `to` may equal `from`.
template <class T>
void copy_signed(const BitMask<T>& mask, const T* from, T* to);

/// Where the mask is set, moves from[x] to to[x] and sets from[x] = 0; elsewhere to[x] = 0.
template <class T>
void split_by_mask(const BitMask<T>& mask, T* from, T* to);

/// into[x] ← other[x] where the mask is set.
template <class T>
void merge_by_mask(const BitMask<T>& mask, T* into, const T* other);

/// to[x] = from[x ⊕ flip]. `to` must not equal `from`.
template <class T>
void copy_flipped(int qubits, Index flip, const T* from, T* to);

/// into[x] += from[x ⊕ flip].
template <class T>
void add_flipped(int qubits, Index flip, const T* from, T* into);

}  // namespace qhn
