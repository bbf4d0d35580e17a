#include "optim/line_search.hpp"

#include <cmath>
#include <optional>

namespace qhn {
namespace {

/// Zero of the line through the slopes at p and q.
double secant(const LinePoint& p, const LinePoint& q) {
  return (p.step * q.slope - q.step * p.slope) / (q.slope - p.slope);
}

/// The names of the steps (B1, U0, S2, …) are those of the paper. Every member function that
/// evaluates returns false once the search is over; outcome_ is then set.
class Search {
 public:
  Search(const std::function<LinePoint(double)>& phi, const LinePoint& start,
         const LineSearchOptions& options)
      : phi_(phi),
        options_(options),
        start_(start),
        limit_(start.value + options.approximate_slack) {}

  SearchOutcome run(double first_step) {
    bool going = evaluate(first_step) && bracket();
    while (going) {
      const double width = b_.step - a_.step;
      going = secant2();
      if (going && b_.step - a_.step > options_.gamma * width)
        going = update(0.5 * (a_.step + b_.step));
      // No floating-point number lies inside the interval: all its points have been tried.
      if (going && !has_inside(0.5 * (a_.step + b_.step))) going = end(SearchOutcome::stalled);
    }
    return *outcome_;
  }

 private:
  bool end(SearchOutcome outcome) {
    outcome_ = outcome;
    return false;
  }

  bool has_inside(double step) const { return a_.step < step && step < b_.step; }

  bool evaluate(double step) {
    if (evaluations_ == options_.max_evaluations) return end(SearchOutcome::stalled);
    ++evaluations_;
    last_ = phi_(step);
    if (!std::isfinite(last_.value) || !std::isfinite(last_.slope))
      return end(SearchOutcome::not_finite);
    if (satisfies_wolfe(options_, start_, last_)) return end(SearchOutcome::accepted);
    return true;
  }

  // Finds a_ < b_ with φ(a) ≤ φ(0) + ε, φ'(a) < 0, φ'(b) ≥ 0 (the opposite slope condition).
  bool bracket() {
    a_ = start_;
    while (true) {
      b_ = last_;
      if (b_.slope >= 0.0) return true;  // B1
      if (b_.value > limit_) {           // B2
        a_ = start_;
        return cut();
      }
      a_ = b_;  // B3
      if (!evaluate(options_.rho * a_.step)) return false;
    }
  }

  bool update(double step) {
    if (!has_inside(step)) return true;  // U0
    if (!evaluate(step)) return false;
    if (last_.slope >= 0.0) {  // U1
      b_ = last_;
    } else if (last_.value <= limit_) {  // U2
      a_ = last_;
    } else {  // U3
      b_ = last_;
      return cut();
    }
    return true;
  }

  // U3: here φ'(b) < 0 and φ(b) > φ(0) + ε, so a minimum lies between.
  bool cut() {
    while (true) {
      const double step = (1.0 - options_.theta) * a_.step + options_.theta * b_.step;
      if (!has_inside(step)) return end(SearchOutcome::stalled);
      if (!evaluate(step)) return false;
      if (last_.slope >= 0.0) {
        b_ = last_;
        return true;
      }
      (last_.value <= limit_ ? a_ : b_) = last_;
    }
  }

  bool secant2() {
    const LinePoint a = a_, b = b_;
    const double step = secant(a, b);  // S1
    if (!update(step)) return false;
    if (step == b_.step) return update(secant(b, b_));  // S2
    if (step == a_.step) return update(secant(a, a_));  // S3
    return true;                                        // S4
  }

  const std::function<LinePoint(double)>& phi_;
  const LineSearchOptions& options_;
  const LinePoint start_;
  const double limit_;
  LinePoint a_, b_, last_;
  int evaluations_ = 0;
  std::optional<SearchOutcome> outcome_;
};

}  // namespace

bool satisfies_wolfe(const LineSearchOptions& options, const LinePoint& start,
                     const LinePoint& point) {
  if (point.slope < options.c2 * start.slope) return false;
  const bool exact = point.value <= start.value + options.c1 * point.step * start.slope;
  const bool approximate = point.value <= start.value + options.approximate_slack &&
                           point.slope <= (2.0 * options.c1 - 1.0) * start.slope;
  return exact || approximate;
}

SearchOutcome hager_zhang_search(const std::function<LinePoint(double)>& phi,
                                 const LinePoint& start, double first_step,
                                 const LineSearchOptions& options) {
  return Search(phi, start, options).run(first_step);
}

}  // namespace qhn
