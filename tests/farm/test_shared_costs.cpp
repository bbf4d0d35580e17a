#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

#include "core/error.hpp"
#include "farm/shared_costs.hpp"

namespace qhn {
namespace {

double cost(Index w) { return std::cos(static_cast<double>(w % 1000)); }

TEST(SharedCosts, EveryRankSeesTheWholeTable) {
  for (Index size : {Index{1}, Index{2}, Index{1} << 10, Index{1} << 20}) {
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
  expect_error(std::numeric_limits<double>::quiet_NaN(), "the cost of network 999 is not finite");
}

}  // namespace
}  // namespace qhn
