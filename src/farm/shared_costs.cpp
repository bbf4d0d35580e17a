#include "farm/shared_costs.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <new>
#include <string>

#include "core/error.hpp"
#include "farm/agree.hpp"
#include "problem/problem.hpp"

namespace qhn {
namespace {

constexpr Index block = Index{1} << 18;

/// Order-independent sum of hashed (index, entry) pairs, so that slices may be added up.
std::uint64_t checksum(Index first, std::span<const double> entries) {
  std::uint64_t sum = 0;
  for (const double entry : entries) {
    std::uint64_t h = std::bit_cast<std::uint64_t>(entry) + 0x9e3779b97f4a7c15u * ++first;
    h = (h ^ (h >> 30)) * 0xbf58476d1ce4e5b9u;  // the finaliser of splitmix64
    h = (h ^ (h >> 27)) * 0x94d049bb133111ebu;
    sum += h ^ (h >> 31);
  }
  return sum;
}

}  // namespace

SharedCosts::SharedCosts(MPI_Comm comm, Index size,
                         const std::function<void(Index first, std::span<double> out)>& fill) {
  try {
    build(comm, size, fill);
  } catch (...) {
    release();  // every error of build() is thrown by all ranks
    throw;
  }
}

SharedCosts::~SharedCosts() { release(); }

void SharedCosts::release() {
  if (window_ != MPI_WIN_NULL) {
    MPI_Win_unlock_all(window_);
    MPI_Win_free(&window_);
  }
  MPI_Comm_free(&node_);
}

void SharedCosts::build(MPI_Comm comm, Index size,
                        const std::function<void(Index first, std::span<double> out)>& fill) {
  MPI_Comm_split_type(comm, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &node_);
  std::string failure;
  try {
    allocate(size);
  } catch (const std::exception& error) {
    failure = error.what();
  }
  throw_agreed(comm, failure);

  int rank = 0, ranks = 1;
  MPI_Comm_rank(node_, &rank);
  MPI_Comm_size(node_, &ranks);
  const auto slice_begin = [&](int r) {
    return size / static_cast<Index>(ranks) * static_cast<Index>(r) +
           std::min(size % static_cast<Index>(ranks), static_cast<Index>(r));
  };
  const Index begin = slice_begin(rank), end = slice_begin(rank + 1);
  double least = std::numeric_limits<double>::infinity();
  std::uint64_t sum = 0;
  try {
    for (Index first = begin; first < end; first += block) {
      const std::span<double> part = costs_.subspan(first, std::min(block, end - first));
      fill(first, part);
      for (std::size_t i = 0; i < part.size(); ++i) {
        if (!std::isfinite(part[i]))
          throw RunError("the cost of network " + std::to_string(first + i) + " is not finite");
        least = std::min(least, part[i]);
      }
      sum += checksum(first, part);
    }
  } catch (const std::exception& error) {
    failure = error.what();
  }
  if (window_ != MPI_WIN_NULL) MPI_Win_sync(window_);
  throw_agreed(comm, failure);  // also the barrier after which every slice is there
  if (window_ != MPI_WIN_NULL) MPI_Win_sync(window_);

  MPI_Allreduce(&least, &minimum_, 1, MPI_DOUBLE, MPI_MIN, node_);
  const double limit = minimizer_limit(minimum_);
  std::uint64_t found = 0;
  Index best = size;
  for (Index w = end; w-- > begin;)
    if (costs_[w] <= limit) {
      ++found;
      best = w;
    }
  MPI_Allreduce(&found, &minimizers_, 1, MPI_UINT64_T, MPI_SUM, node_);
  MPI_Allreduce(&best, &best_index_, 1, MPI_UINT64_T, MPI_MIN, node_);

  std::uint64_t table = 0, low = 0, high = 0;
  MPI_Allreduce(&sum, &table, 1, MPI_UINT64_T, MPI_SUM, node_);
  MPI_Allreduce(&table, &low, 1, MPI_UINT64_T, MPI_MIN, comm);
  MPI_Allreduce(&table, &high, 1, MPI_UINT64_T, MPI_MAX, comm);
  if (low != high)
    throw RunError("the nodes come to different cost tables: their processors or libraries differ");
}

void SharedCosts::allocate(Index size) {
  int rank = 0, ranks = 1;
  MPI_Comm_rank(node_, &rank);
  MPI_Comm_size(node_, &ranks);
  if (ranks == 1) {
    alone_.resize(size);
    costs_ = alone_;
    return;
  }
  void* base = nullptr;
  const auto bytes = static_cast<MPI_Aint>(rank == 0 ? size * sizeof(double) : 0);
  MPI_Comm_set_errhandler(node_, MPI_ERRORS_RETURN);
  if (MPI_Win_allocate_shared(bytes, sizeof(double), MPI_INFO_NULL, node_, &base, &window_) !=
      MPI_SUCCESS) {
    window_ = MPI_WIN_NULL;
    throw RunError(
        "the ranks of a node cannot share the cost table of " +
        std::to_string(size * sizeof(double)) +
        " bytes: is /dev/shm too small? One rank a node, with threads, needs none of it");
  }
  MPI_Comm_set_errhandler(node_, MPI_ERRORS_ARE_FATAL);
  MPI_Aint whole = 0;
  int unit = 0;
  MPI_Win_shared_query(window_, 0, &whole, &unit, &base);
  MPI_Win_lock_all(MPI_MODE_NOCHECK, window_);
  costs_ = {static_cast<double*>(base), size};
}

}  // namespace qhn
