#include "circuit/circuit.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <map>
#include <utility>

#include "core/angle.hpp"
#include "core/error.hpp"

namespace qhn {
namespace {

constexpr std::array<std::pair<Family, const char*>, 4> families{
    {{Family::product, "product"},
     {Family::linear, "linear"},
     {Family::all_to_all, "all-to-all"},
     {Family::custom, "custom"}}};

constexpr std::array<std::pair<GateKind, const char*>, 6> kinds{{{GateKind::cx, "CX"},
                                                                 {GateKind::cz, "CZ"},
                                                                 {GateKind::rx, "Rx"},
                                                                 {GateKind::ry, "Ry"},
                                                                 {GateKind::rz, "Rz"},
                                                                 {GateKind::rzz, "Rzz"}}};

constexpr int max_qubits = 62;  // a table index fits 64 bits, with a margin for arithmetic

void check_qubits(int qubits) {
  if (qubits < 1 || qubits > max_qubits)
    throw InputError("a circuit of " + std::to_string(qubits) + " qubits: allowed are 1 to " +
                     std::to_string(max_qubits));
}

std::string lower(std::string s) {
  std::transform(s.begin(), s.end(), s.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return s;
}

/// The entangling gates of sublayer d in the published order.
void append_entanglers(Family family, int qubits, int d, std::vector<Gate>& gates) {
  if (family == Family::linear) {
    // Counted 1…N, the controls are j = 1 + (d mod 2), 3 + (d mod 2), … while j + 1 <= N.
    for (int j = 1 + d % 2; j + 1 <= qubits; j += 2) gates.push_back({GateKind::cx, j - 1, j});
  } else if (family == Family::all_to_all) {
    for (int a = 0; a < qubits; ++a)
      for (int b = a + 1; b < qubits; ++b) gates.push_back({GateKind::cz, a, b});
  }
}

}  // namespace

const char* to_string(Family family) {
  for (const auto& [value, name] : families)
    if (value == family) return name;
  return "unknown";
}

Family parse_family(const std::string& name) {
  for (const auto& [value, known] : families)
    if (name == known) return value;
  std::string all;
  for (const auto& [value, known] : families) all += (all.empty() ? "" : ", ") + std::string(known);
  throw InputError("unknown circuit family '" + name + "': known are " + all);
}

std::vector<Family> circuit_families() {
  std::vector<Family> all;
  for (const auto& [value, name] : families) all.push_back(value);
  return all;
}

const char* to_string(GateKind kind) {
  for (const auto& [value, name] : kinds)
    if (value == kind) return name;
  return "unknown";
}

int sublayers_per_layer(Family family) { return family == Family::linear ? 2 : 1; }

Circuit make_circuit(Family family, int qubits, int sublayers) {
  check_qubits(qubits);
  if (family == Family::custom) throw InputError("a custom circuit needs its list of gates");
  if (sublayers < 1)
    throw InputError("a circuit of " + std::to_string(sublayers) +
                     " sublayers: at least 1 is needed");
  Circuit circuit;
  circuit.qubits = qubits;
  circuit.angles = 2 * qubits * sublayers;
  circuit.family = family;
  circuit.sublayers = sublayers;
  for (int d = 1; d <= sublayers; ++d) {
    append_entanglers(family, qubits, d, circuit.gates);
    for (int q = 0; q < qubits; ++q)
      circuit.gates.push_back({GateKind::ry, q, -1, ry_angle(qubits, d, q)});
    for (int q = 0; q < qubits; ++q)
      circuit.gates.push_back({GateKind::rz, q, -1, rz_angle(qubits, sublayers, d, q)});
  }
  return circuit;
}

Circuit make_custom_circuit(int qubits, const std::vector<CustomGate>& gates) {
  check_qubits(qubits);
  if (gates.empty()) throw InputError("a custom circuit needs at least one gate");
  Circuit circuit;
  circuit.qubits = qubits;
  std::map<std::string, int> named;
  for (std::size_t i = 0; i < gates.size(); ++i) {
    const CustomGate& entry = gates[i];
    const std::string where = "gate " + std::to_string(i + 1) + " (" + entry.gate + "): ";
    const auto kind = std::find_if(kinds.begin(), kinds.end(), [&](const auto& k) {
      return lower(k.second) == lower(entry.gate);
    });
    if (kind == kinds.end())
      throw InputError(where + "unknown gate; known are CX, CZ, Rx, Ry, Rz, Rzz");
    Gate gate{kind->first, 0};
    const std::size_t arity = is_two_qubit(gate.kind) ? 2 : 1;
    if (entry.qubits.size() != arity)
      throw InputError(where + "has " + std::to_string(entry.qubits.size()) + " qubits, needs " +
                       std::to_string(arity));
    for (int q : entry.qubits)
      if (q < 0 || q >= qubits)
        throw InputError(where + "qubit " + std::to_string(q) + " is outside 0 to " +
                         std::to_string(qubits - 1));
    gate.first = entry.qubits[0];
    if (arity == 2) {
      gate.second = entry.qubits[1];
      if (gate.first == gate.second)
        throw InputError(where + "uses qubit " + std::to_string(gate.first) + " twice");
    }
    if (!std::isfinite(entry.value)) throw InputError(where + "its angle is not finite");
    if (!has_angle(gate.kind)) {
      if (!entry.angle.empty() || entry.value != 0.0) throw InputError(where + "takes no angle");
    } else if (!entry.angle.empty()) {
      const auto [it, is_new] = named.try_emplace(entry.angle, circuit.angles);
      if (is_new) {
        ++circuit.angles;
        circuit.angle_names.push_back(entry.angle);
      }
      gate.angle = it->second;
    } else {
      gate.fixed = reduced_angle(entry.value);
    }
    circuit.gates.push_back(gate);
  }
  return circuit;
}

}  // namespace qhn
