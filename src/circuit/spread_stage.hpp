#pragma once

#include <span>
#include <vector>

#include "circuit/circuit.hpp"
#include "circuit/program.hpp"
#include "core/angle.hpp"

namespace qhn {

/// Gates that run while certain qubits are local: a state of N qubits lies in 2^g parts (of ranks,
/// or blocks of a cache), each with a slot (bit) of its index for every local qubit; the others are
/// *spread*: their values are bits that differ from part to part.
struct Stage {
  std::vector<int> local;   ///< qubit in each local slot
  std::vector<int> spread;  ///< qubit of each spread slot
  std::vector<Gate> gates;  ///< in the order in which they act, on the circuit's qubits
};

/// How one angle of a part's program follows from the circuit's: sign·θ[index] + offset, or the
/// offset alone where index is −1; a large θ mod 4π.
struct DerivedAngle {
  int index = -1;
  double sign = 1.0;
  double offset = 0.0;
  double value(std::span<const double> angles) const {
    return (index >= 0 ? sign * reduced_angle(angles[static_cast<std::size_t>(index)]) : 0.0) +
           offset;
  }
};

/// The same for all parts: bits of the part's number decide on signs and half turns. A form is a
/// mask f; it holds on part r where an odd number of bits of f & r are set.
struct SpreadAngle {
  DerivedAngle angle;
  Index where = 0;    ///< form: elsewhere the angle is 0; no form: it counts on all parts
  Index negated = 0;  ///< form: here times −1
  Index turned = 0;   ///< form: here plus π
  bool counts_on(Index part) const;
  DerivedAngle on(Index part) const;
};

/// What a stage does to a part, whichever it is.
struct SpreadStage {
  Program program;                  ///< on the local slots; angle k is `angles[k]`
  std::vector<Gate> gates;          ///< the same, gate by gate
  std::vector<SpreadAngle> angles;  ///< of the program
  std::vector<SpreadAngle> phase;   ///< the whole part is multiplied by e^{i·(sum of these)}
};

/// Spread qubits are known bits: that of spread slot i is the form rows[i] of the part's number. CX
/// between two of them changes the rows.
SpreadStage spread_stage(const Stage& stage, std::vector<Index>& rows);

}  // namespace qhn
