#pragma once

#include <cstddef>
#include <new>
#include <vector>

namespace qhn {

/// Allocator of cache-line aligned memory whose elements are left uninitialised by resize(), so
/// that the thread that first writes a page owns it (first touch).
template <class T, std::size_t Alignment = 64>
struct AlignedAllocator {
  using value_type = T;
  template <class U>
  struct rebind {
    using other = AlignedAllocator<U, Alignment>;
  };
  AlignedAllocator() = default;
  template <class U>
  AlignedAllocator(const AlignedAllocator<U, Alignment>&) {}
  T* allocate(std::size_t n) {
    return static_cast<T*>(::operator new(n * sizeof(T), std::align_val_t(Alignment)));
  }
  void deallocate(T* p, std::size_t) { ::operator delete(p, std::align_val_t(Alignment)); }
  template <class U>
  void construct(U* p) {
    ::new (static_cast<void*>(p)) U;
  }
  template <class U, class... Args>
  void construct(U* p, Args&&... args) {
    ::new (static_cast<void*>(p)) U(static_cast<Args&&>(args)...);
  }
  friend bool operator==(const AlignedAllocator&, const AlignedAllocator&) { return true; }
};

template <class T>
using AlignedVector = std::vector<T, AlignedAllocator<T>>;

/// Elements to leave out at the front of the second of two arrays that kernels walk side by side:
/// with lengths that are powers of two their rows would otherwise fall on the same cache sets.
template <class T>
inline constexpr std::size_t cache_shift = 512 / sizeof(T);

}  // namespace qhn
