#include <cmath>

#include "problem/data.hpp"

namespace qhn {
namespace {

/// True with probability exp(−p·x), 0 ≤ p, x ≤ 1: von Neumann's descending run, where each step
/// must also pass a trial of probability p.
bool bernoulli_exp(CounterRng& rng, double x, double p) {
  bool even = true;
  for (double last = x;; even = !even) {
    const double next = rng.uniform();
    if (next >= last || rng.uniform() >= p) return even;
    last = next;
  }
}

bool bernoulli_exp_half(CounterRng& rng) { return bernoulli_exp(rng, 0.5, 1.0); }

}  // namespace

double exact_normal(CounterRng& rng) {
  for (;;) {
    int k = 0;  // geometric, exp(−k/2)
    while (bernoulli_exp_half(rng)) ++k;
    bool accepted = true;  // with probability exp(−k(k−1)/2)
    for (int i = 0; accepted && i < k * (k - 1); ++i) accepted = bernoulli_exp_half(rng);
    if (!accepted) continue;
    const double x = rng.uniform();  // with probability exp(−x(2k + x)/2)
    for (int i = 0; accepted && i <= k; ++i)
      accepted = bernoulli_exp(rng, x, (2 * k + x) / (2 * k + 2));
    if (!accepted) continue;
    const double magnitude = k + x;
    return rng() >> 63 ? -magnitude : magnitude;
  }
}

DataSet make_gaussian(std::uint64_t seed, Stream purpose, std::size_t samples) {
  // Label 0, then the three components of label 1.
  constexpr double centres[4][2] = {{-1, -2}, {-2, 1}, {1, 1}, {2, -2}};
  const double deviation = std::sqrt(0.1);
  std::vector<double> features;
  std::vector<std::uint8_t> labels;
  features.reserve(2 * samples);
  labels.reserve(samples);
  for (std::size_t sample = 0; sample < samples; ++sample) {
    CounterRng rng(seed, purpose, sample);
    const bool label = rng.uniform() >= 0.5;
    const int component = label ? 1 + static_cast<int>(3.0 * rng.uniform()) : 0;
    for (const double centre : centres[component])
      features.push_back(centre + deviation * exact_normal(rng));
    labels.push_back(label);
  }
  return {2, std::move(features), std::move(labels)};
}

}  // namespace qhn
