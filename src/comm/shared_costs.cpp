#include "comm/shared_costs.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "core/costs.hpp"
#include "core/error.hpp"

namespace qhn {
namespace {

constexpr int call_bits = 18;
constexpr Index block = Index{1} << call_bits;  // entries in a call of `fill`

/// Hash of (index, entry); sums of it do not depend on how ranks divide the entries.
std::uint64_t hash(Index index, double entry) {
  std::uint64_t h = std::bit_cast<std::uint64_t>(entry) + 0x9e3779b97f4a7c15u * (index + 1);
  h = (h ^ (h >> 30)) * 0xbf58476d1ce4e5b9u;  // the finalizer of splitmix64
  h = (h ^ (h >> 27)) * 0x94d049bb133111ebu;
  return h ^ (h >> 31);
}

/// map(x), fast for x ascending.
class FastMap {
 public:
  explicit FastMap(const IndexMap& map)
      : map_(map), low_(dimension(std::min(map.slots(), 10))), mask_(low_.size() - 1) {
    for (Index x = 0; x < low_.size(); ++x) low_[x] = map(x) & ~map.base;
  }
  Index operator()(Index x) const {
    if ((x & ~mask_) != at_) high_ = map_(at_ = x & ~mask_);
    return high_ | low_[x & mask_];
  }

 private:
  IndexMap map_;
  std::vector<Index> low_;
  Index mask_;
  mutable Index at_ = ~Index{0}, high_ = 0;
};

}  // namespace

SharedCosts::SharedCosts(MPI_Comm comm, Index size,
                         const std::function<void(Index first, std::span<double> out)>& fill) {
  try {
    holders_ = Communicator(comm).node();
    build(comm, size, fill);
  } catch (...) {
    release();  // every error of build() is thrown by all ranks
    throw;
  }
}

SharedCosts::SharedCosts(
    MPI_Comm comm, MPI_Comm group, const IndexMap& part,
    const std::function<void(const IndexMap& part, std::span<double> out)>& fill) {
  try {
    holders_ = Communicator(group).duplicate();
    build(comm, part, fill);
  } catch (...) {
    release();
    throw;
  }
}

SharedCosts::~SharedCosts() { release(); }

void SharedCosts::release() {
  if (window_ != MPI_WIN_NULL) {
    MPI_Win_unlock_all(window_);
    MPI_Win_free(&window_);
  }
}

void SharedCosts::build(MPI_Comm comm, Index size,
                        const std::function<void(Index first, std::span<double> out)>& fill) {
  Communicator(comm).agree([&] { allocate(size); });
  const int rank = holders_.rank(), ranks = holders_.size();
  const auto slice_begin = [&](int r) {
    return size / static_cast<Index>(ranks) * static_cast<Index>(r) +
           std::min(size % static_cast<Index>(ranks), static_cast<Index>(r));
  };
  const Index begin = slice_begin(rank), end = slice_begin(rank + 1);
  complete(
      comm, costs_.subspan(begin, end - begin), block,
      [&](Index first, std::span<double> out) { fill(begin + first, out); },
      [begin](Index x) { return begin + x; });
}

void SharedCosts::build(
    MPI_Comm comm, const IndexMap& part,
    const std::function<void(const IndexMap& part, std::span<double> out)>& fill) {
  Communicator(comm).agree([&] {
    alone_.resize(dimension(part.slots()));
    costs_ = alone_;
  });
  // Blocks in which the lower slots vary. They keep the slots of the 12 lowest qubits: without one
  // of these a problem may have to enumerate more than is needed (problem.hpp).
  IndexMap piece = part;
  while (piece.slots() > call_bits && piece.qubit_of_slot.back() >= 12)
    piece.qubit_of_slot.pop_back();
  complete(
      comm, alone_, dimension(piece.slots()),
      [&](Index first, std::span<double> out) {
        piece.base = part(first);
        fill(piece, out);
      },
      FastMap(part));
}

template <class Fill, class IndexOf>
void SharedCosts::complete(MPI_Comm comm, std::span<double> mine, Index at_once, const Fill& fill,
                           const IndexOf& index_of) {
  double least = std::numeric_limits<double>::infinity(), most = -least;
  std::uint64_t sum = 0;
  Communicator(comm).agree([&] {  // also a barrier: all slices are complete
    for (Index first = 0; first < mine.size(); first += at_once) {
      const std::span<double> out = mine.subspan(first, std::min(at_once, mine.size() - first));
      fill(first, out);
      require_finite(out, [&](Index i) { return index_of(first + i); });
      for (Index i = 0; i < out.size(); ++i) {
        const Index w = index_of(first + i);
        least = std::min(least, out[i]);
        most = std::max(most, out[i]);
        sum += hash(w, out[i]);
      }
    }
    if (window_ != MPI_WIN_NULL) MPI_Win_sync(window_);
  });
  if (window_ != MPI_WIN_NULL) MPI_Win_sync(window_);

  MPI_Allreduce(&least, &minimum_, 1, MPI_DOUBLE, MPI_MIN, holders_);
  double maximum = 0.0;
  MPI_Allreduce(&most, &maximum, 1, MPI_DOUBLE, MPI_MAX, holders_);
  const double limit = minimizer_limit(minimum_, maximum);
  std::uint64_t found = 0;
  // Signed, as indices have at most 62 bits: MPICH compares unsigned numbers as signed ones.
  std::int64_t best = std::numeric_limits<std::int64_t>::max(), first = best;
  for (Index x = 0; x < mine.size(); ++x)
    if (mine[x] <= limit) {
      ++found;
      best = std::min(best, static_cast<std::int64_t>(index_of(x)));
    }
  MPI_Allreduce(&found, &minimizers_, 1, MPI_UINT64_T, MPI_SUM, holders_);
  MPI_Allreduce(&best, &first, 1, MPI_INT64_T, MPI_MIN, holders_);
  best_index_ = static_cast<Index>(first);

  find_next_gaps(mine, maximum);

  std::uint64_t table = 0, every = 0, any = 0;  // AND and OR over the nodes
  MPI_Allreduce(&sum, &table, 1, MPI_UINT64_T, MPI_SUM, holders_);
  MPI_Allreduce(&table, &every, 1, MPI_UINT64_T, MPI_BAND, comm);
  MPI_Allreduce(&table, &any, 1, MPI_UINT64_T, MPI_BOR, comm);
  if (every != any)
    throw RunError(
        "the nodes computed different cost tables: their processors or libraries differ");
}

// Finds the next larger distinct cost up to four times, starting from E_min. Minima do not depend
// on the number of ranks and threads.
void SharedCosts::find_next_gaps(std::span<const double> mine, double maximum) {
  constexpr std::size_t most = 4;
  for (double limit = minimizer_limit(minimum_, maximum); next_gaps_.size() < most;) {
    double next = std::numeric_limits<double>::infinity();
#pragma omp parallel for simd reduction(min : next)
    for (std::size_t x = 0; x < mine.size(); ++x)
      if (mine[x] > limit && mine[x] < next) next = mine[x];
    MPI_Allreduce(MPI_IN_PLACE, &next, 1, MPI_DOUBLE, MPI_MIN, holders_);
    if (std::isinf(next)) return;
    next_gaps_.push_back(next - minimum_);
    limit = minimizer_limit(next, maximum);
  }
}

void SharedCosts::allocate(Index size) {
  const int rank = holders_.rank(), ranks = holders_.size();
  if (ranks == 1) {
    alone_.resize(size);
    costs_ = alone_;
    return;
  }
  void* base = nullptr;
  const auto bytes = static_cast<MPI_Aint>(rank == 0 ? size * sizeof(double) : 0);
  MPI_Comm_set_errhandler(holders_, MPI_ERRORS_RETURN);
  if (MPI_Win_allocate_shared(bytes, sizeof(double), MPI_INFO_NULL, holders_, &base, &window_) !=
      MPI_SUCCESS) {
    window_ = MPI_WIN_NULL;
    throw RunError(
        "the ranks of a node cannot share the cost table of " +
        std::to_string(size * sizeof(double)) +
        " bytes: /dev/shm may be too small; one rank per node, with threads, does not need it");
  }
  MPI_Comm_set_errhandler(holders_, MPI_ERRORS_ARE_FATAL);
  MPI_Aint whole = 0;
  int unit = 0;
  MPI_Win_shared_query(window_, 0, &whole, &unit, &base);
  MPI_Win_lock_all(MPI_MODE_NOCHECK, window_);
  if (static_cast<Index>(whole) < size * sizeof(double))  // no rank may write beyond the end
    throw RunError("the ranks of a node have cost tables of different sizes");
  costs_ = {static_cast<double*>(base), size};
}

}  // namespace qhn
