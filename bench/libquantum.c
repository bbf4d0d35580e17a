#include "libquantum.h"

#include <quantum.h>

double qhn_libquantum_expectation(int qubits, int count, const struct qhn_gate* gates,
                                  const double* cost) {
  quantum_reg reg = quantum_new_qureg(0, qubits);
  for (int i = 0; i < count; ++i) {
    const struct qhn_gate g = gates[i];
    switch (g.kind) {
      case qhn_gate_cx:
        quantum_cnot(g.first, g.second, &reg);
        break;
      case qhn_gate_cz:
        quantum_cond_phase_kick(g.first, g.second, 3.14159265358979323846f, &reg);
        break;
      case qhn_gate_ry:
        quantum_r_y(g.first, (float)g.angle, &reg);
        break;
      default:
        quantum_phase_kick(g.first, (float)g.angle, &reg);
    }
  }
  double sum = 0.0;
  for (int i = 0; i < reg.size; ++i) sum += quantum_prob(reg.amplitude[i]) * cost[reg.state[i]];
  quantum_delete_qureg(&reg);
  return sum;
}
