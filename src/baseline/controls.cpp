#include "baseline/controls.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

namespace qhn {

Index random_string(int bits, CounterRng& rng) { return rng() & (dimension(bits) - 1); }

void random_search(LossOracle& loss, int bits, std::uint64_t budget, CounterRng& rng) {
  for (std::uint64_t k = 0; k < budget; ++k) {
    loss(random_string(bits, rng));
    loss.next_iteration();
  }
}

Index steepest_descent(LossOracle& loss, int bits, Index start) {
  double here = loss(start);
  for (Index w = start;; loss.next_iteration()) {
    Index best = w;
    for (int q = 0; q < bits; ++q) {
      const Index neighbour = w ^ dimension(q);
      const double there = loss(neighbour);
      if (there < here) {
        here = there;
        best = neighbour;
      }
    }
    if (best == w) return w;
    w = best;
  }
}

// Exponential cooling (Kirkpatrick, Gelatt & Vecchi, Science 220 (1983) 671). At the first
// temperature a mean uphill flip is accepted with probability 0.8 (van Laarhoven & Aarts, Simulated
// Annealing, 1987, section 5.1). A short random walk estimates that temperature, as in the book;
// its losses are charged. Tuning chooses the number of sweeps and the last temperature: by Johnson,
// Aragon, McGeoch & Schevon, Operations Research 37 (1989) 865, the length matters most and the
// shape little.
void anneal(LossOracle& loss, int bits, const AnnealingOptions& options, CounterRng& rng) {
  Index w = random_string(bits, rng);
  double here = loss(w);
  double steps = 0.0;  // sum of |change of loss|: a flip or its reverse is uphill
  for (int q = 0; q < bits; ++q) {
    w ^= dimension(q);
    const double there = loss(w);
    steps += std::abs(there - here);
    here = there;
  }
  const double first = steps / bits / -std::log(0.8);
  const auto sweeps = static_cast<double>(options.sweeps);
  for (std::uint64_t sweep = 0; sweep < options.sweeps; ++sweep) {
    const double done = sweeps > 1 ? static_cast<double>(sweep) / (sweeps - 1) : 1.0;
    const double temperature = first * std::pow(options.temperature_ratio, done);
    for (int k = 0; k < bits; ++k) {
      const Index neighbour = w ^ dimension(static_cast<int>(rng.uniform() * bits));
      const double there = loss(neighbour), draw = rng.uniform();
      if (there <= here || draw < std::exp((here - there) / temperature)) {
        w = neighbour;
        here = there;
      }
    }
    loss.next_iteration();
  }
}

Status cross_entropy(LossOracle& loss, int bits, const CrossEntropyOptions& options,
                     CounterRng& rng) {
  const auto population = static_cast<std::size_t>(options.population);
  const auto elite = std::clamp<std::size_t>(
      static_cast<std::size_t>(options.elite * static_cast<double>(population)), 1, population);
  std::vector<double> ones(static_cast<std::size_t>(bits), 0.5);  // P[bit q = 1]
  struct Sample {
    double loss;
    Index network;
  };
  std::vector<Sample> samples(population);
  double threshold = std::numeric_limits<double>::quiet_NaN();
  int same = 0;
  for (int iteration = 0; iteration < options.max_iterations; ++iteration) {
    for (Sample& sample : samples) {
      Index w = 0;
      for (int q = 0; q < bits; ++q)
        if (rng.uniform() < ones[static_cast<std::size_t>(q)]) w |= dimension(q);
      sample = {loss(w), w};
    }
    loss.next_iteration();
    std::partial_sort(samples.begin(), samples.begin() + static_cast<std::ptrdiff_t>(elite),
                      samples.end(), [](const Sample& a, const Sample& b) {
                        return a.loss < b.loss || (a.loss == b.loss && a.network < b.network);
                      });
    bool settled = true;
    for (int q = 0; q < bits; ++q) {
      double& p = ones[static_cast<std::size_t>(q)];
      std::size_t set = 0;
      for (std::size_t k = 0; k < elite; ++k) set += bit(samples[k].network, q) != 0;
      const double learned = static_cast<double>(set) / static_cast<double>(elite);
      p = options.smoothing * learned + (1.0 - options.smoothing) * p;
      settled = settled && std::min(p, 1.0 - p) < 1e-3;
    }
    const double worst = samples[elite - 1].loss;
    same = worst == threshold ? same + 1 : 0;
    threshold = worst;
    if (settled || same == 5) return Status::converged;
  }
  return Status::iteration_limit;
}

}  // namespace qhn
