#include "record/campaign_schema.hpp"

#include <fmt/format.h>

#include "core/error.hpp"
#include "record/toml_reader.hpp"

namespace qhn {
namespace {

constexpr const char* restarts = "[restarts]";
constexpr const char* crossings = "[restarts, epsilons]";
constexpr const char* ledger = "[restarts, 3]";
constexpr const char* iterates = "[iterates]";
constexpr const char* runs = "[runs]";
constexpr const char* by_phase = "[phases]";

constexpr FieldMeaning schema[] = {
    {"/", nullptr, nullptr, "a campaign of qhn: the finished restarts of one experiment"},
    {"/experiment", "none", "scalar", "the experiment with every default filled in, as TOML"},
    {"/identity", "none", "scalar", "what makes two campaigns the same, as lines key = value"},
    {"/epsilon", "1", "[epsilons]", "the ladder of gaps, descending, in units of the cost"},
    {"/table", nullptr, nullptr,
     "what gaps are counted from. reference = enumerated: minimum (E_min), minimizers (networks "
     "whose cost counts as E_min: within 1e-12 of it, relative, or of ten times the range of all "
     "costs, whichever is less), best_index (the lowest of them), with "
     "restarts.keep_scores best_test_cost (its loss on the test samples); reference = "
     "target: target, the experiment's problem.target. qubits, samples (training samples behind "
     "one cost). found_*: the cheapest network that a restart returned: its index, bits (parameter "
     "0 first), cost, and the restart"},
    {"/table/next_gaps", "1", "[up to 4]",
     "cost - E_min of the next distinct costs, ascending, in units of the cost"},
    {"/restarts", nullptr, nullptr, "one row per finished restart, in ascending id"},
    {"/restarts/id", "1", restarts, "number of the restart, from 0"},
    {"/restarts/seed", "1", restarts, "restarts.seed: random streams are named by (seed, id)"},
    {"/restarts/status", "none", restarts, "why the restart ended (enumeration)"},
    {"/restarts/expectation", "1", restarts,
     "E at the final angles, or the training loss of the network returned, in units of the cost"},
    {"/restarts/gap", "1", restarts,
     "expectation - reference, in units of the cost: E_min, or the target, below which it is "
     "negative (see /table)"},
    {"/restarts/gradient_norm", "1/rad", restarts, "2-norm of the gradient of E at the end"},
    {"/restarts/iterations", "1", restarts, "accepted iterations of the optimizer"},
    {"/restarts/evaluations", "1", restarts,
     "evaluations of E with its gradient, circuits measured, or losses requested"},
    {"/restarts/best_string", "none", restarts, nullptr},
    {"/restarts/best_probability", "1", restarts, nullptr},
    {"/restarts/best_cost", "1", restarts, nullptr},
    {"/restarts/seconds", "s", restarts, "wall clock"},
    {"/restarts/cpu_seconds", "s", restarts, "processor time of the thread that ran it"},
    {"/restarts/joules", "J", restarts, "NaN: not measured; joules of phases are in /energy"},
    {"/restarts/host", "none", restarts, "node that ran it"},
    {"/restarts/expectation_crossing_iteration", "1", crossings,
     "first iteration with expectation - reference < epsilon; -1: never"},
    {"/restarts/expectation_crossing_evaluation", "1", crossings,
     "evaluations spent until then; -1: never"},
    {"/restarts/string_crossing_iteration", "1", crossings,
     "first iteration whose most probable string has cost - reference < epsilon; -1: never"},
    {"/restarts/string_crossing_evaluation", "1", crossings,
     "evaluations spent until then; -1: never"},
    {"/restarts/oracle_evaluations", "1", ledger,
     "networks whose training loss was requested: in optimization, selection, validation"},
    {"/restarts/oracle_unique", "1", ledger, "distinct networks among them, by phase"},
    {"/restarts/oracle_samples", "1", ledger,
     "forward passes of single samples behind them, by phase; a gradient counts as three"},
    {"/restarts/test_expectation", "1", restarts,
     "E of the test losses at the final angles, in units of the cost; only with "
     "restarts.keep_scores"},
    {"/restarts/best_test_cost", "1", restarts, "loss of best_string on the test samples"},
    {"/restarts/best_accuracy", "1", restarts, "accuracy of best_string on the training samples"},
    {"/restarts/best_test_accuracy", "1", restarts, "accuracy of best_string on the test samples"},
    {"/restarts/angles", "rad", "[restarts, angles]", "final angles"},
    {"/history", nullptr, nullptr,
     "the accepted iterates of all restarts, one restart after the other in the order of "
     "/restarts: a restart has iterations + 1 of them, the first is the start; only with "
     "restarts.keep_history"},
    {"/history/expectation", "1", iterates, "E, in units of the cost"},
    {"/history/gradient_norm", "1/rad", iterates,
     "2-norm of the gradient of E; with shots: of the estimate that led to this iterate"},
    {"/history/step", "rad", iterates,
     "2-norm of the change of the angles since the iterate before; 0 at the start"},
    {"/history/evaluations", "1", iterates, "evaluations spent until then"},
    {"/energy", nullptr, nullptr, "time and energy of the runs that ended cleanly"},
    {"/energy/runs", nullptr, nullptr, "one row per run"},
    {"/energy/runs/run", "none", runs, "its name: host, process, time"},
    {"/energy/runs/restarts", "1", runs, "restarts it finished"},
    {"/energy/runs/pue", "1", runs, "power usage effectiveness of the site (meter.pue)"},
    {"/energy/runs/grams_per_kwh", "g/kWh", runs, "CO2 equivalents of the electricity"},
    {"/energy/runs/meter_seconds", "s", runs, "spent reading counters"},
    {"/energy/runs/remarks", "none", runs, "problems with its counters"},
    {"/energy/phases", nullptr, nullptr, "one row per run, phase and host"},
    {"/energy/phases/run", "none", by_phase, "run it belongs to"},
    {"/energy/phases/phase", "none", by_phase, "table, tuning or restarts"},
    {"/energy/phases/host", "none", by_phase, "one node, or all"},
    {"/energy/phases/method", "none", by_phase,
     "measured:SOURCE, modelled:cpu, doubtful:SOURCE or none"},
    {"/energy/phases/scope", "none", by_phase, "what the counters cover"},
    {"/energy/phases/nodes", "1", by_phase, "nodes in the sum"},
    {"/energy/phases/seconds", "s", by_phase, "wall clock of the phase"},
    {"/energy/phases/joules", "J", by_phase, "gross energy; NaN: not known"},
    {"/energy/phases/uncertainty", "J", by_phase,
     "of joules, from ticks and updates; NaN: not known"},
    {"/energy/phases/net_joules", "J", by_phase, "net of the idle power; NaN: not known"},
    {"/energy/phases/net_uncertainty", "J", by_phase, "of net_joules; NaN: not known"},
    {"/energy/phases/tick", "J", by_phase, "resolution of the counters; NaN: not known"},
    {"/energy/phases/flops", "1", by_phase, "counted floating-point operations; NaN: not counted"},
    {"/energy/phases/bytes", "B", by_phase, "counted bytes to and from memory; NaN: not counted"},
    {"/energy/phases/exchanged", "B", by_phase, "bytes sent between ranks; NaN: not counted"},
    {"/energy/phases/times", "1", by_phase,
     "repetitions of the phase: all figures are means over them"},
    {"/provenance", nullptr, nullptr,
     "origin of the file: program, machine, run, hash of the data"},
    {"/provenance/hosts", "none", "[hosts]", "nodes of the run"},
};

}  // namespace

std::span<const FieldMeaning> campaign_schema() { return schema; }

const char* to_string(Chosen chosen) {
  switch (chosen) {
    case Chosen::most_probable:
      return "most probable";
    case Chosen::best_measured:
      return "best measured";
    case Chosen::returned:
      return "returned";
  }
  return "unknown";
}

Chosen how_chosen(const std::string& method, const std::string& experiment) {
  if (!method.empty()) return Chosen::returned;
  try {
    const toml::table root = parse_toml_text(experiment, "experiment");
    const std::string optimizer = root["optimizer"]["name"].value_or(std::string("lbfgs"));
    if (optimizer != "lbfgs") return Chosen::best_measured;
  } catch (const InputError&) {
    // Only tests pass a text that is not TOML.
  }
  return Chosen::most_probable;
}

std::string describe_best(const std::string& field, Chosen chosen) {
  const char* which =
      chosen == Chosen::most_probable   ? "the most probable bit string of the final state"
      : chosen == Chosen::best_measured ? "the bit string of least cost among the "
                                          "optimizer.selection_shots measured in the final state"
                                        : "the network that the method returned";
  if (field == "best_string")
    return fmt::format("table index of {}: bit N-1-p is parameter p", which);
  if (field == "best_cost") return fmt::format("cost of {}, in units of the cost", which);
  return chosen == Chosen::returned ? "1: the method returns one network"
                                    : fmt::format("probability of {}", which);
}

}  // namespace qhn
