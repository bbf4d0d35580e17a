#include "cli/campaign_options.hpp"

#include "cli/options.hpp"
#include "comm/processors.hpp"

namespace qhn {

void add_campaign_options(CLI::App& verb, CampaignOptions& options) {
  verb.add_option("EXPERIMENT", options.experiment, "Experiment file (TOML)")->required();
  verb.add_option("--out", options.out,
                  "Folder; a campaign in it is resumed (default: results/NAME, baseline: "
                  "results/NAME-baseline)");
  add_integer(verb, "--restarts", options.restarts, "Number of restarts (default: of the file)", 1);
  add_integer(verb, "--seed", options.seed, "Seed of the restarts (default: of the file)", 0);
  add_set(verb, options.overrides);
  add_integer(verb, "--threads", options.threads,
              "Threads per rank (default: OMP_NUM_THREADS, or the rank's cores)", 1, max_threads);
  verb.add_option("--simd", options.simd, "Instruction set (default: the best of rank 0)");
  CLI::Option* ids = verb.add_option("--ids", options.ids, "A:B: only restarts A to B-1");
  verb.add_option("--array-task", options.array_task,
                  "K/M: only part K of M equal parts, numbered from 0 to M-1")
      ->excludes(ids);
  verb.add_option("--announce", options.announce,
                  "Append the id of every restart to this file once its record is written");
  add_integer(verb, "--ranks-per-writer", options.ranks_per_writer,
              "Ranks that share a journal, written by one of them (default: all of a node)", 1,
              1 << 24);
  add_stale(verb, options.stale, "another run");
  verb.add_option("--sstat", options.sstat,
                  "Folder of Slurm's sstat, which reads energy counters (default: search PATH)");
}

}  // namespace qhn
