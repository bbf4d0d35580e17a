#include "optim/adam.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "core/error.hpp"

namespace qhn {

Adam::Adam(const AdamOptions& options, std::span<const double> start)
    : options_(options),
      x_(start.begin(), start.end()),
      mean_(start.size()),
      square_(start.size()) {}

void Adam::step(std::span<const double> gradient) {
  ++steps_;
  const double b1 = options_.beta1, b2 = options_.beta2;
  const double unbias1 = 1.0 - std::pow(b1, steps_), unbias2 = 1.0 - std::pow(b2, steps_);
  for (std::size_t k = 0; k < x_.size(); ++k) {
    const double g = gradient[k];
    mean_[k] = b1 * mean_[k] + (1.0 - b1) * g;
    square_[k] = b2 * square_[k] + (1.0 - b2) * g * g;
    x_[k] -= options_.learning_rate * (mean_[k] / unbias1) /
             (std::sqrt(square_[k] / unbias2) + options_.epsilon);
  }
}

std::vector<double> Adam::flatten() const {
  std::vector<double> numbers{steps_};
  for (const auto* part : {&x_, &mean_, &square_})
    numbers.insert(numbers.end(), part->begin(), part->end());
  return numbers;
}

void Adam::restore(std::span<const double> numbers) {
  const std::size_t n = x_.size();
  if (numbers.size() != 1 + 3 * n)
    throw RunError("a saved optimiser state has " + std::to_string(numbers.size()) +
                   " numbers, not " + std::to_string(1 + 3 * n));
  steps_ = numbers[0];
  for (std::size_t part = 0; part < 3; ++part) {
    const auto from = numbers.subspan(1 + part * n, n);
    std::copy(from.begin(), from.end(), (part == 0 ? x_ : part == 1 ? mean_ : square_).begin());
  }
}

}  // namespace qhn
