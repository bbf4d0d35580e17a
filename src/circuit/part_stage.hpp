#pragma once

#include <span>
#include <vector>

#include "circuit/circuit.hpp"
#include "circuit/schedule.hpp"
#include "core/angle.hpp"

namespace qhn {

/// Gates that run while certain qubits are local. A state of N qubits consists of 2^g parts (one
/// per rank, or cache blocks). The index of a part has a slot (bit) for every local qubit. The
/// other qubits are *distributed*: their values are bits that differ from part to part.
struct Stage {
  std::vector<int> local;        ///< qubit in each local slot
  std::vector<int> distributed;  ///< qubit of each distributed slot
  std::vector<Gate> gates;       ///< in the order in which they act, on the circuit's qubits
};

/// An angle of a part's schedule as a function of the circuit's angles: sign·θ[index] + offset, or
/// the offset alone if index is −1. A large θ is reduced mod 4π.
struct DerivedAngle {
  int index = -1;
  double sign = 1.0;
  double offset = 0.0;
  double value(std::span<const double> angles) const {
    return (index >= 0 ? sign * reduced_angle(angles[static_cast<std::size_t>(index)]) : 0.0) +
           offset;
  }
};

/// An angle for all parts: bits of the part number decide on signs and half turns. A form is a mask
/// f; it holds on part r if an odd number of bits of f & r is set.
struct PartAngle {
  DerivedAngle angle;
  Index where = 0;    ///< form: the angle is 0 where it does not hold; 0: it counts on all parts
  Index negated = 0;  ///< form: times −1 where it holds
  Index turned = 0;   ///< form: plus π where it holds
  bool counts_on(Index part) const;
  DerivedAngle on(Index part) const;
};

/// What a stage does to any part.
struct PartStage {
  Schedule schedule;              ///< on the local slots; angle k is `angles[k]`
  std::vector<Gate> gates;        ///< the same, gate by gate
  std::vector<PartAngle> angles;  ///< of the schedule
  std::vector<PartAngle> phase;   ///< the whole part is multiplied by e^{i·(sum of these)}
};

/// Translates a stage to its local slots. The value of distributed slot i is the form rows[i] of
/// the part number; CX between two distributed qubits changes `rows`.
PartStage part_stage(const Stage& stage, std::vector<Index>& rows);

}  // namespace qhn
