#include "optim/spsa.hpp"

#include <cmath>

namespace qhn {

double SpsaOptions::step(int iteration) const {
  return gain / std::pow(iteration + 1 + stability, alpha);
}

double SpsaOptions::perturbation(int iteration) const {
  return width / std::pow(iteration + 1, gamma);
}

namespace {

void draw_signs(CounterRng& rng, std::span<double> signs) {
  for (double& sign : signs) sign = rng() >> 63 ? 1.0 : -1.0;
}

}  // namespace

void spsa_gradient(const NoisyFunction& f, std::span<const double> x, double c, CounterRng& rng,
                   std::span<double> gradient) {
  draw_signs(rng, gradient);
  std::vector<double> moved(x.size());
  const auto at = [&](double towards) {
    for (std::size_t k = 0; k < x.size(); ++k) moved[k] = x[k] + towards * c * gradient[k];
    return f(moved);
  };
  const double ahead = at(1.0), behind = at(-1.0);
  const double slope = (ahead - behind) / (2.0 * c);
  for (double& delta : gradient) delta = slope / delta;
}

void add_spsa_metric(const Fidelities& fidelities, std::span<const double> x, double c,
                     CounterRng& rng, double weight, Eigen::MatrixXd& metric) {
  const auto n = static_cast<Eigen::Index>(x.size());
  Eigen::VectorXd first(n), second(n);
  draw_signs(rng, {first.data(), x.size()});
  draw_signs(rng, {second.data(), x.size()});
  const auto at = [&](double of_first, double of_second) {
    std::vector<double> moved(x.begin(), x.end());
    Eigen::Map<Eigen::VectorXd>(moved.data(), n) += c * (of_first * first + of_second * second);
    return moved;
  };
  const std::vector<double> f = fidelities(x, {at(1, 1), at(1, 0), at(-1, 1), at(-1, 0)});
  const double change = f[0] - f[1] - f[2] + f[3];
  const double factor = -weight * change / (8.0 * c * c);
  metric += factor * (first * second.transpose() + second * first.transpose());
}

}  // namespace qhn
