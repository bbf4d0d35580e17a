#include "perf/machine.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "core/error.hpp"

namespace qhn {
namespace {

/// Interpolates between the value for one core and that for all, linear in the logarithm of the
/// cores.
double between(const Machine& machine, int cores, double one, double all) {
  if (machine.cores <= 1) return all;
  return one + (all - one) * std::log(cores) / std::log(machine.cores);
}

double exchange_seconds(const Machine& machine, const EvaluationLoad& load, const Layout& layout) {
  if (load.exchanged_bytes == 0.0) return 0.0;
  // Groups fill node after node; only those larger than a node need the network.
  const bool within = layout.ranks_per_state <= layout.ranks_per_node;
  const std::optional<Link>& link = within ? machine.node : machine.network;
  if (!link)
    throw InputError("the machine file of " + machine.name + " has no link between " +
                     (within ? "ranks of a node ([links.node])" : "nodes ([links.network])"));
  const double sharing = within ? 1.0 : layout.ranks_per_node;
  return load.exchanged_bytes * sharing / link->bandwidth + load.messages * link->latency;
}

}  // namespace

double Curve::at(double n) const {
  const auto above = std::lower_bound(qubits.begin(), qubits.end(), n);
  if (above == qubits.end()) return values.back();
  const auto k = static_cast<std::size_t>(above - qubits.begin());
  if (k == 0) return values.front();
  const double t = (n - qubits[k - 1]) / (qubits[k] - qubits[k - 1]);
  return values[k - 1] + t * (values[k] - values[k - 1]);
}

const char* to_string(Kernel kernel) {
  constexpr const char* names[kernels] = {
      "sweep",          "sweep_gradient", "blocks",         "blocks_gradient", "cut_2",
      "cut_2_gradient", "cut_4",          "cut_4_gradient", "cut_more",        "cut_more_gradient"};
  return names[static_cast<std::size_t>(kernel)];
}

double evaluation_seconds(const Machine& machine, const EvaluationLoad& load, int threads, int busy,
                          const Layout& layout) {
  const auto kernel = static_cast<std::size_t>(load.kernel);
  // The ranks of a node that share one state count as cores that work on it.
  const int ranks = std::min(layout.ranks_per_state, layout.ranks_per_node);
  const int cores = std::min(ranks * threads, machine.cores);
  const double n = load.qubits + std::log2(ranks);
  const double flops =
      between(machine, cores, machine.one.fma * cores, machine.all.fma * cores / machine.cores);
  const double pass = between(machine, cores, machine.one.pass.at(n) * cores,
                              machine.all.pass.at(n) * cores / machine.cores);
  const double share =
      between(machine, cores, machine.one.share[kernel].at(n), machine.all.share[kernel].at(n));
  const double roof = ranks * std::max(load.work.flops / flops, load.work.bytes / pass);
  // Slowdown with a state on every core, and the fraction of it for this number of busy cores.
  const double slowdown = machine.one.share[kernel].at(n) / machine.each[kernel].at(n);
  const double crowd =
      machine.cores > 1
          ? std::log(std::max(1.0, static_cast<double>(busy) / cores)) / std::log(machine.cores)
          : 0.0;
  return roof / share * std::pow(slowdown, crowd) + exchange_seconds(machine, load, layout);
}

}  // namespace qhn
