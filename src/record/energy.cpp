#include "record/energy.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

namespace qhn {
namespace {

// The sum of one figure over all runs; nullopt if a run lacks it for one of its nodes.
std::optional<EnergyTotal> total(const std::vector<RunEnergy>& runs, const EnergyTotal& wanted) {
  constexpr double joules_per_kwh = 3.6e6;
  EnergyTotal sum = wanted;
  double grams = 0.0;
  for (const RunEnergy& run : runs) {
    std::int32_t nodes = 0, all_nodes = 0;
    double seconds = 0.0;
    for (const PhaseEnergy& p : run.phases) {
      if (p.phase != wanted.phase) continue;
      if (p.host == "all") all_nodes = p.nodes;
      if (p.method != wanted.method || p.scope != wanted.scope || !(p.joules >= 0)) continue;
      nodes += p.nodes;
      seconds = std::max(seconds, p.seconds);
      sum.times = std::max(sum.times, p.times);
      sum.joules += p.joules;
      sum.uncertainty += p.uncertainty;
      sum.net_joules += p.net_joules;
      sum.net_uncertainty += p.net_uncertainty;
      grams += p.joules * run.pue * run.grams_per_kwh / joules_per_kwh;
    }
    if (all_nodes == 0) continue;  // this run had no such phase
    if (nodes != all_nodes) return std::nullopt;
    sum.seconds += seconds;
    sum.restarts += run.restarts;
  }
  sum.grams = grams;
  return sum;
}

EnergyTotal nothing_known(const std::vector<RunEnergy>& runs, const std::string& phase) {
  EnergyTotal none{.phase = phase, .method = "none", .scope = ""};
  for (const RunEnergy& run : runs)
    for (const PhaseEnergy& p : run.phases)
      if (p.phase == phase && p.host == "all") {
        none.seconds += p.seconds;
        none.restarts += run.restarts;
      }
  none.joules = none.uncertainty = none.net_joules = none.net_uncertainty = not_known;
  return none;
}

}  // namespace

double EnergyTotal::busy_share(double mean_seconds) const {
  const double busy = mean_seconds * static_cast<double>(restarts);
  return busy < seconds ? busy / seconds : 1.0;  // more: restarts in parallel
}

double EnergyTotal::per_restart(double mean_seconds) const {
  const double work = is_measured(method) || std::isnan(net_joules) ? 0.0 : net_joules;
  return (work + (joules - work) * busy_share(mean_seconds)) / static_cast<double>(restarts);
}

std::vector<EnergyTotal> total_energy(const std::vector<RunEnergy>& runs) {
  std::vector<std::string> phases;
  std::vector<EnergyTotal> figures;  // of any run, without repeats
  for (const RunEnergy& run : runs)
    for (const PhaseEnergy& p : run.phases) {
      if (std::find(phases.begin(), phases.end(), p.phase) == phases.end())
        phases.push_back(p.phase);
      const bool there = std::any_of(figures.begin(), figures.end(), [&](const EnergyTotal& f) {
        return f.phase == p.phase && f.method == p.method && f.scope == p.scope;
      });
      if (!there && p.method != "none" && !is_doubtful(p.method) && p.scope != "psys")
        figures.push_back({.phase = p.phase, .method = p.method, .scope = p.scope});
    }
  std::stable_partition(figures.begin(), figures.end(),
                        [](const EnergyTotal& f) { return is_measured(f.method); });
  std::vector<EnergyTotal> totals;
  for (const std::string& phase : phases) {
    std::optional<EnergyTotal> best;
    for (const EnergyTotal& figure : figures)
      if (!best && figure.phase == phase) best = total(runs, figure);
    EnergyTotal& sum = totals.emplace_back(best ? *best : nothing_known(runs, phase));
    for (const RunEnergy& run : runs)
      for (const PhaseEnergy& p : run.phases) {
        if (p.phase != phase || p.host != "all") continue;
        sum.flops += p.flops;
        sum.bytes += p.bytes;
        sum.exchanged += p.exchanged;
      }
  }
  return totals;
}

}  // namespace qhn
