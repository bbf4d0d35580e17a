#pragma once

#include <cstddef>
#include <new>
#include <vector>

namespace qhn {

/// Memory aligned to a cache line or, from 1 MiB on, to a huge page and whole ones, asked for as
/// such (Linux: madvise): fewer misses of the address cache, and no two of its lines of cache that
/// chance has put on the same place. Uninitialised; throws std::bad_alloc.
void* allocate_aligned(std::size_t bytes);
void free_aligned(void* p, std::size_t bytes) noexcept;

/// Allocator of cache-line aligned memory whose elements are left uninitialised by resize(), so
/// that the thread that first writes a page owns it (first touch).
template <class T>
struct AlignedAllocator {
  using value_type = T;
  template <class U>
  struct rebind {
    using other = AlignedAllocator<U>;
  };
  AlignedAllocator() = default;
  template <class U>
  AlignedAllocator(const AlignedAllocator<U>&) {}
  T* allocate(std::size_t n) { return static_cast<T*>(allocate_aligned(n * sizeof(T))); }
  void deallocate(T* p, std::size_t n) { free_aligned(p, n * sizeof(T)); }
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
