// A program of somebody who has installed qhn: E(θ) of a linear circuit with 3 qubits, 3 sublayers.
#include <cstdio>
#include <vector>

#include "circuit/circuit.hpp"
#include "engine/engine.hpp"

int main() {
  const qhn::Circuit circuit = qhn::make_circuit(qhn::Family::linear, 3, 3);
  std::vector<double> cost, angles;
  for (int w = 0; w < 8; ++w) cost.push_back(w * w);
  for (int k = 0; k < circuit.angles; ++k) angles.push_back(0.1 * (k + 1));
  std::printf("%.8f\n", qhn::make_engine(circuit, cost, {})->expectation(angles));
}
