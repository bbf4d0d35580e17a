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

Attempt mean(const Attempts& attempts) {
  Attempt sum;
  for (const Attempt& a : attempts) {
    sum.success += a.success;
    sum.cost += a.cost;
  }
  const auto count = static_cast<double>(attempts.size());
  return {sum.success / count, sum.cost / count};
}

// Instances have equal weight.
Attempt mean(Instances instances) {
  Attempts means;
  for (const Attempts& each : instances) means.push_back(mean(each));
  return mean(means);
}

std::vector<std::size_t> drawn(std::size_t count, CounterRng& rng) {
  std::vector<std::size_t> places(count);
  for (std::size_t& place : places)
    place = static_cast<std::size_t>(rng.uniform() * static_cast<double>(count));
  return places;
}

// The mean of the attempts at these places, of those that there are; of all if there are none.
Attempt mean_at(const Attempts& attempts, const std::vector<std::size_t>& places) {
  Attempts found;
  for (const std::size_t place : places)
    if (place < attempts.size()) found.push_back(attempts[place]);
  return mean(found.empty() ? attempts : found);
}

// The mean of one resample: of instances, and of attempts, the same ones in all instances.
Attempt resample(Instances instances, CounterRng& rng) {
  std::size_t most = 0;
  for (const Attempts& each : instances) most = std::max(most, each.size());
  const std::vector<std::size_t> attempts = drawn(most, rng);
  if (instances.size() == 1) return mean_at(instances[0], attempts);
  Attempts means, chosen;
  for (const Attempts& each : instances) means.push_back(mean_at(each, attempts));
  for (const std::size_t i : drawn(instances.size(), rng)) chosen.push_back(means[i]);
  return mean(chosen);
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
  const auto binary = [](const Attempts& attempts) {
    return std::ranges::all_of(
        attempts, [](const Attempt& a) { return a.success == 0.0 || a.success == 1.0; });
  };
  const double all = mean(instances).success;
  const bool alike = instances.size() == 1 || all == 0.0 || all == 1.0;
  if (!alike || !std::ranges::all_of(instances, binary))
    return bootstrap(instances, [](const Attempt& a) { return a.success; });
  const auto least = std::ranges::min(instances, {}, &Attempts::size).size();
  const auto count = static_cast<std::uint64_t>(std::llround(all * static_cast<double>(least)));
  return {all, clopper_pearson(count, least)};
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
