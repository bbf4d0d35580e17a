#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace qhn {

inline constexpr double not_known = std::numeric_limits<double>::quiet_NaN();

/// One figure for the joules of one phase of a run. Where nothing is known a number is NaN, never
/// 0. A phase too short for its counters is run several times: then all figures are the mean of
/// one time, which is known that much better.
struct PhaseEnergy {
  std::string phase;       ///< "table", "tuning", "restarts"
  std::string host;        ///< of the node; "all": of all nodes of the run together
  std::string method;      ///< "measured:rapl", "measured:pm_counters", "measured:slurm",
                           ///< "modelled:cpu", "none": nothing is known, or doubtful(one of these):
                           ///< the joules cannot be those of the seconds, the run's remarks say why
  std::string scope;       ///< "package", "package+dram", "node", "psys"; empty with "none"
  std::int32_t nodes = 1;  ///< that the figure is for
  double seconds = 0.0;    ///< that the phase took, and the joules are for
  double joules = not_known;
  double uncertainty = not_known;      ///< of joules: a bound, by ticks and updates of the counters
  double net_joules = not_known;       ///< without what an idle node takes in that time
  double net_uncertainty = not_known;  ///< that of the idle power included
  double tick = not_known;             ///< J: the step of the coarsest counter
  double flops = not_known;  ///< counted, in the rows "all"; the rest see predict/work.hpp
  double bytes = not_known;
  double exchanged = not_known;  ///< bytes sent between ranks that hold one state, likewise
  std::int32_t times = 1;  ///< that the phase was run; restarts again with ids no campaign has
  friend bool operator==(const PhaseEnergy&, const PhaseEnergy&) = default;
};

/// What one run of a campaign took. Every phase has a row with host "all", modelled or none, and
/// measured rows beside it where there were counters.
struct RunEnergy {
  std::string run;                   ///< as its journals are called
  std::uint64_t restarts = 0;        ///< finished by this run
  double pue = 1.0;                  ///< power usage effectiveness of the site, the user's figure
  double grams_per_kwh = not_known;  ///< CO2 equivalent of electricity, the user's figure
  double meter_seconds = 0.0;        ///< CPU time that reading the counters took, on all nodes
  std::string remarks;  ///< what was found and not used or failed, where and why; '; ' between them
  std::vector<PhaseEnergy> phases;
  friend bool operator==(const RunEnergy&, const RunEnergy&) = default;
};

inline bool is_measured(const std::string& method) { return method.starts_with("measured:"); }
/// "measured:rapl" → "doubtful:rapl".
inline std::string doubtful(const std::string& method) {
  return "doubtful" + method.substr(method.find(':'));
}
inline bool is_doubtful(const std::string& method) { return method.starts_with("doubtful:"); }

/// What all runs of a campaign say about one phase together.
struct EnergyTotal {
  std::string phase, method, scope;
  double seconds = 0.0;
  double joules = 0.0;
  double uncertainty = 0.0;
  double net_joules = 0.0;
  double net_uncertainty = 0.0;
  double grams = not_known;    ///< CO2 equivalent of joules × PUE; NaN unless every run knows
  std::uint64_t restarts = 0;  ///< finished by the runs that are in the sum
  std::int32_t times = 1;      ///< the most that any of them ran the phase
  double flops = 0.0;          ///< as counted, whatever the joules come from; NaN: not known
  double bytes = 0.0;
  double exchanged = 0.0;
  /// The share of the phase's seconds in which restarts computed, at most 1, where the clock of
  /// each ran `mean_seconds`: the rest are start, journal and waiting.
  double busy_share(double mean_seconds) const;
  /// Joules of the `mean_seconds` of one restart, so that both are of the same time: of the work
  /// and of this share of the idle power where they are modelled, else of all. By default its part
  /// of the whole phase.
  double per_restart(double mean_seconds = std::numeric_limits<double>::infinity()) const;
};

/// For every phase the best method that the figures allow: measured where every run has that figure
/// of all of its nodes; else modelled where every run has it; else "none" with joules NaN. Doubtful
/// figures and psys counters, which see more than the node's processors and memory, are left out.
std::vector<EnergyTotal> total_energy(const std::vector<RunEnergy>& runs);

}  // namespace qhn
