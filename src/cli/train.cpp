#include <CLI/CLI.hpp>
#include <memory>

#include "campaign/circuit_work.hpp"
#include "cli/campaign_options.hpp"
#include "cli/merge.hpp"
#include "cli/options.hpp"
#include "cli/verbs.hpp"
#include "comm/mpi_session.hpp"
#include "comm/processors.hpp"

namespace qhn {

void add_campaign_options(CLI::App& verb, CampaignOptions& options) {
  verb.add_option("EXPERIMENT", options.experiment, "Experiment file (TOML)")->required();
  verb.add_option("--out", options.out,
                  "Folder; a campaign in it is resumed (default: results/NAME, baseline: "
                  "results/NAME-baseline)");
  add_integer(verb, "--restarts", options.restarts, "Number of restarts (default: of the file)", 1);
  add_integer(verb, "--seed", options.seed, "Seed of the restarts (default: of the file)", 0);
  verb.add_option("--set", options.overrides,
                  "Override a key of the file, e.g. circuit.sublayers=4")
      ->type_size(1)
      ->allow_extra_args(false);
  add_integer(verb, "--threads", options.threads,
              "Threads per rank (default: OMP_NUM_THREADS, or the rank's cores)", 1, max_threads);
  verb.add_option("--simd", options.simd, "Instruction set (default: the best of rank 0)");
  CLI::Option* ids = verb.add_option("--ids", options.ids, "A:B: only restarts A to B-1");
  verb.add_option("--array-task", options.array_task,
                  "K/M: only the K-th of M equal parts, K = 0 ... M-1")
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

void add_train(CLI::App& app) {
  struct Options {
    CampaignOptions campaign;
    std::string engine, precision;
  };
  auto options = std::make_shared<Options>();
  CLI::App* verb = app.add_subcommand("train", "Run or resume the restarts of an experiment");
  add_campaign_options(*verb, options->campaign);
  verb->add_option(
      "--engine", options->engine,
      "automatic, reference, sweep (statevector) or cut (Schmidt cut); default: of the file");
  verb->add_option("--precision", options->precision, "float64 or float32 (default: of the file)");
  add_integer(
      *verb, "--ranks-per-state", options->campaign.ranks_per_state,
      "Ranks that hold one distributed state, too large for one rank: 1, 2, 4, … (default: 1)", 1,
      1 << 20);
  verb->footer(
      "Every finished restart is saved at once. After an interruption the same command resumes, "
      "with any\n"
      "number of ranks. USR1, TERM, HUP or Ctrl-C end a run cleanly (exit code 75).\n"
      "Examples:\n  qhn train jobs/experiments/gaussian.toml --restarts 50\n"
      "  mpirun -n 4 qhn train jobs/experiments/mnist-01.toml --out results/mnist-01\n"
      "  qhn train jobs/experiments/mnist-01.toml --array-task 3/10");
  verb->callback([options] {
    std::vector<std::string>& overrides = options->campaign.overrides;
    if (!options->engine.empty()) overrides.push_back("engine.kind=" + options->engine);
    if (!options->precision.empty()) overrides.push_back("engine.precision=" + options->precision);
    MpiSession session;
    const int code =
        run_campaign(session, options->campaign,
                     *make_circuit_work(options->campaign.ranks_per_state), merge_campaign);
    if (code != 0) throw CLI::RuntimeError(code);
  });
}

}  // namespace qhn
