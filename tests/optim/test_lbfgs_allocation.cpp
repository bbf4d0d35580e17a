#include <gtest/gtest.h>

#include <cstdlib>
#include <new>

#include "functions.hpp"
#include "optim/lbfgs.hpp"

namespace {
long allocations = 0;  // by operator new (not inlined: compilers warn of the malloc inside);
                       // Eigen's own memory is watched by its assertion
}

[[gnu::noinline]] void* operator new(std::size_t size) {
  ++allocations;
  if (void* p = std::malloc(size)) return p;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* p) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void* p, std::size_t) noexcept { std::free(p); }

TEST(LbfgsAllocation, IterationsAllocateNothing) {
  qhn::Lbfgs optimizer(qhn::test::rosenbrock, {}, std::vector<double>(50, -1.2));
  const long before = allocations;
  Eigen::internal::set_is_malloc_allowed(false);
  while (optimizer.iterate() == qhn::OptimizerStatus::running) {
  }
  Eigen::internal::set_is_malloc_allowed(true);
  EXPECT_EQ(allocations, before);
  EXPECT_GT(optimizer.state().iterations, 20);
}

TEST(LbfgsAllocation, TheWatchWorks) {
  Eigen::internal::set_is_malloc_allowed(false);
  EXPECT_DEATH(Eigen::VectorXd v(3), "");
  Eigen::internal::set_is_malloc_allowed(true);
}
