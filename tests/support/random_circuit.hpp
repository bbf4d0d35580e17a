#pragma once

#include <string>
#include <vector>

#include "circuit/circuit.hpp"
#include "core/random.hpp"

namespace qhn {

/// Any gate anywhere, some angles shared, some fixed.
inline Circuit random_custom(int qubits, int gates, std::uint64_t seed) {
  CounterRng rng(seed, Stream::shots, 1);
  const auto below = [&rng](int n) { return static_cast<int>(rng.uniform() * n); };
  const char* names[] = {"CX", "CZ", "Rx", "Ry", "Rz", "Rzz"};
  std::vector<CustomGate> list;
  for (int i = 0; i < gates; ++i) {
    CustomGate gate{names[qubits > 1 ? below(6) : 2 + below(3)], {below(qubits)}, "", 0.0};
    const bool two = gate.gate == "CX" || gate.gate == "CZ" || gate.gate == "Rzz";
    if (two) gate.qubits.push_back((gate.qubits[0] + 1 + below(qubits - 1)) % qubits);
    if (gate.gate[0] == 'R') {
      if (below(4) == 0)
        gate.value = 6.0 * rng.uniform();
      else
        gate.angle = "t" + std::to_string(below(gates));
    }
    list.push_back(gate);
  }
  return make_custom_circuit(qubits, list);
}

/// `count` numbers in [low, high).
inline std::vector<double> random_numbers(std::size_t count, double low, double high,
                                          std::uint64_t seed) {
  CounterRng rng(seed, Stream::shots, 0);
  std::vector<double> numbers(count);
  for (double& v : numbers) v = low + (high - low) * rng.uniform();
  return numbers;
}

}  // namespace qhn
