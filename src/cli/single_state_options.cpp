#include "cli/single_state_options.hpp"

#include "cli/options.hpp"
#include "comm/processors.hpp"

namespace qhn {

void add_trained_restart(CLI::App& verb, TrainedRestart& restart) {
  verb.add_option("--from", restart.from,
                  "In place of EXPERIMENT and --angles: folder of a campaign that kept its angles");
  add_integer(verb, "--restart", restart.id, "With --from: the restart whose final angles to use",
              0);
  verb.add_flag("--all", restart.all, "With --from: all restarts, one after the other");
}

void add_single_state_options(CLI::App& verb, SingleStateOptions& options) {
  verb.add_option("EXPERIMENT", options.experiment, "Experiment file (TOML)");
  verb.add_option("--angles", options.angles,
                  "Text file with one vector of angles per line, or one number per line");
  add_trained_restart(verb, options.restart);
  add_integer(verb, "--row", options.row, "Vector of angles to use, counted from 0 (default: 0)",
              0);
  verb.add_flag("--ignore-extra", options.ignore_extra,
                "Ignore numbers beyond the circuit's angles");
  add_set(verb, options.overrides);
  add_integer(verb, "--threads", options.threads,
              "Threads per rank (default: OMP_NUM_THREADS, or the rank's cores)", 1, max_threads);
  add_integer(verb, "--ranks-per-state", options.ranks,
              "Ranks that hold the distributed state: 1, 2, 4, … (default: 1; more need mpirun)", 1,
              1 << 20);
}

}  // namespace qhn
