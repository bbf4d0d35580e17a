#include "engine/engine.hpp"

#include <array>
#include <utility>

#include "core/error.hpp"
#include "engine/cut_engine.hpp"
#include "engine/reference_engine.hpp"
#include "engine/sweep_engine.hpp"

namespace qhn {
namespace {

constexpr std::array<std::pair<EngineKind, const char*>, 4> engines{
    {{EngineKind::automatic, "automatic"},
     {EngineKind::reference, "reference"},
     {EngineKind::sweep, "sweep"},
     {EngineKind::cut, "cut"}}};

constexpr std::array<std::pair<Precision, const char*>, 2> precisions{
    {{Precision::float64, "float64"}, {Precision::float32, "float32"}}};

template <class Names, class Value>
const char* name_of(const Names& names, Value value) {
  for (const auto& [v, name] : names)
    if (v == value) return name;
  return "unknown";
}

template <class Names>
auto value_of(const Names& names, const std::string& name, const std::string& what) {
  std::string known;
  for (const auto& [value, n] : names) {
    if (name == n) return value;
    known += known.empty() ? n : std::string(", ") + n;
  }
  throw InputError("unknown " + what + " '" + name + "': known are " + known);
}

CutCircuit choose_cut(const Circuit& circuit, EngineKind kind) {
  if (kind != EngineKind::cut) return best_cut(circuit, Purpose::expectation);
  if (circuit.qubits < 2) throw InputError("one qubit cannot be cut: use engine sweep");
  return cheapest_proper_cut(circuit, Purpose::expectation);
}

}  // namespace

const char* to_string(EngineKind kind) { return name_of(engines, kind); }
EngineKind parse_engine(const std::string& name) { return value_of(engines, name, "engine"); }
const char* to_string(Precision precision) { return name_of(precisions, precision); }
Precision parse_precision(const std::string& name) {
  return value_of(precisions, name, "precision");
}

EngineKind choose_engine(const Circuit& circuit) {
  return best_cut(circuit, Purpose::expectation).high.qubits > 0 ? EngineKind::cut
                                                                 : EngineKind::sweep;
}

double evaluation_multiply_adds(const Circuit& circuit, EngineKind kind) {
  const bool whole = kind == EngineKind::sweep || kind == EngineKind::reference;
  return gradient_fmas(whole ? cut_circuit(circuit, circuit.qubits, Purpose::expectation)
                             : choose_cut(circuit, kind));
}

std::unique_ptr<Engine> make_engine(const Circuit& circuit, std::span<const double> cost,
                                    const EngineOptions& options) {
  if (cost.size() != dimension(circuit.qubits))
    throw InputError("a circuit of " + std::to_string(circuit.qubits) + " qubits needs " +
                     std::to_string(dimension(circuit.qubits)) + " costs, got " +
                     std::to_string(cost.size()));
  if (options.kind == EngineKind::reference) {
    if (options.precision != Precision::float64)
      throw InputError("the reference engine supports float64 only");
    return make_reference_engine(circuit, cost);
  }
  if (options.kind == EngineKind::sweep) return make_sweep_engine(circuit, cost, options);
  const CutCircuit cut = choose_cut(circuit, options.kind);
  if (cut.high.qubits == 0) return make_sweep_engine(circuit, cost, options);
  return make_cut_engine(circuit, cut, cost, options);
}

std::size_t engine_bytes(const Circuit& circuit, const EngineOptions& options) {
  if (options.kind == EngineKind::reference) return 3 * dimension(circuit.qubits) * sizeof(Complex);
  if (options.kind != EngineKind::sweep) {
    const CutCircuit cut = choose_cut(circuit, options.kind);
    if (cut.high.qubits > 0) return cut_engine_bytes(cut, options);
  }
  return sweep_engine_bytes(circuit, options);
}

}  // namespace qhn
