#include "optim/adam.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "core/error.hpp"

namespace qhn {

Adam::Adam(const AdamOptions& options, std::size_t dimensions)
    : options_(options), mean_(dimensions), square_(dimensions) {}

void Adam::step(std::span<const double> gradient, std::span<double> x) {
  ++steps_;
  const double b1 = options_.beta1, b2 = options_.beta2;
  const double unbias1 = 1.0 - std::pow(b1, steps_), unbias2 = 1.0 - std::pow(b2, steps_);
  for (std::size_t k = 0; k < x.size(); ++k) {
    const double g = gradient[k];
    mean_[k] = b1 * mean_[k] + (1.0 - b1) * g;
    square_[k] = b2 * square_[k] + (1.0 - b2) * g * g;
    x[k] -= options_.learning_rate * (mean_[k] / unbias1) /
            (std::sqrt(square_[k] / unbias2) + options_.epsilon);
  }
}

std::vector<double> Adam::flatten() const {
  std::vector<double> numbers{steps_};
  numbers.insert(numbers.end(), mean_.begin(), mean_.end());
  numbers.insert(numbers.end(), square_.begin(), square_.end());
  return numbers;
}

void Adam::restore(std::span<const double> numbers) {
  const std::size_t n = mean_.size();
  if (numbers.size() != 1 + 2 * n)
    throw RunError("a saved optimizer state has " + std::to_string(numbers.size()) +
                   " numbers, not " + std::to_string(1 + 2 * n));
  steps_ = numbers[0];
  std::copy_n(numbers.begin() + 1, n, mean_.begin());
  std::copy_n(numbers.begin() + 1 + static_cast<std::ptrdiff_t>(n), n, square_.begin());
}

}  // namespace qhn
