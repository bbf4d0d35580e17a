#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "comm/shared_costs.hpp"
#include "core/error.hpp"

namespace qhn {
namespace {

double cost(Index w) { return std::cos(static_cast<double>(w % 1000)); }

TEST(SharedCosts, EveryRankSeesTheWholeTable) {
  // Sizes that divide by the ranks, and some that do not: slices differ in length.
  for (Index size :
       {Index{1}, Index{2}, Index{7}, Index{1009}, Index{1} << 10, (Index{1} << 20) + 5}) {
    const SharedCosts table(MPI_COMM_WORLD, size, [](Index first, std::span<double> out) {
      for (std::size_t i = 0; i < out.size(); ++i) out[i] = cost(first + i);
    });
    ASSERT_EQ(table.costs().size(), size);
    double minimum = 2.0;
    std::uint64_t minimizers = 0;
    Index best = 0;
    for (Index w = 0; w < size; ++w) {
      ASSERT_EQ(table.costs()[w], cost(w)) << w;
      if (cost(w) < minimum) {
        minimum = cost(w);
        minimizers = 0;
        best = w;
      }
      if (cost(w) == minimum) ++minimizers;
    }
    EXPECT_EQ(table.minimum(), minimum);
    EXPECT_EQ(table.minimizers(), minimizers);
    EXPECT_EQ(table.best_index(), best);
  }
}

// Ties in all slices, in some and in the last alone: a sentinel of a slice without any never wins.
TEST(SharedCosts, TheFirstOfEqualMinimaIsTheBest) {
  constexpr Index size = 1000;
  const auto expect_best = [&](auto is_least, std::uint64_t minimizers, Index best) {
    const SharedCosts table(MPI_COMM_WORLD, size, [&](Index first, std::span<double> out) {
      for (std::size_t i = 0; i < out.size(); ++i) out[i] = is_least(first + i) ? -1.0 : 2.0;
    });
    EXPECT_EQ(table.minimum(), -1.0);
    EXPECT_EQ(table.minimizers(), minimizers);
    EXPECT_EQ(table.best_index(), best);
  };
  expect_best([](Index) { return true; }, size, 0);
  expect_best([](Index w) { return w % 10 == 7; }, 100, 7);
  expect_best([](Index w) { return w >= 990; }, 10, 990);
  expect_best([](Index w) { return w == 999; }, 1, 999);
  expect_best([](Index w) { return w == 450 || w == 999; }, 2, 450);
}

// Without this a rank writes beyond the others' memory.
TEST(SharedCosts, RanksThatAskForOtherSizesAreRefused) {
  int ranks = 1, rank = 0;
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  if (ranks == 1) return;
  EXPECT_THROW(SharedCosts(MPI_COMM_WORLD, Index{1} << (rank == 0 ? 8 : 20),
                           [](Index, std::span<double> out) {
                             for (double& x : out) x = 1.0;
                           }),
               RunError);
}

// The next distinct costs; those that differ by rounding are one.
TEST(SharedCosts, KnowsTheNextGaps) {
  const auto gaps = [](const std::vector<double>& costs) {
    return SharedCosts(MPI_COMM_WORLD, costs.size(),
                       [&](Index first, std::span<double> out) {
                         std::copy_n(costs.begin() + static_cast<std::ptrdiff_t>(first), out.size(),
                                     out.begin());
                       })
        .next_gaps();
  };
  EXPECT_EQ(gaps({0.5, 0.75, 0.5, 1.5, 1.0, 0.75, 2.5, 4.5}),
            (std::vector<double>{0.25, 0.5, 1.0, 2.0}));
  EXPECT_EQ(gaps({1.0, 2.0, 1.0 + 1e-13, 2.0 + 1e-13, 3.0, 1.0, 3.0, 2.0}),
            (std::vector<double>{1.0, 2.0}));
  EXPECT_EQ(gaps({-4.0, -3.0, -4.0, -1.0}), (std::vector<double>{1.0, 3.0}));
  EXPECT_TRUE(gaps(std::vector<double>(16, 0.7)).empty());
  EXPECT_TRUE(gaps(std::vector<double>(4, 0.0)).empty());
}

TEST(SharedCosts, AnErrorOfOneRankIsThatOfAll) {
  int size = 1;
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  const Index last = 999;  // in the slice of the last rank
  const auto expect_error = [&](double bad, const std::string& what) {
    try {
      const SharedCosts table(MPI_COMM_WORLD, 1000, [&](Index first, std::span<double> out) {
        for (double& x : out) x = 1.0;
        if (first + out.size() > last) {
          if (std::isinf(bad)) throw RunError("no cost for 999");
          out[last - first] = bad;
        }
      });
      FAIL();
    } catch (const RunError& error) {
      const std::string rank = size == 1 ? "" : "rank " + std::to_string(size - 1) + ": ";
      EXPECT_EQ(error.what(), rank + what);
    }
  };
  expect_error(std::numeric_limits<double>::infinity(), "no cost for 999");
  expect_error(std::numeric_limits<double>::quiet_NaN(),
               "the cost of network 999 is nan; allowed: data and costs whose sums fit a double");
}

/// The part of a rank: the highest and one low qubit are distributed, the lower slots in no order.
IndexMap part_of(int qubits, int rank) {
  IndexMap map;
  for (int q = 0; q < qubits - 1; ++q)
    if (q != 3) map.qubit_of_slot.push_back(q);
  std::swap(map.qubit_of_slot.front(), map.qubit_of_slot[4]);
  map.base = Index{rank % 2 == 1} << 3 | Index{rank / 2 == 1} << (qubits - 1);
  return map;
}

TEST(SharedCosts, PartsOfAGroupMakeTheWholeTable) {
  int size = 1, rank = 0;
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  if (size % 4 != 0) return;  // groups of 4
  MPI_Comm group = MPI_COMM_NULL;
  MPI_Comm_split(MPI_COMM_WORLD, rank / 4, rank, &group);
  const auto fill = [](const IndexMap& part, std::span<double> out) {
    ASSERT_EQ(out.size(), dimension(part.slots()));
    for (Index x = 0; x < out.size(); ++x) out[x] = cost(part(x));
  };
  for (const int qubits : {7, 22}) {  // the second one in pieces
    const IndexMap part = part_of(qubits, rank % 4);
    const SharedCosts distributed(MPI_COMM_WORLD, group, part, fill);
    const SharedCosts whole(MPI_COMM_WORLD, dimension(qubits),
                            [](Index first, std::span<double> out) {
                              for (std::size_t i = 0; i < out.size(); ++i) out[i] = cost(first + i);
                            });
    ASSERT_EQ(distributed.costs().size(), dimension(qubits - 2));
    for (Index x = 0; x < distributed.costs().size(); ++x)
      ASSERT_EQ(distributed.costs()[x], whole.costs()[part(x)]) << x;
    EXPECT_EQ(distributed.minimum(), whole.minimum());
    EXPECT_EQ(distributed.minimizers(), whole.minimizers());
    EXPECT_EQ(distributed.best_index(), whole.best_index());
    EXPECT_EQ(distributed.next_gaps(), whole.next_gaps());
  }
  EXPECT_THROW(SharedCosts(MPI_COMM_WORLD, group, part_of(7, rank % 4),
                           [&](const IndexMap& part, std::span<double> out) {
                             fill(part, out);
                             if (rank == 2) out[1] = std::numeric_limits<double>::quiet_NaN();
                           }),
               RunError);
  // Two groups that compute differently.
  if (size == 8) {
    EXPECT_THROW(SharedCosts(MPI_COMM_WORLD, group, part_of(7, rank % 4),
                             [&](const IndexMap& part, std::span<double> out) {
                               fill(part, out);
                               if (rank == 2) out[1] += 1e-9;
                             }),
                 RunError);
  }
  MPI_Comm_free(&group);
}

// Tables that neither ranks nor blocks divide, with many equal minima: of either sign and 0, first,
// last, in one slice and in all.
TEST(SharedCosts, UnevenTablesWithTies) {
  struct Table {
    Index size;
    std::vector<Index> least;
  };
  const Table tables[] = {{1, {0}},
                          {7, {3, 6}},
                          {1000, {999}},
                          {1001, {334, 500, 667, 668}},
                          {(Index{1} << 18) + 5, {131075, 200000, (Index{1} << 18) + 4}},
                          {3 * (Index{1} << 17) - 1, {77, 131072, 262144, 393214}}};
  for (const Table& t : tables)
    for (const double minimum : {-2.5, 0.0, 0.25}) {
      // Costs within rounding of the minimum are equal to it; those just beyond are not.
      const auto cost_at = [&](Index w) {
        for (const Index least : t.least)
          if (w == least) return least % 2 == 1 ? minimum : minimum + 0.5e-12 * std::abs(minimum);
        return w % 5 == 0 ? minimum + 1e-11 : minimum + 1.0;
      };
      const SharedCosts table(MPI_COMM_WORLD, t.size, [&](Index first, std::span<double> out) {
        for (std::size_t i = 0; i < out.size(); ++i) out[i] = cost_at(first + i);
      });
      ASSERT_EQ(table.costs().size(), t.size);
      for (Index w = 0; w < t.size; ++w) ASSERT_EQ(table.costs()[w], cost_at(w)) << w;
      EXPECT_EQ(table.minimizers(), t.least.size()) << t.size << " " << minimum;
      EXPECT_EQ(table.best_index(), t.least.front()) << t.size << " " << minimum;
    }
  const SharedCosts flat(MPI_COMM_WORLD, 1003, [](Index, std::span<double> out) {
    std::fill(out.begin(), out.end(), -1.5);
  });
  EXPECT_EQ(flat.minimum(), -1.5);
  EXPECT_EQ(flat.minimizers(), 1003u);
  EXPECT_EQ(flat.best_index(), 0u);
}

// The same where ranks hold parts of no order.
TEST(SharedCosts, PartsWithTies) {
  int size = 1, rank = 0;
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  if (size % 4 != 0) return;  // groups of 4
  MPI_Comm group = MPI_COMM_NULL;
  MPI_Comm_split(MPI_COMM_WORLD, rank / 4, rank, &group);
  constexpr int qubits = 14;
  for (const std::vector<Index>& least : {std::vector<Index>{8, 12, 8192 | 8},
                                          {1001},
                                          {4096 | 8, 8192, 16383},
                                          {16, 17, 24, 8192 | 16}}) {
    const SharedCosts distributed(MPI_COMM_WORLD, group, part_of(qubits, rank % 4),
                                  [&](const IndexMap& part, std::span<double> out) {
                                    for (Index x = 0; x < out.size(); ++x)
                                      out[x] = std::ranges::count(least, part(x)) > 0 ? -1.0 : 3.0;
                                  });
    EXPECT_EQ(distributed.minimum(), -1.0);
    EXPECT_EQ(distributed.minimizers(), least.size());
    EXPECT_EQ(distributed.best_index(), *std::ranges::min_element(least));
  }
  MPI_Comm_free(&group);
}

}  // namespace
}  // namespace qhn
