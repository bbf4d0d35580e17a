#include <fmt/format.h>

#include <memory>

#include "cli/json_line.hpp"
#include "cli/single_state_options.hpp"
#include "cli/verbs.hpp"

namespace qhn {
namespace {

struct EvaluateOptions {
  SingleStateOptions state;
  bool gradient = false;
  bool json = false;
};

void run_evaluate(const EvaluateOptions& options) {
  const SingleState s = prepare_single_state(options.state, options.gradient);
  if (!s.has_part()) return;
  const auto engine =
      s.ranks ? make_distributed_engine(*s.ranks, s.plan, s.costs) : make_engine(s.plan, s.costs);
  std::vector<double> gradient(options.gradient ? s.angles.size() : 0);
  const double expectation = options.gradient ? engine->expectation_and_gradient(s.angles, gradient)
                                              : engine->expectation(s.angles);
  if (!s.speaks()) return;

  if (options.json) {
    nlohmann::ordered_json out{{"qubits", s.plan.circuit.qubits},
                               {"expectation", expectation},
                               {"reference", "enumerated"},  // of gaps
                               {"minimum", s.minimum},
                               {"gap", expectation - s.minimum}};
    if (options.gradient) out["gradient"] = gradient;
    print_line(out);
    return;
  }
  fmt::print("qubits       {}\nexpectation  {:.17g}\nminimum      {:.17g}\ngap          {:.17g}\n",
             s.plan.circuit.qubits, expectation, s.minimum, expectation - s.minimum);
  for (std::size_t k = 0; k < gradient.size(); ++k)
    fmt::print("{}{:>5}  {:.17g}\n", k == 0 ? "gradient\n" : "", k, gradient[k]);
}

}  // namespace

void add_evaluate(CLI::App& app) {
  auto options = std::make_shared<EvaluateOptions>();
  CLI::App* verb =
      app.add_subcommand("evaluate", "Compute expectation and gradient at given angles");
  add_single_state_options(*verb, options->state);
  verb->add_flag("--gradient", options->gradient,
                 "Also print the gradient: the derivative by every angle");
  verb->add_flag("--json", options->json, "Print JSON");
  verb->footer(
      "Examples:\n"
      "  qhn evaluate jobs/experiments/gaussian.toml --angles angles.txt --gradient --json\n"
      "  qhn evaluate --from results/gaussian --restart 17");
  verb->callback([options] { run_evaluate(*options); });
}

}  // namespace qhn
