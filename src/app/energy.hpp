#pragma once

#include <mpi.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "meter/meter.hpp"
#include "predict/work.hpp"
#include "record/energy.hpp"

namespace qhn {

/// [meter] and [carbon] of an experiment. Nothing here changes a result.
struct EnergyOptions {
  MeterOptions meter;
  CpuModel model;                    ///< meter.constants
  double pue = 1.0;                  ///< meter.pue
  bool repeat = true;                ///< meter.repeat: short phases, EnergyLog::end_phase()
  double grams_per_kwh = not_known;  ///< carbon.gCO2e_per_kWh
};

/// Reads the constants of a CpuModel (jobs/energy/cpu.toml). Throws InputError as
/// file:line:column: what was found; what is allowed.
CpuModel read_cpu_model(const std::string& path);

/// A phase is run again at most so often, and not where that would take longer in all (s).
constexpr int most_repetitions = 10;
constexpr double most_repeating = 60.0;

/// What the phases of a run take: counters of every node, read by one rank there, and counted
/// operations beside them.
class EnergyLog {
 public:
  /// Finds what a node's joules are read from, on a rank that reads.
  using Find = std::function<EnergySource()>;
  /// `reads`: of the ranks of a node one. All calls are collective over `world`. `find`: by default
  /// the first source that `options` allow.
  EnergyLog(MPI_Comm world, bool reads, const EnergyOptions& options, Find find = {});

  /// Looks for counters; where there are any, the nodes idle for a second or more to be measured.
  void begin();
  /// Does a phase's work for the `repetition`-th time, 1, 2, …, on all ranks, and tells what this
  /// one executed; nullopt, on all of them: it was broken off.
  using Again = std::function<std::optional<Work>(int repetition)>;
  /// Ends the phase that began with this call's predecessor. `work` is added up over the ranks.
  /// Where a counter was read and does not know the phase to 1 %, the phase is run `again` until it
  /// does: an uncertainty is one of both ends, whatever is between them.
  void end_phase(const std::string& name, const Work& work, const Again& again = {});
  /// Measures idle nodes once more. The sum is rank 0's; `run` and `restarts` are too. Warns of
  /// counters that failed and of joules that cannot be right, by node, counter and reason.
  RunEnergy finish(const std::string& run, std::uint64_t restarts);

 private:
  struct Phase {
    std::string name;
    Work work;
    double seconds = 0.0;
    std::vector<ScopeEnergy> energies;
    Meter::Mark end;  // of these
    int times = 0;    // in the sums above
  };
  struct Moment {
    double seconds = 0.0;  ///< of MPI_Wtime
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

  MPI_Comm world_;
  int rank_ = 0, nodes_ = 1;
  bool reads_;
  EnergyOptions options_;
  Find find_;
  EnergySource source_;
  std::unique_ptr<Meter> meter_;  // where there are counters
  Moment began_;                  // of the phase that runs
  double first_began_ = 0.0, idle_seconds_ = 0.0;
  std::vector<ScopeEnergy> idle_before_;
  std::vector<std::string> faults_;  // on this node
  std::vector<Phase> phases_;
};

}  // namespace qhn
