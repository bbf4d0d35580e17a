#include "problem/reference.hpp"

#include <cmath>

namespace qhn {
namespace {

double sigmoid(double z) { return 1.0 / (1.0 + std::exp(-z)); }

/// −y log p − (1 − y) log(1 − p) with p = σ(z), without rounding p first.
double binary_cross_entropy(double z, bool label) {
  const double t = label ? -z : z;
  return std::max(t, 0.0) + std::log1p(std::exp(-std::abs(t)));
}

double squared_error(double z, bool label) {
  const double wrong = sigmoid(label ? -z : z);  // |p − y|
  return wrong * wrong;
}

}  // namespace

Score reference_score(const Network& network, const DataSet& data, Index w) {
  const Index choice = w & (dimension(network.choice_bits()) - 1);
  const FixedNetwork fixed = network.resolve(choice);
  const std::vector<double> values = fixed.values(w >> network.choice_bits());
  double loss = 0.0;
  std::size_t right = 0;
  for (std::size_t s = 0; s < data.size(); ++s) {
    const double z = fixed.output(values, data.row(s));
    const bool label = data.labels[s] != 0;
    loss += fixed.kind == NetworkKind::logistic ? binary_cross_entropy(z, label)
                                                : squared_error(z, label);
    right += (z >= 0.0) == label;  // p ≥ ½
  }
  const auto samples = static_cast<double>(data.size());
  return {data.size(), loss / samples, static_cast<double>(right) / samples};
}

}  // namespace qhn
