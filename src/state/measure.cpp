#include "state/measure.hpp"

#include <algorithm>
#include <vector>

namespace qhn {

std::map<Index, std::uint64_t> measure(std::span<const Complex> amplitudes, std::uint64_t shots,
                                       CounterRng rng) {
  std::vector<double> points(shots);
  for (double& point : points) point = rng.uniform();
  std::sort(points.begin(), points.end());

  double norm = 0.0;  // 1 but for rounding
  for (const Complex& amplitude : amplitudes) norm += std::norm(amplitude);
  std::map<Index, std::uint64_t> counts;
  double cumulative = 0.0;
  auto point = points.begin();
  for (Index w = 0; w < amplitudes.size() && point != points.end(); ++w) {
    cumulative += std::norm(amplitudes[w]);
    const auto first = point;
    while (point != points.end() && *point * norm < cumulative) ++point;
    if (point != first) counts[w] = static_cast<std::uint64_t>(point - first);
  }
  return counts;
}

std::map<Index, std::uint64_t> measure(std::span<const Complex> amplitudes, std::uint64_t shots,
                                       std::uint64_t seed) {
  return measure(amplitudes, shots, CounterRng(seed, Stream::shots, 0));
}

}  // namespace qhn
