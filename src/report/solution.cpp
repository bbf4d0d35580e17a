#include "report/solution.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "core/random.hpp"

namespace qhn {
namespace {

constexpr int resamples = 1000;

using Instances = std::span<const Attempts>;

// Mean over instances with equal weight. `instance` and `attempt` choose the item of a list that is
// used as the k-th one.
template <class Pick, class PickAttempt>
Attempt mean(Instances instances, const Pick& instance, const PickAttempt& attempt) {
  Attempt all;
  for (std::size_t i = 0; i < instances.size(); ++i) {
    const Attempts& attempts = instance(instances, i);
    Attempt sum;
    for (std::size_t k = 0; k < attempts.size(); ++k) {
      const Attempt& a = attempt(attempts, k);
      sum.success += a.success;
      sum.cost += a.cost;
    }
    all.success += sum.success / static_cast<double>(attempts.size());
    all.cost += sum.cost / static_cast<double>(attempts.size());
  }
  const auto count = static_cast<double>(instances.size());
  return {all.success / count, all.cost / count};
}

constexpr auto itself = [](const auto& items, std::size_t k) -> const auto& { return items[k]; };

Attempt mean(Instances instances) { return mean(instances, itself, itself); }

std::vector<double> uniforms(std::size_t count, CounterRng& rng) {
  std::vector<double> numbers(count);
  for (double& number : numbers) number = rng.uniform();
  return numbers;
}

// The mean of one resample: instances, and attempts of all instances together.
Attempt resample(Instances instances, CounterRng& rng) {
  std::size_t most = 0;
  for (const Attempts& each : instances) most = std::max(most, each.size());
  const auto by = [](const std::vector<double>& numbers) {
    return [&numbers](const auto& items, std::size_t k) -> const auto& {
      return items[static_cast<std::size_t>(numbers[k] * static_cast<double>(items.size()))];
    };
  };
  const std::vector<double> attempts = uniforms(most, rng);
  if (instances.size() == 1) return mean(instances, itself, by(attempts));
  const std::vector<double> drawn = uniforms(instances.size(), rng);
  return mean(instances, by(drawn), by(attempts));
}

Estimate bootstrap(Instances instances, const std::function<double(const Attempt&)>& of) {
  const double estimate = of(mean(instances));
  // An attempt is unknown. Resamples without it would be numbers, which cannot be sorted with NaN.
  if (std::isnan(estimate)) return {estimate, {estimate, estimate}};
  std::vector<double> values;
  for (int b = 0; b < resamples; ++b) {
    CounterRng rng(0, Stream::bootstrap, static_cast<std::uint64_t>(b));
    values.push_back(of(resample(instances, rng)));
  }
  std::sort(values.begin(), values.end());
  return {estimate, {values[resamples / 40 - 1], values[resamples - resamples / 40]}};
}

}  // namespace

Estimate mean_success(std::span<const Attempts> instances) {
  const auto binary = [](const Attempt& a) { return a.success == 0.0 || a.success == 1.0; };
  if (instances.size() == 1 && std::all_of(instances[0].begin(), instances[0].end(), binary)) {
    const auto count = static_cast<std::uint64_t>(std::count_if(
        instances[0].begin(), instances[0].end(), [](const Attempt& a) { return a.success == 1; }));
    return {mean(instances).success, clopper_pearson(count, instances[0].size())};
  }
  return bootstrap(instances, [](const Attempt& a) { return a.success; });
}

Estimate mean_cost(std::span<const Attempts> instances) {
  return bootstrap(instances, [](const Attempt& a) { return a.cost; });
}

Estimate solution_cost_99(std::span<const Attempts> instances, double once) {
  const Attempt all = mean(instances);
  if (all.success > 0)
    return bootstrap(instances, [once](const Attempt& a) {
      return once + cost_to_solution_99(a.cost, a.success);
    });
  std::size_t attempts = 0;  // independent ones
  for (const Attempts& each : instances) attempts = std::max(attempts, each.size());
  constexpr double never = std::numeric_limits<double>::infinity();
  const double most = 1 - std::pow(0.05, 1 / static_cast<double>(attempts));
  return {never, {once + cost_to_solution_99(all.cost, most), never}};
}

}  // namespace qhn
