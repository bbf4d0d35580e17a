#include "problem/locality.hpp"

#include <omp.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "core/chunks.hpp"
#include "core/error.hpp"
#include "core/wht.hpp"

namespace qhn {
namespace {

constexpr int block_bits = 12;
using Weights = std::array<double, 65>;

// Blocks of 2^12 squares are added up on their own, so that a sum over 2^30 entries is exact to
// 1e-12: rounding errors grow with the block and the number of blocks, not with the table.
void add_block(std::span<const double> values, Index first, double scale, Weights& sums) {
  std::array<double, block_bits + 1> block{};
  for (Index x = 0; x < values.size(); ++x) {
    const double f = values[x] * scale;
    block[static_cast<std::size_t>(std::popcount(x))] += f * f;
  }
  const auto high = static_cast<std::size_t>(std::popcount(first));
  for (std::size_t ones = 0; ones < block.size(); ++ones) sums[high + ones] += block[ones];
}

}  // namespace

double Locality::share(std::size_t terms) const {
  return variance > 0.0 ? weights[terms] / variance : 0.0;
}

void add_squares(std::span<const double> transformed, Index first, std::span<double> weights) {
  const Index block = std::min<Index>(transformed.size(), dimension(block_bits));
  const Chunks chunks(transformed.size() / block, 1);
  std::vector<Weights> sums(chunks.count, Weights{});
  const double scale = std::exp2(-static_cast<int>(weights.size() - 1));
  for_chunks(chunks, omp_get_max_threads(), [&](Index chunk) {
    for (Index b = chunks.begin(chunk); b < chunks.end(chunk); ++b)
      add_block(transformed.subspan(b * block, block), first + b * block, scale, sums[chunk]);
  });
  for (const Weights& chunk : sums)
    for (std::size_t ones = 0; ones < weights.size(); ++ones) weights[ones] += chunk[ones];
}

Locality locality_of_squares(std::vector<double> squares) {
  const int bits = static_cast<int>(squares.size()) - 1;
  Locality found{std::move(squares)};
  found.mean_square = std::accumulate(found.weights.begin(), found.weights.end(), 0.0);
  if (!std::isfinite(found.mean_square))
    throw InputError(
        "the squares of the costs are too large for doubles; allowed: costs below 1e153");
  // Each of the N levels of the transform, and each cost, is off by a relative rounding error; the
  // squares of all these errors together are below `noise`, wherever they fall.
  const double error = (bits + 1) * std::numeric_limits<double>::epsilon();
  const double noise = 4.0 * error * error * found.mean_square;
  for (double& weight : found.weights)
    if (weight <= noise) weight = 0.0;
  found.variance = std::accumulate(found.weights.begin() + 1, found.weights.end(), 0.0);
  return found;
}

Locality find_locality(std::span<double> costs) {
  walsh_hadamard(costs);
  std::vector<double> squares(static_cast<std::size_t>(std::countr_zero(costs.size())) + 1, 0.0);
  add_squares(costs, 0, squares);
  return locality_of_squares(std::move(squares));
}

}  // namespace qhn
