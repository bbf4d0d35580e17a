#pragma once

#include <span>
#include <vector>

namespace qhn {

struct AdamOptions {
  double learning_rate = 0.05;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
};

/// Adam (D. P. Kingma, J. Ba, ICLR 2015, algorithm 1): descends along noisy gradients that the
/// caller estimates at x().
class Adam {
 public:
  Adam(const AdamOptions& options, std::span<const double> start);

  const std::vector<double>& x() const { return x_; }
  void step(std::span<const double> gradient);

  /// Everything it knows, and back to that, bit for bit. restore() throws RunError on a wrong
  /// length.
  std::vector<double> flatten() const;
  void restore(std::span<const double> numbers);

 private:
  AdamOptions options_;
  double steps_ = 0.0;
  std::vector<double> x_, mean_, square_;  // moments of the gradient
};

}  // namespace qhn
