#include "engine/reference.hpp"

#include <cmath>

namespace qhn {

void apply_gate_reference(const Gate& gate, double angle, std::span<Complex> state) {
  const Complex i(0.0, 1.0);
  const double c = std::cos(angle / 2), s = std::sin(angle / 2);
  const Index first = Index{1} << gate.first;
  const Index second = gate.second >= 0 ? Index{1} << gate.second : 0;
  for (Index x = 0; x < state.size(); ++x) {
    const bool a = x & first, b = x & second;
    switch (gate.kind) {
      case GateKind::cx:
        if (a && !b) std::swap(state[x], state[x | second]);
        break;
      case GateKind::cz:
        if (a && b) state[x] = -state[x];
        break;
      case GateKind::rx:
      case GateKind::ry:
        if (!a) {
          const Complex lo = state[x], hi = state[x | first];
          const Complex off = gate.kind == GateKind::ry ? Complex(-s) : -i * s;
          const Complex below = gate.kind == GateKind::ry ? Complex(s) : -i * s;
          state[x] = c * lo + off * hi;
          state[x | first] = below * lo + c * hi;
        }
        break;
      case GateKind::rz:
        if (a) state[x] *= std::polar(1.0, angle);
        break;
      case GateKind::rzz:
        state[x] *= std::polar(1.0, a == b ? -angle / 2 : angle / 2);
        break;
    }
  }
}

std::vector<Complex> reference_state(const Circuit& circuit, std::span<const double> angles) {
  std::vector<Complex> state(dimension(circuit.qubits));
  state[0] = 1.0;
  for (const Gate& gate : circuit.gates)
    apply_gate_reference(gate, gate_angle(gate, angles), state);
  return state;
}

double reference_expectation(std::span<const Complex> state, std::span<const double> cost) {
  double sum = 0.0;
  for (Index x = 0; x < state.size(); ++x) sum += std::norm(state[x]) * cost[x];
  return sum;
}

}  // namespace qhn
