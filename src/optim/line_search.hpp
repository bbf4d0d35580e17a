#pragma once

#include <functional>

namespace qhn {

/// φ(α) = f(x + α·d) along a direction d, and φ'(α).
struct LinePoint {
  double step = 0.0;
  double value = 0.0;
  double slope = 0.0;
};

enum class SearchOutcome {
  accepted,    ///< the last point evaluated satisfies the (approximate) Wolfe conditions
  stalled,     ///< no evaluations left, or no number left inside the bracket
  not_finite,  ///< φ or φ' was not finite
};

/// Constants of Hager & Zhang, "Algorithm 851: CG_DESCENT", ACM TOMS 32 (2006).
struct LineSearchOptions {
  double c1 = 0.1;                  ///< δ: sufficient decrease
  double c2 = 0.9;                  ///< σ: curvature
  double approximate_slack = 1e-6;  ///< ε: absolute slack in φ
  double theta = 0.5;               ///< θ: where U3 cuts an interval without opposite slopes
  double gamma = 2.0 / 3.0;         ///< γ: bisect if the interval keeps more than this fraction
  double rho = 5.0;                 ///< ρ: growth of the step while bracketing
  int max_evaluations = 50;
};

/// Whether `point` satisfies T1, the Wolfe conditions, or T2, the approximate ones with
/// φ(α) ≤ φ(0) + ε.
bool satisfies_wolfe(const LineSearchOptions& options, const LinePoint& start,
                     const LinePoint& point);

/// Line search of the paper above: bracketing, then secant² steps and bisections. `start` is α = 0
/// with a negative slope, `first_step` the first trial. Ends at the first trial that
/// satisfies_wolfe(); this trial is the last call of `phi`.
SearchOutcome hager_zhang_search(const std::function<LinePoint(double)>& phi,
                                 const LinePoint& start, double first_step,
                                 const LineSearchOptions& options);

}  // namespace qhn
