#include "engine/engines.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "core/error.hpp"
#include "engine/cut_engine.hpp"
#include "engine/distributed_stage.hpp"
#include "engine/reference_engine.hpp"
#include "engine/sweep_engine.hpp"
#include "engine/tensor_engine.hpp"

namespace qhn {
namespace {

std::size_t real_bytes(Precision precision) {
  return precision == Precision::float32 ? sizeof(float) : sizeof(double);
}

CutCircuit uncut(const Circuit& circuit) {
  return cut_circuit(circuit, circuit.qubits, Purpose::expectation);
}

void lay_out_reference(ExecutionPlan& plan) {
  if (plan.ranks > 1) throw InputError("the reference engine keeps the whole state on one rank");
  if (plan.engine.precision != Precision::float64)
    throw InputError("the reference engine supports float64 only");
  plan.cut = best_cut(plan.circuit, Purpose::expectation);  // its work is counted as the fastest's
  plan.multiply_adds = gradient_fmas(plan.cut);
}

double reference_bytes(const ExecutionPlan& plan, const EngineOptions&) {
  return static_cast<double>(3 * dimension(plan.circuit.qubits) * sizeof(Complex));
}

void lay_out_sweep(ExecutionPlan& plan) {
  plan.cut = uncut(plan.circuit);
  plan.multiply_adds = gradient_fmas(plan.cut);
  const int local = plan.circuit.qubits - plan.rank_bits();
  plan.exchanges = plan_exchanges(plan.circuit, local, Purpose::expectation);
  if (plan.shots && plan.ranks > 1) plan.exchanges = in_table_order(std::move(plan.exchanges));
  plan.expectation_exchange = plan.exchanges.exchanged_states() * 2.0 *
                              static_cast<double>(real_bytes(plan.engine.precision)) *
                              static_cast<double>(dimension(local));
  plan.gradient_exchange = 3.0 * plan.expectation_exchange;  // φ, and φ and λ on the way back
}

double sweep_bytes(const ExecutionPlan& plan, const EngineOptions& options) {
  return static_cast<double>(plan.ranks == 1 ? sweep_engine_bytes(plan.circuit, options)
                                             : distributed_sweep_bytes(plan.exchanges, options));
}

void lay_out_cut(ExecutionPlan& plan) {
  if (plan.shots && plan.ranks > 1)
    throw InputError(fmt::format(
        "engine cut cannot measure shots of a state on {} ranks; allowed: automatic or sweep",
        plan.ranks));
  if (plan.circuit.qubits < 2) throw InputError("one qubit cannot be cut: use engine sweep");
  if (plan.cut.high.qubits == 0) plan.cut = cheapest_proper_cut(plan.circuit, Purpose::expectation);
  if (most_cut_ranks(plan.cut) < static_cast<Index>(plan.ranks))
    throw InputError(fmt::format("the cut of this circuit has rows for at most {} ranks, not {}",
                                 most_cut_ranks(plan.cut), plan.ranks));
  plan.multiply_adds = gradient_fmas(plan.cut);
  if (plan.ranks == 1) return;
  plan.expectation_exchange = 2.0 * sizeof(double) * plan.rank_bits();
  plan.gradient_exchange = 2.0 * (1.0 - 1.0 / plan.ranks) *
                           static_cast<double>(real_bytes(plan.engine.precision)) *
                           static_cast<double>(cut_sum_length(plan.cut));
}

double cut_bytes(const ExecutionPlan& plan, const EngineOptions& options) {
  return static_cast<double>(cut_engine_bytes(plan.cut, options, static_cast<Index>(plan.ranks)));
}

void lay_out_tensor(ExecutionPlan& plan) {
  const char* const needed = plan.circuit.noise.none() ? "" : ", which noise needs,";
  if (plan.ranks > 1)
    throw InputError(
        fmt::format("the tensor engine{} runs on one rank; allowed: --ranks-per-state 1", needed));
  if (plan.engine.precision != Precision::float64)
    throw InputError(fmt::format(
        "the tensor engine{} computes in float64; allowed: engine.precision = \"float64\"",
        needed));
  plan.chain = std::make_shared<const ChainPlan>(plan_chain(plan.circuit));
  plan.multiply_adds = plan.chain->fmas(true);
}

double tensor_bytes(const ExecutionPlan& plan, const EngineOptions&) {
  return sizeof(double) * tensor_engine_elements(*plan.chain);
}

// Measured (bench/RESULTS.md, Shared or independent threads).
constexpr SerialShare reference_shares[] = {{0, 1.0}};  // uses one thread
constexpr SerialShare cut_shares[] = {{0, 1.0}, {1e6, 0.65}, {1e7, 0.35}, {3e7, 0.05}};
constexpr SerialShare sweep_shares[] = {{0, 1.0}, {5e7, 0.25}, {1.5e8, 0.15}, {4e8, 0.05}};

// Not measured: threads share the products with the table, but not the chain.
constexpr SerialShare tensor_shares[] = {{0, 1.0}};

const EngineEntry table[] = {
    {EngineKind::reference, "reference", false, lay_out_reference, reference_bytes,
     [](const ExecutionPlan& p, std::span<const double> cost) {
       return make_reference_engine(p.circuit, cost);
     },
     reference_shares},
    {EngineKind::sweep, "sweep", false, lay_out_sweep, sweep_bytes,
     [](const ExecutionPlan& p, std::span<const double> cost) {
       return make_sweep_engine(p.circuit, cost, p.engine);
     },
     sweep_shares},
    {EngineKind::cut, "cut", false, lay_out_cut, cut_bytes,
     [](const ExecutionPlan& p, std::span<const double> cost) {
       return make_cut_engine(p.circuit, p.cut, cost, p.engine);
     },
     cut_shares},
    {EngineKind::tensor, "tensor", true, lay_out_tensor, tensor_bytes,
     [](const ExecutionPlan& p, std::span<const double> cost) {
       return make_tensor_engine(p.chain, cost, p.engine);
     },
     tensor_shares}};

}  // namespace

const EngineEntry& engine_entry(EngineKind kind) {
  return *std::ranges::find(table, kind, &EngineEntry::kind);
}

const char* to_string(EngineKind kind) {
  return kind == EngineKind::automatic ? "automatic" : engine_entry(kind).name;
}

std::vector<EngineKind> engine_kinds() {
  std::vector<EngineKind> kinds{EngineKind::automatic};
  for (const EngineEntry& entry : table) kinds.push_back(entry.kind);
  return kinds;
}

EngineKind parse_engine(const std::string& name) {
  std::string known;
  for (const EngineKind kind : engine_kinds()) {
    if (name == to_string(kind)) return kind;
    known += fmt::format("{}{}", known.empty() ? "" : ", ", to_string(kind));
  }
  throw InputError(fmt::format("unknown engine '{}': known are {}", name, known));
}

const char* to_string(Precision precision) {
  return precision == Precision::float32 ? "float32" : "float64";
}

std::unique_ptr<Engine> make_engine(const ExecutionPlan& plan, std::span<const double> cost) {
  if (cost.size() != dimension(plan.circuit.qubits))
    throw InputError(fmt::format("a circuit of {} qubits needs {} costs, got {}",
                                 plan.circuit.qubits, dimension(plan.circuit.qubits), cost.size()));
  return engine_entry(plan.engine.kind).make(plan, cost);
}

std::unique_ptr<Engine> make_engine(const Circuit& circuit, std::span<const double> cost,
                                    const EngineOptions& options) {
  return make_engine(plan_execution(circuit, {options}), cost);
}

}  // namespace qhn
