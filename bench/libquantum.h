#pragma once

#ifdef __cplusplus
extern "C" {
#endif

/* Gates that libquantum is asked for. */
enum { qhn_gate_cx, qhn_gate_cz, qhn_gate_ry, qhn_gate_rz };

struct qhn_gate {
  int kind, first, second;
  double angle;
};

/* Runs the gates on |0…0⟩ with libquantum (single precision, one thread) and returns
   Σ_w |ψ_w|² cost[w]. */
double qhn_libquantum_expectation(int qubits, int count, const struct qhn_gate* gates,
                                  const double* cost);

#ifdef __cplusplus
}
#endif
