#pragma once

#include <span>
#include <vector>

#include "core/types.hpp"

namespace qhn {

/// How much of a cost is made of terms of S bits each: W(S) = Σ_{|s|=S} f_s² of the Walsh–Hadamard
/// coefficients f_s = 2^−N Σ_w C(w) (−1)^{s·w} (docs/theory.md, Locality).
struct Locality {
  std::vector<double> weights;  ///< W(0…N); 0 where rounding errors could have made it
  double mean_square = 0.0;     ///< of the costs: the sum of all W(S)
  double variance = 0.0;        ///< of the costs: the sum from S = 1

  /// W(S)/variance for S >= 1; 0 where all costs are equal.
  double share(std::size_t terms) const;
};

/// Of a table of 2^N costs, which is transformed in place. Uses OpenMP threads; bit-identical for
/// any number of them. Throws std::invalid_argument for other sizes, InputError for costs whose
/// squares overflow.
Locality find_locality(std::span<double> costs);

/// Adds f_s² of a range of the transformed table, from entry `first` on, to weights[0…N] by the
/// number of ones in s. `first` is a multiple of the size, a power of two.
void add_squares(std::span<const double> transformed, Index first, std::span<double> weights);

/// From the result of add_squares() over a whole table of 2^N costs. Throws InputError as above.
Locality locality_of_squares(std::vector<double> squares);

}  // namespace qhn
