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
    throw InputError(
        "a success probability needs at least one restart, and not more successes than restarts");
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

Tally::Tally(std::vector<double> epsilons)
    : epsilons_(std::move(epsilons)), successes_(epsilons_.size()) {}

void Tally::add(const RestartRecord& record) {
  ++restarts_;
  // A diverged restart has gap NaN, which is not below any epsilon: it stays in the denominator.
  for (std::size_t e = 0; e < epsilons_.size(); ++e)
    if (record.result.gap < epsilons_[e]) ++successes_[e];
  ++endings_.at(static_cast<std::size_t>(record.result.status));
  sum_.seconds += record.cost.seconds;
  sum_.cpu_seconds += record.cost.cpu_seconds;
  sum_.joules += record.cost.joules;
  sum_.iterations += record.result.iterations;
  sum_.evaluations += record.result.evaluations;
}

std::vector<Success> Tally::success() const {
  std::vector<Success> ladder;
  for (std::size_t e = 0; e < epsilons_.size(); ++e)
    ladder.push_back({epsilons_[e], successes_[e], restarts_,
                      static_cast<double>(successes_[e]) / static_cast<double>(restarts_),
                      clopper_pearson(successes_[e], restarts_)});
  return ladder;
}

MeanCost Tally::cost() const {
  MeanCost mean = sum_;
  for (double* value :
       {&mean.seconds, &mean.cpu_seconds, &mean.joules, &mean.iterations, &mean.evaluations})
    *value /= static_cast<double>(restarts_);
  return mean;
}

double cost_to_solution_99(double cost, double probability) {
  if (probability <= 0) return std::numeric_limits<double>::infinity();
  if (probability >= 0.99) return cost;
  return cost * std::max(1.0, std::log(0.01) / std::log1p(-probability));
}

}  // namespace qhn
