#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "core/types.hpp"

namespace qhn {

/// A string that steepest one-flip descent does not leave: no string that differs in one bit costs
/// less. A cost counts as less if it is so by more than rounding (core/costs.hpp).
struct LocalMinimum {
  Index string = 0;
  double cost = 0.0;
  std::uint64_t basin = 0;  ///< strings from which steepest descent ends here, itself included
};

/// The costs of 2^N bit strings as one-flip descent meets them.
struct Landscape {
  double minimum = 0.0;  ///< E_min
  double maximum = 0.0;
  std::vector<LocalMinimum> minima;  ///< by cost, then by string
  std::uint64_t plateaus = 0;        ///< groups of minima that are connected by flips at equal cost
  std::uint64_t reaching = 0;        ///< strings from which steepest descent ends at E_min
};

/// Descent goes to the neighbor of least cost, among equals to that with the lowest flipped bit.
/// `costs`: 2^N finite entries, N <= 32. Needs 4 more bytes for each, and bytes_per_minimum
/// for each local minimum; `allow` is called with their number first and may throw. Uses OpenMP
/// threads; the result does not depend on their number. Throws std::invalid_argument for other
/// sizes.
Landscape find_landscape(std::span<const double> costs,
                         const std::function<void(std::uint64_t minima)>& allow = {});
inline constexpr double bytes_per_minimum = 48.0;
inline constexpr int most_landscape_qubits = 32;

/// The `count` strings of least cost (fewer if there are not as many), by cost, then by string.
std::vector<Index> find_lowest(std::span<const double> costs, std::size_t count);

/// Counts of costs in `bins` equal intervals from `low` to `high`, which holds all costs; the upper
/// end belongs to the last.
std::vector<std::uint64_t> histogram(std::span<const double> costs, double low, double high,
                                     std::size_t bins);

}  // namespace qhn
