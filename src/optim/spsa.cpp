#include "optim/spsa.hpp"

#include <cmath>

namespace qhn {

double SpsaOptions::step(int iteration) const {
  return gain / std::pow(iteration + 1 + stability, alpha);
}

double SpsaOptions::perturbation(int iteration) const {
  return width / std::pow(iteration + 1, gamma);
}

void spsa_gradient(const NoisyFunction& f, std::span<const double> x, double c, CounterRng& rng,
                   std::span<double> gradient) {
  for (double& delta : gradient) delta = rng() >> 63 ? 1.0 : -1.0;
  std::vector<double> moved(x.size());
  const auto at = [&](double towards) {
    for (std::size_t k = 0; k < x.size(); ++k) moved[k] = x[k] + towards * c * gradient[k];
    return f(moved);
  };
  const double ahead = at(1.0), behind = at(-1.0);
  const double slope = (ahead - behind) / (2.0 * c);
  for (double& delta : gradient) delta = slope / delta;
}

}  // namespace qhn
