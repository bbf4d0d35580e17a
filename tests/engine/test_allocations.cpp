#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>
#include <vector>

#include "engine/engine.hpp"

namespace {
std::atomic<long> allocations{0};
}

// Not inlined: the compiler would see free() meet memory it believes to come from another new.
#define NOINLINE __attribute__((noinline))
NOINLINE void* operator new(std::size_t size) {
  ++allocations;
  if (void* p = std::malloc(size)) return p;
  throw std::bad_alloc();
}
NOINLINE void* operator new(std::size_t size, std::align_val_t alignment) {
  ++allocations;
  const auto a = static_cast<std::size_t>(alignment);
  if (void* p = std::aligned_alloc(a, (size + a - 1) / a * a)) return p;
  throw std::bad_alloc();
}
// std::stable_sort asks in this way for room that its plain operator delete gives back.
NOINLINE void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  ++allocations;
  return std::malloc(size);
}
NOINLINE void operator delete(void* p) noexcept { std::free(p); }
NOINLINE void operator delete(void* p, std::size_t) noexcept { std::free(p); }
NOINLINE void operator delete(void* p, std::align_val_t) noexcept { std::free(p); }
NOINLINE void operator delete(void* p, std::size_t, std::align_val_t) noexcept { std::free(p); }

namespace qhn {
namespace {

TEST(Engines, AllocateNothingInAnEvaluation) {
  EngineOptions blocks{EngineKind::sweep};
  blocks.block_qubits = 6;
  for (const EngineOptions& options :
       {EngineOptions{EngineKind::sweep}, EngineOptions{EngineKind::cut}, blocks,
        EngineOptions{EngineKind::tensor}})
    for (Family family : {Family::product, Family::linear, Family::all_to_all}) {
      if (options.kind == EngineKind::tensor && family == Family::all_to_all)
        continue;  // too large
      const Circuit circuit = make_circuit(family, 10, 5);
      const std::vector<double> cost(1024, 0.5);
      const std::vector<double> angles(static_cast<std::size_t>(circuit.angles), 0.3);
      std::vector<double> gradient(angles.size());
      auto engine = make_engine(circuit, cost, options);
      const long before = allocations;
      engine->expectation(angles);
      engine->expectation_and_gradient(angles, gradient);
      engine->strings()->most_probable(angles);
      EXPECT_EQ(allocations, before) << to_string(options.kind) << " " << to_string(family);
    }
}

}  // namespace
}  // namespace qhn
