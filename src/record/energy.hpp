#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace qhn {

inline constexpr double not_known = std::numeric_limits<double>::quiet_NaN();

/// Energy of one phase of a run, by one method. Unknown numbers are NaN, never 0. A phase too short
/// for its counters is run several times: all figures are then means over the repetitions, which
/// are that much more precise.
struct PhaseEnergy {
  std::string phase;       ///< "table", "tuning", "restarts"
  std::string host;        ///< of the node; "all": sum of all nodes of the run
  std::string method;      ///< "measured:rapl", "measured:pm_counters", "measured:slurm",
                           ///< "modelled:cpu", "none": unknown, or doubtful(one of these):
                           ///< the joules do not fit the seconds, see the run's remarks
  std::string scope;       ///< "package", "package+dram", "node", "psys"; empty with "none"
  std::int32_t nodes = 1;  ///< nodes in the figure
  double seconds = 0.0;    ///< duration of the phase, and of the joules
  double joules = not_known;
  double uncertainty = not_known;      ///< error bound of joules, from ticks and updates
  double net_joules = not_known;       ///< joules without those of an idle node in that time
  double net_uncertainty = not_known;  ///< its error bound, idle power included
  double tick = not_known;             ///< J: the step of the coarsest counter
  double flops = not_known;            ///< counted, only in rows "all"; see perf/work.hpp
  double bytes = not_known;
  double exchanged = not_known;  ///< bytes sent between ranks that hold one state, likewise
  std::int32_t times = 1;        ///< repetitions; repeated restarts use ids that no campaign has
  friend bool operator==(const PhaseEnergy&, const PhaseEnergy&) = default;
};

/// Energy of one run of a campaign. Every phase has a row with host "all", modelled or none, and
/// measured rows where there were counters.
struct RunEnergy {
  std::string run;                   ///< its name, as in its journals
  std::uint64_t restarts = 0;        ///< finished by this run
  double pue = 1.0;                  ///< power usage effectiveness of the site, from the user
  double grams_per_kwh = not_known;  ///< CO2 equivalent of electricity, from the user
  double meter_seconds = 0.0;        ///< CPU time of reading the counters, on all nodes
  std::string remarks;  ///< unused or failed counters, where and why, separated by '; '
  std::vector<PhaseEnergy> phases;
  friend bool operator==(const RunEnergy&, const RunEnergy&) = default;
};

inline bool is_measured(const std::string& method) { return method.starts_with("measured:"); }
/// "measured:rapl" → "doubtful:rapl".
inline std::string doubtful(const std::string& method) {
  return "doubtful" + method.substr(method.find(':'));
}
inline bool is_doubtful(const std::string& method) { return method.starts_with("doubtful:"); }

/// Totals of one phase over all runs of a campaign.
struct EnergyTotal {
  std::string phase, method, scope;
  double seconds = 0.0;
  double joules = 0.0;
  double uncertainty = 0.0;
  double net_joules = 0.0;
  double net_uncertainty = 0.0;
  double grams = not_known;    ///< CO2 equivalent of joules × PUE; NaN unless all runs have it
  std::uint64_t restarts = 0;  ///< finished by the runs in the sum
  std::int32_t times = 1;      ///< largest number of repetitions
  double flops = 0.0;          ///< as counted, independent of `method`; NaN: unknown
  double bytes = 0.0;
  double exchanged = 0.0;
  /// The fraction of the phase's seconds in which restarts computed, at most 1, if each took
  /// `mean_seconds`. The rest is start-up, journal and waiting.
  double busy_share(double mean_seconds) const;
  /// Joules of one restart of `mean_seconds`, so that both refer to the same time. Modelled: the
  /// net joules and busy_share() of the idle energy; measured: busy_share() of all joules. Default:
  /// its part of the whole phase.
  double per_restart(double mean_seconds = std::numeric_limits<double>::infinity()) const;
};

/// For every phase the best available method: measured if every run has that figure for all its
/// nodes; else modelled if every run has it; else "none" with joules NaN. Excludes doubtful
/// figures, and psys counters, which cover more than processors and memory of the node.
std::vector<EnergyTotal> total_energy(const std::vector<RunEnergy>& runs);

}  // namespace qhn
