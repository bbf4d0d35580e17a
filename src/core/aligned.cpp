#include "core/aligned.hpp"

#ifdef __linux__
#include <sys/mman.h>
#endif

namespace qhn {
namespace {

constexpr std::size_t cache_line = 64, huge_page = std::size_t{1} << 21;

bool is_large(std::size_t bytes) { return bytes >= huge_page / 2; }

std::align_val_t alignment(std::size_t bytes) {
  return std::align_val_t(is_large(bytes) ? huge_page : cache_line);
}

}  // namespace

void* allocate_aligned(std::size_t bytes) {
  if (!is_large(bytes)) return ::operator new(bytes, alignment(bytes));
  const std::size_t whole = (bytes + huge_page - 1) / huge_page * huge_page;
  void* p = ::operator new(whole, alignment(bytes));
#ifdef __linux__
  madvise(p, whole, MADV_HUGEPAGE);  // a hint: results do not depend on it
#endif
  return p;
}

void free_aligned(void* p, std::size_t bytes) noexcept { ::operator delete(p, alignment(bytes)); }

}  // namespace qhn
