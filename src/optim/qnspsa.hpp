#pragma once

#include <Eigen/Core>
#include <span>
#include <vector>

namespace qhn {

struct QnSpsaOptions {
  double learning_rate = 0.05;                ///< η
  double width = 0.1;                         ///< c, of the perturbations
  double regularization = 0.1;                ///< β
  bool blocking = false;                      ///< refuse steps that raise f clearly
  static constexpr int first_estimates = 25;  ///< of f at the start, with blocking
};

/// The step of QN-SPSA, a natural gradient from simultaneous perturbations (J. Gacon, C. Zoufal,
/// G. Carleo, S. Woerner, Quantum 5 (2021) 567): x ← x − η (|Ḡ| + β)⁻¹ g with |Ḡ| = √(ḠḠ), where
/// Ḡ_k = k/(k+1) Ḡ_{k−1} + Ĝ_k/(k+1) is the mean of all metrics so far and Ḡ_0 = 1.
class QnSpsa {
 public:
  QnSpsa(const QnSpsaOptions& options, std::size_t dimensions);

  /// Ḡ of the next step but for its own estimate, which is to be added with the weight
  /// own_weight().
  Eigen::MatrixXd metric_so_far() const { return (1.0 - own_weight()) * mean_; }
  double own_weight() const { return 1.0 / (steps_ + 2.0); }

  /// Moves `x` by one step with the estimate `gradient`; `metric`: the new Ḡ. 9n³ flops.
  void step(Eigen::MatrixXd metric, std::span<const double> gradient, std::span<double> x);

  /// The complete state as plain numbers, and back, bit for bit. restore() throws RunError on a
  /// wrong length.
  std::vector<double> flatten() const;
  void restore(std::span<const double> numbers);

 private:
  QnSpsaOptions options_;
  double steps_ = 0.0;
  Eigen::MatrixXd mean_;  ///< Ḡ
};

}  // namespace qhn
