// Synthetic costs, and parts of tables in any order of qubits.
#include <gtest/gtest.h>
#include <hdf5.h>
#include <omp.h>

#include <algorithm>
#include <bit>
#include <numeric>

#include "../record/temporary_folder.hpp"
#include "core/random.hpp"
#include "core/wht.hpp"
#include "problem/problem.hpp"
#include "problem/synthetic.hpp"

namespace qhn {
namespace {

std::vector<double> all_costs(const Problem& problem) {
  std::vector<double> costs(dimension(problem.bits()));
  problem.costs(0, costs);
  return costs;
}

double naive_cost(const IsingForm& c, Index w) {
  double sum = c.constant;
  for (int q = 0; q < c.qubits(); ++q) {
    const int s = bit(w, q) ? -1 : 1;
    sum += s * c.fields[static_cast<std::size_t>(q)];
    for (int p = 0; p < q; ++p) sum += s * (bit(w, p) ? -1 : 1) * c.pair(p, q);
  }
  return sum;
}

/// Some of the qubits in any order, the others fixed anyhow.
IndexMap random_map(int qubits, int slots, CounterRng& rng) {
  std::vector<int> order(static_cast<std::size_t>(qubits));
  std::iota(order.begin(), order.end(), 0);
  for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[rng() % i]);
  IndexMap map{{order.begin(), order.begin() + slots}, 0};
  for (int i = slots; i < qubits; ++i)
    map.base |= (rng() & 1) << order[static_cast<std::size_t>(i)];
  return map;
}

/// Every entry of the slice is the table's.
void expect_slice(const Problem& problem, const IndexMap& map, const std::vector<double>& table) {
  std::vector<double> slice(dimension(map.slots()));
  problem.slice(map, slice);
  for (Index x = 0; x < slice.size(); ++x) ASSERT_EQ(slice[x], table[map(x)]) << x;
}

/// Random maps, and those whose fixed qubits are the highest or the lowest.
void expect_slices(const Problem& problem) {
  const std::vector<double> table = all_costs(problem);
  const int n = problem.bits();
  CounterRng rng(3, Stream::synthetic, 99);
  for (const int fixed : {0, 1, 3, n - 1})
    expect_slice(problem, random_map(n, n - fixed, rng), table);
  IndexMap low = identity_map(n), high = identity_map(n);
  low.qubit_of_slot.resize(static_cast<std::size_t>(n) - 2);
  low.base = Index{1} << (n - 1);
  high.qubit_of_slot.erase(high.qubit_of_slot.begin(), high.qubit_of_slot.begin() + 2);
  high.base = 2;
  expect_slice(problem, low, table);
  expect_slice(problem, high, table);
}

TEST(SyntheticProblem, EqualsTheDoubleLoopInEveryBit) {
  for (const int qubits : {1, 2, 7, 14}) {
    const IsingForm couplings = synthetic_couplings(qubits, 5);
    const std::vector<double> costs = all_costs(*make_synthetic_problem(couplings));
    for (Index w = 0; w < costs.size(); ++w) ASSERT_EQ(costs[w], naive_cost(couplings, w)) << w;
    // The same by bit strings, and by the couplings that it shows.
    const auto problem = make_synthetic_problem(couplings);
    ASSERT_NE(problem->ising(), nullptr);
    for (Index w = 0; w < costs.size(); w += 7) {
      ASSERT_EQ((*problem)(BitString(qubits, w)), costs[w]);
      ASSERT_EQ(naive_cost(*problem->ising(), w), costs[w]);
    }
  }
}

TEST(SyntheticProblem, ServesAnyRangeOnAnyNumberOfThreads) {
  const IsingForm couplings = synthetic_couplings(40, 5);
  const auto problem = make_synthetic_problem(couplings);
  std::vector<double> part(9000), again(part.size());
  const Index first = (Index{1} << 39) + 4095;
  omp_set_num_threads(3);
  problem->costs(first, part);
  omp_set_num_threads(1);
  problem->costs(first, again);
  omp_set_num_threads(omp_get_num_procs());
  EXPECT_EQ(part, again);
  for (Index i = 0; i < part.size(); ++i) ASSERT_EQ(part[i], naive_cost(couplings, first + i)) << i;
  for (const std::size_t few : {1, 2, 7}) {
    again.assign(few, 0.0);
    problem->costs(first - 3, again);
    for (Index i = 0; i < few; ++i) EXPECT_EQ(again[i], naive_cost(couplings, first - 3 + i));
  }
}

TEST(SyntheticProblem, HasTheMomentsOfThePublishedProblem) {
  std::vector<double> costs = all_costs(*make_synthetic_problem(synthetic_couplings(12, 1)));
  walsh_hadamard(costs);
  std::vector<double> weights(13);
  for (Index s = 0; s < costs.size(); ++s) {
    const double f = costs[s] / static_cast<double>(costs.size());
    weights[static_cast<std::size_t>(std::popcount(s))] += f * f;
  }
  EXPECT_NEAR(weights[0], 1.9365308, 1e-6);
  EXPECT_NEAR(weights[1], 0.4051865, 1e-7);
  EXPECT_NEAR(weights[2], 0.0360379, 1e-7);
  for (std::size_t s = 3; s < weights.size(); ++s) EXPECT_LT(weights[s], 1e-24);
}

TEST(SyntheticProblem, SeedsNameCosts) {
  const auto hash = [](int qubits, std::uint64_t seed) {
    return make_synthetic_problem(synthetic_couplings(qubits, seed))->data_sha256();
  };
  EXPECT_NE(hash(20, 1), hash(20, 2));
  EXPECT_NE(hash(20, 1), hash(21, 1));
  EXPECT_EQ(
      hash(20, 1),
      "e29dd93d87873ea094c3fade548c259d2463613154f7ccdcbe182c89700def47");  // on every machine
}

TEST(Slices, OfSyntheticCosts) {
  expect_slices(*make_synthetic_problem(synthetic_couplings(15, 2)));
  const IsingForm couplings = synthetic_couplings(40, 2);
  CounterRng rng(4, Stream::synthetic, 99);
  const IndexMap map = random_map(40, 13, rng);
  std::vector<double> slice(dimension(13));
  make_synthetic_problem(couplings)->slice(map, slice);
  for (Index x = 0; x < slice.size(); ++x) ASSERT_EQ(slice[x], naive_cost(couplings, map(x))) << x;
}

TEST(Slices, OfNetworks) {
  ProblemOptions options;
  options.hidden = 3;  // 14 bits
  options.train_samples = 20;
  expect_slices(*make_problem(options));
}

TEST(Slices, OfTableFiles) {
  const TemporaryFolder folder;
  std::string text;
  std::vector<double> costs(dimension(14));
  CounterRng rng(1, Stream::synthetic, 0);
  for (double& cost : costs) {
    cost = static_cast<double>(rng() % 100000) / 8;
    text += std::to_string(cost) + "\n";
  }
  ProblemOptions options;
  options.kind = ProblemKind::table;
  options.table = folder.write("t.txt", text);
  const auto from_text = make_problem(options);
  EXPECT_EQ(all_costs(*from_text), costs);
  expect_slices(*from_text);

  options.table = folder / "t.h5";
  const hid_t file = H5Fcreate(options.table.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  const hsize_t size = costs.size();
  const hid_t space = H5Screate_simple(1, &size, nullptr);
  const hid_t set =
      H5Dcreate2(file, "costs", H5T_IEEE_F64LE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  H5Dwrite(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, costs.data());
  H5Dclose(set), H5Sclose(space), H5Fclose(file);
  const auto from_hdf5 = make_problem(options);
  EXPECT_EQ(all_costs(*from_hdf5), costs);
  EXPECT_EQ(from_hdf5->data_sha256(), from_text->data_sha256());
  expect_slices(*from_hdf5);
}

}  // namespace
}  // namespace qhn
