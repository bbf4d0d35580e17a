#pragma once

#include <cstddef>
#include <new>
#include <vector>

namespace qhn {

/// Allocates uninitialized memory, aligned to a cache line. From 1 MiB on it is aligned to huge
/// pages and consists of whole ones (Linux: madvise): fewer TLB misses, and no cache conflicts
/// between small pages placed at random. Throws std::bad_alloc.
void* allocate_aligned(std::size_t bytes);
void free_aligned(void* p, std::size_t bytes) noexcept;

/// Allocator of cache-line aligned memory. resize() leaves new elements uninitialized, so that each
/// page is placed near the thread that writes it first (first touch).
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

/// Elements to skip at the front of the second of two arrays that a kernel reads side by side.
/// Otherwise rows whose lengths are powers of two would map to the same cache sets.
template <class T>
inline constexpr std::size_t cache_shift = 512 / sizeof(T);

}  // namespace qhn
