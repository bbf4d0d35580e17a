#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <span>

#include "cli/json_line.hpp"
#include "cli/single_state_options.hpp"
#include "cli/verbs.hpp"
#include "comm/distributed_engine.hpp"
#include "core/aligned.hpp"
#include "core/costs.hpp"
#include "core/error.hpp"

namespace qhn {
namespace {

struct EvaluateOptions {
  SingleStateOptions state;
  bool gradient = false;
  bool best = false;
  bool json = false;
};

struct Evaluated {
  double expectation = 0.0;
  std::vector<double> gradient;  ///< empty unless asked for
  std::optional<double> best;    ///< probability of the strings of least cost, if asked for
};

/// `named`: of one of several restarts.
void print_json(const SingleState& s, const NamedAngles& state, const Evaluated& found,
                bool named) {
  nlohmann::ordered_json out;
  if (named) out["restart"] = *state.restart;
  out.update({{"qubits", s.plan.circuit.qubits},
              {"expectation", found.expectation},
              {"reference", "enumerated"},  // of gaps
              {"minimum", s.minimum},
              {"gap", found.expectation - s.minimum}});
  if (found.best) out["best_probability"] = *found.best;
  if (const Noise& noise = s.plan.circuit.noise; found.best || !noise.none()) {
    out["noise"] = {{"kind", to_string(noise.kind)},
                    {"one_qubit", noise.one_qubit},
                    {"two_qubit", noise.two_qubit}};
    for (const auto& [one_for_zero, zero_for_one] : noise.readout)
      out["noise"]["readout"].push_back({one_for_zero, zero_for_one});
  }
  if (!found.gradient.empty()) out["gradient"] = found.gradient;
  print_line(out);
}

void print_text(const SingleState& s, const Evaluated& found) {
  fmt::print("qubits       {}\nexpectation  {:.17g}\nminimum      {:.17g}\ngap          {:.17g}\n",
             s.plan.circuit.qubits, found.expectation, s.minimum, found.expectation - s.minimum);
  if (found.best) fmt::print("best         {:.17g}\n", *found.best);
  for (std::size_t k = 0; k < found.gradient.size(); ++k)
    fmt::print("{}{:>5}  {:.17g}\n", k == 0 ? "gradient\n" : "", k, found.gradient[k]);
}

std::unique_ptr<Engine> make_engine_of(const SingleState& s, std::span<const double> costs) {
  return s.ranks ? make_distributed_engine(*s.ranks, s.plan, costs) : make_engine(s.plan, costs);
}

void run_evaluate(const EvaluateOptions& options) {
  const bool all = options.state.restart.all;
  if (all && options.gradient && !options.json)
    throw InputError("--all with --gradient: allowed: with --json");
  SingleStateOptions state_options = options.state;
  if (options.best) state_options.tables = 2;
  const SingleState s = prepare_single_state(state_options, options.gradient);
  if (!s.has_part()) return;
  const auto engine = make_engine_of(s, s.costs);
  // Their probability is the expectation of a cost that is 1 for them and 0 for others.
  AlignedVector<double> is_best;
  std::unique_ptr<Engine> of_best;
  if (options.best) {
    is_best.resize(s.costs.size());
    std::ranges::transform(
        s.costs, is_best.begin(),
        [limit = minimizer_limit(s.minimum)](double c) { return c <= limit ? 1.0 : 0.0; });
    of_best = make_engine_of(s, is_best);
  }
  if (all && !options.json && s.speaks())
    fmt::print("# minimum {:.17g}\n# restart  expectation  gap{}\n", s.minimum,
               options.best ? "  best" : "");
  for (const NamedAngles& state : s.states) {
    Evaluated found;
    if (options.gradient) {
      found.gradient.resize(state.angles.size());
      found.expectation = engine->expectation_and_gradient(state.angles, found.gradient);
    } else {
      found.expectation = engine->expectation(state.angles);
    }
    if (of_best) found.best = of_best->expectation(state.angles);
    if (!s.speaks()) continue;
    if (options.json)
      print_json(s, state, found, all);
    else if (all)
      fmt::print("{}  {:.17g}  {:.17g}{}\n", *state.restart, found.expectation,
                 found.expectation - s.minimum,
                 found.best ? fmt::format("  {:.17g}", *found.best) : "");
    else
      print_text(s, found);
  }
}

}  // namespace

void add_evaluate(CLI::App& app) {
  auto options = std::make_shared<EvaluateOptions>();
  CLI::App* verb =
      app.add_subcommand("evaluate", "Compute expectation and gradient at given angles");
  add_single_state_options(*verb, options->state);
  verb->add_flag("--gradient", options->gradient,
                 "Also print the gradient: the derivative by every angle");
  verb->add_flag("--best", options->best,
                 "Also print the probability of the strings of least cost, all together");
  verb->add_flag("--json", options->json, "Print JSON");
  verb->footer(
      "Examples:\n"
      "  qhn evaluate jobs/experiments/gaussian.toml --angles angles.txt --gradient --json\n"
      "  qhn evaluate --from results/gaussian --restart 17\n"
      "  qhn evaluate --from results/gaussian --all --json  (a line for each restart)\n"
      "  qhn evaluate --from results/gaussian --all --best --set noise.two_qubit=0.01");
  verb->callback([options] { run_evaluate(*options); });
}

}  // namespace qhn
