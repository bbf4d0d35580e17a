#include "optim/qnspsa.hpp"

#include <Eigen/Eigenvalues>
#include <string>
#include <utility>

#include "core/error.hpp"

namespace qhn {

QnSpsa::QnSpsa(const QnSpsaOptions& options, std::size_t dimensions)
    : options_(options),
      mean_(Eigen::MatrixXd::Identity(static_cast<Eigen::Index>(dimensions),
                                      static_cast<Eigen::Index>(dimensions))) {}

void QnSpsa::step(Eigen::MatrixXd metric, std::span<const double> gradient, std::span<double> x) {
  const auto n = static_cast<Eigen::Index>(x.size());
  const Eigen::Map<const Eigen::VectorXd> g(gradient.data(), n);
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(metric);
  const Eigen::ArrayXd scale = solver.eigenvalues().array().abs() + options_.regularization;
  const Eigen::VectorXd along = (solver.eigenvectors().transpose() * g).array() / scale;
  Eigen::Map<Eigen::VectorXd>(x.data(), n) -=
      options_.learning_rate * (solver.eigenvectors() * along);
  mean_ = std::move(metric);
  ++steps_;
}

std::vector<double> QnSpsa::flatten() const {
  std::vector<double> numbers{steps_};
  for (Eigen::Index c = 0; c < mean_.cols(); ++c)  // symmetric to the bit
    for (Eigen::Index r = c; r < mean_.rows(); ++r) numbers.push_back(mean_(r, c));
  return numbers;
}

void QnSpsa::restore(std::span<const double> numbers) {
  const auto n = static_cast<std::size_t>(mean_.rows());
  if (numbers.size() != 1 + n * (n + 1) / 2)
    throw RunError("a saved state of QN-SPSA has " + std::to_string(numbers.size()) +
                   " numbers, not " + std::to_string(1 + n * (n + 1) / 2));
  steps_ = numbers[0];
  std::size_t at = 1;
  for (Eigen::Index c = 0; c < mean_.cols(); ++c)
    for (Eigen::Index r = c; r < mean_.rows(); ++r) mean_(r, c) = mean_(c, r) = numbers[at++];
}

}  // namespace qhn
