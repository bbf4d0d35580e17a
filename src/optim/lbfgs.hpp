#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "optim/line_search.hpp"

namespace qhn {

/// f(x) and ∇f(x) into `gradient`; x and gradient have the same length.
using Objective = std::function<double(std::span<const double> x, std::span<double> gradient)>;

/// The published settings (docs/theory.md, Optimizers and restarts).
struct LbfgsOptions {
  int memory = 8;
  double gradient_tolerance = 1e-6;  ///< stop at ‖∇f‖₂ at or below this
  int max_iterations = 500;
  double c1 = 0.1;                  ///< sufficient decrease
  double c2 = 0.9;                  ///< curvature
  double approximate_slack = 1e-6;  ///< absolute slack in f of the approximate Wolfe conditions
  int max_line_search_evaluations = 50;
  /// A pair (s, y) with ⟨s,y⟩/⟨s,s⟩ at or below this times ‖∇f‖ is dropped: the cautious update of
  /// Li & Fukushima, SIAM J. Optim. 11 (2001), which keeps the Hessian positive definite.
  double curvature_floor = 1e-4;
};

enum class OptimizerStatus : std::uint8_t {
  running,
  converged,  ///< ‖∇f‖₂ at or below the tolerance
  iteration_limit,
  stalled_line_search,  ///< no step satisfied the line search; x is the last accepted iterate
  diverged,             ///< f or ∇f was not finite; x is the last iterate where both were, if any
};

/// Complete state of an optimization between two iterations; a vector has n numbers.
struct LbfgsState {
  OptimizerStatus status = OptimizerStatus::running;
  int iterations = 0;   ///< accepted steps
  int evaluations = 0;  ///< of f and ∇f, those of line searches included
  double value = 0.0;
  double gradient_norm = 0.0;
  Eigen::VectorXd x, gradient;
  int pairs = 0;         ///< filled columns of s and y
  int next_pair = 0;     ///< column of the next pair: a ring, once full the oldest pair is here
  Eigen::MatrixXd s, y;  ///< n × memory: steps and changes of the gradient
  Eigen::VectorXd rho;   ///< 1/⟨s,y⟩ of each column

  /// The state as plain numbers and back, bit for bit. unflatten() throws RunError on a wrong
  /// length.
  std::vector<double> flatten() const;
  static LbfgsState unflatten(std::span<const double> numbers);
};

/// Limited-memory BFGS (Nocedal & Wright, section 7.2) with the line search of Hager & Zhang.
/// Initial inverse Hessian γ·1 with γ = ⟨s,y⟩/⟨y,y⟩ of the newest pair; without a pair the first
/// trial is a step of unit length along −∇f. A small change of f is no reason to stop. All memory
/// is allocated by the constructor.
class Lbfgs {
 public:
  /// Evaluates f at `start`. Throws InputError on invalid options.
  Lbfgs(Objective objective, const LbfgsOptions& options, std::span<const double> start);
  /// Continues from `state`, bit-identical to a run without interruption. Throws RunError if the
  /// memory of `state` differs from that of the options.
  Lbfgs(Objective objective, const LbfgsOptions& options, LbfgsState state);
  Lbfgs(const Lbfgs&) = delete;
  Lbfgs& operator=(const Lbfgs&) = delete;

  const LbfgsState& state() const { return state_; }

  /// Makes one accepted step, or none if the optimization is over; returns the new status. If the
  /// objective throws, state() is unchanged.
  OptimizerStatus iterate();

 private:
  void prepare(std::size_t n);
  double evaluate(const Eigen::VectorXd& x, Eigen::VectorXd& gradient);
  void choose_direction();
  SearchOutcome search();
  void keep_pair();
  void check_stop();

  Objective objective_;
  LbfgsOptions options_;
  LbfgsState state_;
  std::function<LinePoint(double)> phi_;
  Eigen::VectorXd direction_, trial_x_, trial_gradient_, alpha_;
  double slope_ = 0.0;        // ⟨∇f, direction⟩
  double trial_value_ = 0.0;  // f at trial_x_
  double trial_step_ = 0.0;
};

}  // namespace qhn
