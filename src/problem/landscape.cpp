#include "problem/landscape.hpp"

#include <omp.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <functional>
#include <numeric>
#include <stdexcept>
#include <utility>

#include "core/chunks.hpp"
#include "core/costs.hpp"

namespace qhn {
namespace {

constexpr Index smallest_chunk = 1024;

/// For every string the neighbor that descent goes to; later, where descent ends.
using Steps = std::vector<std::uint32_t>;

template <class Body>
void for_ranges(Index items, Body body) {
  const Chunks chunks(items, smallest_chunk);
  for_chunks(chunks, omp_get_max_threads(),
             [&](Index chunk) { body(chunk, chunks.begin(chunk), chunks.end(chunk)); });
}

Index chunk_count(Index items) { return Chunks(items, smallest_chunk).count; }

/// How far a cost may be below another and still count as equal to it (minimizer_limit()).
struct Rounding {
  double range = 0.0;  ///< of all costs
  double below(double cost) const { return minimizer_limit(cost, cost + range) - cost; }
};

std::uint32_t step_from(std::span<const double> costs, const Rounding& rounding, Index w) {
  const int bits = std::countr_zero(costs.size());
  Index best = w;
  double least = costs[w] - rounding.below(costs[w]);
  for (int q = 0; q < bits; ++q) {
    const Index neighbor = w ^ dimension(q);
    if (costs[neighbor] < least) {
      least = costs[neighbor];
      best = neighbor;
    }
  }
  return static_cast<std::uint32_t>(best);
}

// Every string jumps to where its target would step to, until all are at their ends: as many passes
// as the logarithm of the longest descent. Another thread may have moved a target ahead already,
// which changes the number of passes only.
void follow_to_the_end(Steps& steps) {
  using Step = std::atomic_ref<std::uint32_t>;
  constexpr auto relaxed = std::memory_order_relaxed;
  for (std::atomic<bool> moved = true; moved.exchange(false);)
    for_ranges(steps.size(), [&](Index, Index begin, Index end) {
      bool any = false;
      for (Index w = begin; w < end; ++w) {
        const std::uint32_t here = Step(steps[w]).load(relaxed);
        const std::uint32_t there = Step(steps[here]).load(relaxed);
        if (there == here) continue;
        Step(steps[w]).store(there, relaxed);
        any = true;
      }
      if (any) moved = true;
    });
}

// The strings that descent does not leave, ascending.
std::vector<Index> fixed_points(const Steps& steps,
                                const std::function<void(std::uint64_t)>& allow) {
  std::vector<std::size_t> first(chunk_count(steps.size()) + 1, 0);
  for_ranges(steps.size(), [&](Index chunk, Index begin, Index end) {
    for (Index w = begin; w < end; ++w) first[chunk + 1] += steps[w] == w ? 1 : 0;
  });
  std::partial_sum(first.begin(), first.end(), first.begin());
  if (allow) allow(first.back());
  std::vector<Index> all(first.back());
  for_ranges(steps.size(), [&](Index chunk, Index begin, Index end) {
    std::size_t k = first[chunk];
    for (Index w = begin; w < end; ++w)
      if (steps[w] == w) all[k++] = w;
  });
  return all;
}

std::size_t place_of(const std::vector<Index>& strings, Index w) {
  return static_cast<std::size_t>(std::ranges::lower_bound(strings, w) - strings.begin());
}

std::vector<std::uint64_t> count_basins(const Steps& ends, const std::vector<Index>& strings) {
  std::vector<std::uint64_t> basins(strings.size(), 0);
  for_ranges(ends.size(), [&](Index, Index begin, Index end) {
    for (Index w = begin; w < end; ++w)
      std::atomic_ref(basins[place_of(strings, ends[w])]).fetch_add(1, std::memory_order_relaxed);
  });
  return basins;
}

std::uint64_t count_plateaus(std::span<const double> costs, const std::vector<Index>& strings) {
  std::vector<std::size_t> group(strings.size());
  std::iota(group.begin(), group.end(), std::size_t{0});
  const auto root = [&](std::size_t k) {
    while (group[k] != k) k = group[k] = group[group[k]];
    return k;
  };
  std::uint64_t plateaus = strings.size();
  for (std::size_t k = 0; k < strings.size(); ++k)
    for (int q = 0; q < std::countr_zero(costs.size()); ++q) {
      const Index neighbor = strings[k] ^ dimension(q);
      if (neighbor > strings[k]) continue;  // each pair once
      const std::size_t other = place_of(strings, neighbor);
      if (other == strings.size() || strings[other] != neighbor) continue;
      const std::size_t a = root(k), b = root(other);
      if (a == b) continue;
      group[a] = b;
      --plateaus;
    }
  return plateaus;
}

}  // namespace

Landscape find_landscape(std::span<const double> costs,
                         const std::function<void(std::uint64_t)>& allow) {
  if (!std::has_single_bit(costs.size()) || costs.size() > Index{1} << 32)
    throw std::invalid_argument("a landscape needs 2^N costs, N <= 32");
  Landscape found;
  const auto [least, most] = std::ranges::minmax_element(costs);
  found.minimum = *least;
  found.maximum = *most;
  const double limit = minimizer_limit(found.minimum, found.maximum);
  const Rounding rounding{found.maximum - found.minimum};

  Steps steps(costs.size());
  for_ranges(costs.size(), [&](Index, Index begin, Index end) {
    for (Index w = begin; w < end; ++w) steps[w] = step_from(costs, rounding, w);
  });
  const std::vector<Index> strings = fixed_points(steps, allow);
  follow_to_the_end(steps);
  const std::vector<std::uint64_t> basins = count_basins(steps, strings);
  found.plateaus = count_plateaus(costs, strings);
  found.minima.reserve(strings.size());
  for (std::size_t k = 0; k < strings.size(); ++k) {
    found.minima.push_back({strings[k], costs[strings[k]], basins[k]});
    if (costs[strings[k]] <= limit) found.reaching += basins[k];
  }
  std::ranges::sort(found.minima, {},
                    [](const LocalMinimum& m) { return std::pair(m.cost, m.string); });
  return found;
}

std::vector<Index> find_lowest(std::span<const double> costs, std::size_t count) {
  const auto before = [&](Index a, Index b) {
    return std::pair(costs[a], a) < std::pair(costs[b], b);
  };
  count = std::min<std::size_t>(count, costs.size());
  if (count == 0) return {};
  std::vector<std::vector<Index>> found(chunk_count(costs.size()));
  for (auto& heap : found) heap.reserve(count);  // nothing may throw inside a parallel region
  for_ranges(costs.size(), [&](Index chunk, Index begin, Index end) {
    std::vector<Index>& heap = found[chunk];  // the last in front
    for (Index w = begin; w < end; ++w) {
      if (heap.size() == count) {
        if (!before(w, heap.front())) continue;
        std::ranges::pop_heap(heap, before);
        heap.pop_back();
      }
      heap.push_back(w);
      std::ranges::push_heap(heap, before);
    }
  });
  std::vector<Index> all;
  for (const auto& some : found) all.insert(all.end(), some.begin(), some.end());
  std::ranges::sort(all, before);
  all.resize(count);
  return all;
}

std::vector<std::uint64_t> histogram(std::span<const double> costs, double low, double high,
                                     std::size_t bins) {
  const double width = high / 2 - low / 2;  // high − low may overflow
  std::vector<std::vector<std::uint64_t>> parts(chunk_count(costs.size()),
                                                std::vector<std::uint64_t>(bins, 0));
  for_ranges(costs.size(), [&](Index chunk, Index begin, Index end) {
    for (Index w = begin; w < end; ++w) {
      const double place = width > 0.0 ? (costs[w] / 2 - low / 2) / width : 0.0;
      ++parts[chunk]
             [std::min(static_cast<std::size_t>(place * static_cast<double>(bins)), bins - 1)];
    }
  });
  std::vector<std::uint64_t> counts(bins, 0);
  for (const auto& part : parts)
    for (std::size_t b = 0; b < bins; ++b) counts[b] += part[b];
  return counts;
}

}  // namespace qhn
