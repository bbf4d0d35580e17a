#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "optim/adam.hpp"
#include "optim/estimator.hpp"
#include "optim/lbfgs.hpp"
#include "optim/qnspsa.hpp"
#include "optim/spsa.hpp"

namespace qhn {

enum class OptimizerKind { lbfgs, adam, spsa, qnspsa };
const char* to_string(OptimizerKind kind);

struct OptimizerOptions {
  OptimizerKind kind = OptimizerKind::lbfgs;
  LbfgsOptions lbfgs;
  AdamOptions adam;
  SpsaOptions spsa;
  int max_iterations = 200;  ///< of all but lbfgs, which stop nowhere else
  QnSpsaOptions qnspsa;
};

/// Minimizes what an estimator tells, one accepted step per iterate().
class Optimizer {
 public:
  virtual ~Optimizer() = default;

  /// Begins at `x`, or goes on from what save() returned, bit for bit. restore() throws RunError on
  /// a wrong length.
  virtual void start(std::span<const double> x) = 0;
  virtual void restore(std::span<const double> numbers) = 0;
  virtual std::vector<double> save() const = 0;

  /// One accepted step, or none where the optimization is over. Where the estimator throws, the
  /// optimizer is as before.
  virtual void iterate() = 0;

  /// Why it stopped; running: it has not.
  virtual OptimizerStatus status() const = 0;
  virtual int iterations() const = 0;             ///< accepted steps
  virtual std::span<const double> x() const = 0;  ///< the last accepted iterate
  /// f(x()) as the estimator returned it; nullopt: this optimizer does not ask for it.
  virtual std::optional<double> value() const = 0;
  virtual double gradient_norm() const = 0;  ///< 2-norm of the last gradient
};

/// `estimator` must outlive the optimizer, which is not started yet. Throws InputError on options
/// that make no sense; qnspsa needs an estimator that has a metric.
std::unique_ptr<Optimizer> make_optimizer(const OptimizerOptions& options, Estimator& estimator);

}  // namespace qhn
