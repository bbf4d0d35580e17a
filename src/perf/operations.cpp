#include "perf/operations.hpp"

#include <algorithm>
#include <cmath>

#include "record/energy.hpp"

namespace qhn {

Work table_work(const ProblemOptions& options, int qubits, std::uint64_t samples, int inputs) {
  const double entries = std::ldexp(1.0, qubits), count = static_cast<double>(samples);
  Work work{0.0, 8 * entries};
  if (!has_networks(options)) return work;
  if (options.network == NetworkKind::logistic) {
    work.flops = 3 * entries * count;
    return work;
  }
  const auto& activations = options.activations;
  if (std::find(activations.begin(), activations.end(), Activation::sign) != activations.end())
    return {not_known, work.bytes};
  double distinct = 0.0, flops = 0.0;
  for (int active = options.hidden - (options.width_choice ? 1 : 0); active <= options.hidden;
       ++active) {
    distinct = 1.0;
    const double patterns = std::ldexp(1.0, inputs + 2);
    for (int i = 0; i < active; ++i) distinct *= (patterns + i) / (i + 1);
    flops += distinct * count * (active + 11);
  }
  const double cells = static_cast<double>(activations.size()) * (options.pair_choice ? 4 : 1);
  work.flops = cells * flops;
  return work;
}

double forward_flops(const FixedNetwork& network) {
  if (network.kind == NetworkKind::logistic) return 2.0 * network.inputs;
  return 2.0 * network.active * (network.inputs + 1);
}

}  // namespace qhn
