#include "core/costs.hpp"

#include <fmt/format.h>

#include "core/error.hpp"

namespace qhn {

void require_finite(std::span<const double> costs, const std::function<Index(Index)>& index_of) {
  const auto bad =
      std::find_if(costs.begin(), costs.end(), [](double c) { return !std::isfinite(c); });
  if (bad == costs.end()) return;
  throw InputError(
      fmt::format("the cost of network {} is {}; allowed: data and costs whose sums fit "
                  "a double",
                  index_of(static_cast<Index>(bad - costs.begin())), *bad));
}

double target_slack(double target) {
  return std::max(equal_costs * std::abs(target), std::numeric_limits<double>::min());
}

}  // namespace qhn
