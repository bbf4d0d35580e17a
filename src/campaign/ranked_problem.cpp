#include "campaign/ranked_problem.hpp"

#include <cstdlib>

#include "campaign/node_memory.hpp"
#include "campaign/same_input.hpp"
#include "comm/launcher.hpp"

namespace qhn {
namespace {

Experiment read(const RankedProblemOptions& options) {
  return options.restart.given() ? read_stored_experiment(options.restart, options.overrides)
                                 : read_experiment(options.experiment, options.overrides);
}

}  // namespace

void load(const RankedProblemOptions& options, const std::function<void(const Experiment&)>& check,
          RankedProblem& out) {
  if (options.ranks == 1) {
    refuse_several_ranks(options.verb, options.ranks_option, std::getenv);
    out.experiment = read(options);
    check(out.experiment);
    out.problem = make_problem(out.experiment.problem);
    out.data_sha256 = out.problem->data_sha256();
    print_remarks(*out.problem);
    return;
  }
  out.session = std::make_unique<MpiSession>();
  require_same_launch(*out.session);
  std::vector<Given> mine;
  out.session->agree([&] {
    require_ranks_per_state(options.ranks, out.session->size(), options.ranks_option);
    if (!options.restart.given()) require_readable(options.experiment, options.ranks);
    out.experiment = read(options);
    check(out.experiment);
    if (options.restart.given())
      mine = {{"the experiment of " + options.restart.from, to_toml(out.experiment), ""}};
    else
      mine = given_experiment(out.experiment, options.experiment, options.overrides);
  });
  require_same(*out.session, mine);
  out.problem = load_problem(*out.session, out.experiment.problem, out.data_sha256);
  if (out.speaks()) print_remarks(*out.problem);
  if (!out.session->narrow(options.ranks)) return;
  out.ranks = std::make_unique<Ranks>(out.session->world());
}

}  // namespace qhn
