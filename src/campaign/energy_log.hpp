#pragma once

#include <mpi.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "comm/communicator.hpp"
#include "perf/meter.hpp"
#include "perf/work.hpp"
#include "record/energy.hpp"

namespace qhn {

/// [meter] and [carbon] of an experiment. Nothing here changes a result.
struct EnergyOptions {
  MeterOptions meter;
  CpuModel model;                    ///< read from `constants`
  std::string constants;             ///< meter.constants: a file; empty: the model's defaults
  double pue = 1.0;                  ///< meter.pue
  bool repeat = true;                ///< meter.repeat: short phases, see EnergyLog::end_phase()
  double grams_per_kwh = not_known;  ///< carbon.gCO2e_per_kWh
};

/// Reads the constants of a CpuModel (jobs/energy/cpu.toml). Throws InputError as
/// file:line:column: what was found; what is allowed.
CpuModel read_cpu_model(const std::string& path);

/// Limits of the repetitions of a phase: their number, and the seconds of all its runs.
constexpr int most_repetitions = 10;
constexpr double most_repeating = 60.0;

/// Energy of the phases of a run: counters, read by one rank of each node, and counted operations.
/// All calls are collective over `world`.
class EnergyLog {
 public:
  /// Finds the source of a node's joules; called on ranks that read.
  using Find = std::function<EnergySource()>;
  /// `reads`: true on one rank of each node. `find`: by default the first source that `options`
  /// allow.
  EnergyLog(MPI_Comm world, bool reads, const EnergyOptions& options, Find find = {});

  /// Finds counters. If there are any, measures idle nodes for a second or more.
  void begin();
  /// Repeats a phase, for the `repetition`-th time, 1, 2, …, on all ranks. Returns the work of this
  /// rank; nullopt, on all ranks: interrupted.
  using Again = std::function<std::optional<Work>(int repetition)>;
  /// Ends the phase that began with the previous call. `work` is summed over the ranks. While the
  /// uncertainty of a counter exceeds 1 % of the phase, the phase is run `again`: the uncertainty
  /// comes from the two ends and does not grow with duration.
  void end_phase(const std::string& name, const Work& work, const Again& again = {});
  /// Measures idle nodes once more and returns the energy of all nodes on rank 0, whose `run` and
  /// `restarts` count. Logs a warning of counters that failed and of impossible joules, with node,
  /// counter and reason.
  RunEnergy finish(const std::string& run, std::uint64_t restarts);

 private:
  struct Phase {
    std::string name;
    Work work;
    double seconds = 0.0;
    std::vector<ScopeEnergy> energies;
    Meter::Mark end;  // of the energies
    int times = 0;    // runs in the sums above
  };
  struct Moment {
    double seconds = 0.0;  ///< MPI_Wtime()
    Meter::Mark mark;
  };
  Moment now() const;
  Moment add_time(Phase& phase, const Work& work) const;
  bool goes_on(const Phase& phase) const;
  std::vector<ScopeEnergy> idle();
  RunEnergy measured_here(const std::vector<ScopeEnergy>& idle_after);
  PhaseEnergy counted(const Phase& phase);
  std::string gather_remarks();
  void tell_cost(const RunEnergy& all) const;

  Communicator world_;
  int nodes_ = 1;
  bool reads_;
  EnergyOptions options_;
  Find find_;
  EnergySource source_;
  std::unique_ptr<Meter> meter_;  // null: no counters
  Moment began_;                  // of the current phase
  double first_began_ = 0.0, idle_seconds_ = 0.0;
  std::vector<ScopeEnergy> idle_before_;
  std::vector<std::string> faults_;  // on this node
  std::vector<Phase> phases_;
};

}  // namespace qhn
