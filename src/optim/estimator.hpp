#pragma once

#include <Eigen/Core>
#include <span>
#include <vector>

namespace qhn {

/// The capability to estimate the metric of the states behind an objective.
class MetricSource {
 public:
  virtual ~MetricSource() = default;
  /// metric += weight · an estimate of the Fubini–Study metric at x (add_spsa_metric()).
  virtual void add_metric(std::span<const double> x, double weight, Eigen::MatrixXd& metric) = 0;
};

/// Values and gradients of an objective f, exact or with noise. An optimizer sees no difference.
class Estimator {
 public:
  virtual ~Estimator() = default;

  /// f(x), or an estimate.
  virtual double value(std::span<const double> x) = 0;

  /// ∇f(x), or an estimate, into `gradient` (same length as `x`).
  virtual void gradient(std::span<const double> x, std::span<double> gradient) = 0;

  /// Both, from one evaluation where that is possible.
  virtual double value_and_gradient(std::span<const double> x, std::span<double> gradient) {
    this->gradient(x, gradient);
    return value(x);
  }

  /// Null: this estimator has none.
  virtual MetricSource* metric() { return nullptr; }

  /// Evaluations so far: of f with its gradient, or circuits measured.
  virtual int evaluations() const = 0;

  /// Everything it knows, and back to that, bit for bit. restore() throws RunError on a wrong
  /// length.
  virtual std::vector<double> save() const = 0;
  virtual void restore(std::span<const double> numbers) = 0;
};

}  // namespace qhn
