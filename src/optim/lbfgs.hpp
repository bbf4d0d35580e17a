#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace qhn {

/// f(x) and ∇f(x) into `gradient`; x and gradient have the same length.
using Objective = std::function<double(std::span<const double> x, std::span<double> gradient)>;

/// Published settings (spec section 6).
struct LbfgsOptions {
  int memory = 8;
  double gradient_tolerance = 1e-6;  ///< stop at ‖∇f‖₂ at or below this
  int max_iterations = 500;
  double c1 = 0.1;                   ///< sufficient decrease
  double c2 = 0.9;                   ///< curvature
  double approximate_slack = 1e-6;   ///< absolute slack in f of the approximate Wolfe conditions
  int max_line_search_evaluations = 50;
};

}  // namespace qhn
