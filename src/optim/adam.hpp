#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace qhn {

struct AdamOptions {
  double learning_rate = 0.05;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
};

/// Adam (D. P. Kingma, J. Ba, ICLR 2015, algorithm 1): minimization with noisy gradients.
class Adam {
 public:
  Adam(const AdamOptions& options, std::size_t dimensions);

  /// Moves `x` by one step, given an estimate of the gradient there.
  void step(std::span<const double> gradient, std::span<double> x);

  /// The complete state as plain numbers, and back, bit for bit. restore() throws RunError on a
  /// wrong length.
  std::vector<double> flatten() const;
  void restore(std::span<const double> numbers);

 private:
  AdamOptions options_;
  double steps_ = 0.0;
  std::vector<double> mean_, square_;  // moments of the gradient
};

}  // namespace qhn
