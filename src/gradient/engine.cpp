#include "gradient/engine.hpp"

#include <array>
#include <utility>

#include "core/error.hpp"
#include "gradient/reference_engine.hpp"

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

}  // namespace

const char* to_string(EngineKind kind) { return name_of(engines, kind); }
EngineKind parse_engine(const std::string& name) { return value_of(engines, name, "engine"); }
const char* to_string(Precision precision) { return name_of(precisions, precision); }
Precision parse_precision(const std::string& name) {
  return value_of(precisions, name, "precision");
}

EngineKind choose_engine(const Circuit&) { return EngineKind::reference; }

std::unique_ptr<Engine> make_engine(const Circuit& circuit, std::span<const double> cost,
                                    const EngineOptions&) {
  if (cost.size() != dimension(circuit.qubits))
    throw InputError("a circuit of " + std::to_string(circuit.qubits) + " qubits needs " +
                     std::to_string(dimension(circuit.qubits)) + " costs, got " +
                     std::to_string(cost.size()));
  return make_reference_engine(circuit, cost);
}

std::size_t engine_bytes(const Circuit& circuit, const EngineOptions&) {
  return 3 * dimension(circuit.qubits) * sizeof(Complex);
}

}  // namespace qhn
