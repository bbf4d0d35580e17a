#include <CLI/CLI.hpp>
#include <memory>

#include "campaign/circuit_work.hpp"
#include "cli/campaign_options.hpp"
#include "cli/merge.hpp"
#include "cli/options.hpp"
#include "cli/verbs.hpp"
#include "comm/mpi_session.hpp"

namespace qhn {

void add_train(CLI::App& app) {
  struct Options {
    CampaignOptions campaign;
    std::string engine, precision;
  };
  auto options = std::make_shared<Options>();
  CLI::App* verb = app.add_subcommand("train", "Run or resume the restarts of an experiment");
  add_campaign_options(*verb, options->campaign);
  verb->add_option("--engine", options->engine,
                   "automatic, reference, sweep (statevector), cut (Schmidt cut) or tensor; "
                   "default: of the file");
  verb->add_option("--precision", options->precision, "float64 or float32 (default: of the file)");
  add_integer(
      *verb, "--ranks-per-state", options->campaign.ranks_per_state,
      "Ranks that hold one distributed state, too large for one rank: 1, 2, 4, … (default: 1)", 1,
      1 << 20);
  verb->footer(
      "A restart that has ended is in a journal within a quarter of a second. After an "
      "interruption "
      "the same\n"
      "command resumes, with any number of ranks. USR1, TERM, HUP or Ctrl-C end a run cleanly "
      "(exit "
      "code 75);\n"
      "send USR1 to mpirun and srun, which kill their ranks on TERM.\n"
      "A table [sweep] in the file runs many experiments at once (docs/campaigns.md).\n"
      "Examples:\n  qhn train jobs/experiments/gaussian.toml --restarts 200\n"
      "  mpirun -n 4 qhn train jobs/experiments/mnist-01.toml --out results/mnist-01\n"
      "  qhn train jobs/experiments/mnist-01.toml --array-task 3/10");
  verb->callback([options] {
    std::vector<std::string>& overrides = options->campaign.overrides;
    if (!options->engine.empty()) overrides.push_back("engine.kind=" + options->engine);
    if (!options->precision.empty()) overrides.push_back("engine.precision=" + options->precision);
    MpiSession session;
    const int code =
        run_campaign(session, options->campaign,
                     {[&] { return make_circuit_work(options->campaign.ranks_per_state); },
                      merge_campaign, print_sweep});
    if (code != 0) throw CLI::RuntimeError(code);
  });
}

}  // namespace qhn
