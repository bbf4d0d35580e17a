#include "record/statistics.hpp"

#include <algorithm>
#include <boost/math/distributions/binomial.hpp>
#include <boost/math/distributions/normal.hpp>
#include <cmath>
#include <limits>

#include "core/error.hpp"

namespace qhn {
namespace {

void check_counts(std::uint64_t count, std::uint64_t total) {
  if (total == 0 || count > total)
    throw InputError("a success probability needs at least one restart and no more successes");
}

// Wilson's score interval, without continuity correction.
Interval wilson(std::uint64_t count, std::uint64_t total, double z) {
  const double n = static_cast<double>(total), k = static_cast<double>(count);
  const double centre = 2 * k + z * z;
  const double half = z * std::sqrt(z * z + 4 * k * (n - k) / n);
  const double scale = 2 * (n + z * z);
  return {std::max(0.0, (centre - half) / scale), std::min(1.0, (centre + half) / scale)};
}

}  // namespace

Interval clopper_pearson(std::uint64_t count, std::uint64_t total, double confidence) {
  check_counts(count, total);
  using boost::math::binomial_distribution;
  const double n = static_cast<double>(total), k = static_cast<double>(count);
  const double tail = (1 - confidence) / 2;
  return {binomial_distribution<>::find_lower_bound_on_p(n, k, tail),
          binomial_distribution<>::find_upper_bound_on_p(n, k, tail)};
}

Interval newcombe_difference(std::uint64_t count_a, std::uint64_t total_a, std::uint64_t count_b,
                             std::uint64_t total_b, double confidence) {
  check_counts(count_a, total_a);
  check_counts(count_b, total_b);
  const double z = boost::math::quantile(boost::math::normal(), (1 + confidence) / 2);
  const double a = static_cast<double>(count_a) / static_cast<double>(total_a);
  const double b = static_cast<double>(count_b) / static_cast<double>(total_b);
  const Interval wa = wilson(count_a, total_a, z), wb = wilson(count_b, total_b, z);
  return {a - b - std::hypot(a - wa.low, wb.high - b), a - b + std::hypot(wa.high - a, b - wb.low)};
}

bool probabilities_agree(std::uint64_t count_a, std::uint64_t total_a, std::uint64_t count_b,
                         std::uint64_t total_b) {
  const Interval difference = newcombe_difference(count_a, total_a, count_b, total_b, 0.99);
  return difference.low <= 0 && difference.high >= 0;
}

std::vector<Success> success_ladder(const std::vector<RestartRecord>& records,
                                    const std::vector<double>& epsilons) {
  std::vector<Success> ladder;
  for (const double epsilon : epsilons) {
    // A diverged restart has gap NaN, which is not below any epsilon: it stays in the denominator.
    const auto count = static_cast<std::uint64_t>(
        std::count_if(records.begin(), records.end(),
                      [epsilon](const RestartRecord& r) { return r.result.gap < epsilon; }));
    const std::uint64_t total = records.size();
    const Interval interval = clopper_pearson(count, total);
    ladder.push_back(
        {epsilon, count, total, static_cast<double>(count) / static_cast<double>(total), interval});
  }
  return ladder;
}

std::vector<RestartRecord> contiguous_prefix(const std::vector<RestartRecord>& records) {
  std::size_t m = 0;
  while (m < records.size() && records[m].result.id == m) ++m;
  return {records.begin(), records.begin() + static_cast<std::ptrdiff_t>(m)};
}

MeanCost mean_cost(const std::vector<RestartRecord>& records) {
  MeanCost mean;
  for (const RestartRecord& r : records) {
    mean.seconds += r.cost.seconds;
    mean.cpu_seconds += r.cost.cpu_seconds;
    mean.joules += r.cost.joules;
    mean.iterations += r.result.iterations;
    mean.evaluations += r.result.evaluations;
  }
  const double n = static_cast<double>(records.size());
  for (double* sum :
       {&mean.seconds, &mean.cpu_seconds, &mean.joules, &mean.iterations, &mean.evaluations})
    *sum /= n;
  return mean;
}

double cost_to_solution_99(double cost, double probability) {
  if (probability <= 0) return std::numeric_limits<double>::infinity();
  if (probability >= 0.99) return cost;
  return cost * std::max(1.0, std::log(0.01) / std::log1p(-probability));
}

}  // namespace qhn
