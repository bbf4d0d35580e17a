#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "core/types.hpp"

namespace qhn {

/// The basis states in one part of a distributed state. A local index has a slot (a bit) for each
/// local qubit, in any order. The bits of all other qubits are the same for the whole part: `base`
/// holds them and is 0 at the local qubits.
struct IndexMap {
  std::vector<int> qubit_of_slot;
  Index base = 0;

  int slots() const { return static_cast<int>(qubit_of_slot.size()); }

  /// The basis state at local index x in [0, 2^slots()).
  Index operator()(Index x) const {
    Index state = base;
    for (std::size_t s = 0; s < qubit_of_slot.size(); ++s)
      state |= ((x >> s) & 1u) << qubit_of_slot[s];
    return state;
  }

  /// The local index of a basis state; nullopt: it is in another part.
  std::optional<Index> find(Index state) const {
    Index x = 0;
    for (std::size_t s = 0; s < qubit_of_slot.size(); ++s)
      x |= ((state >> qubit_of_slot[s]) & 1u) << s;
    if ((*this)(x) != state) return std::nullopt;
    return x;
  }
};

/// The identity: all basis states of `qubits` qubits in ascending order.
inline IndexMap identity_map(int qubits) {
  IndexMap map;
  for (int q = 0; q < qubits; ++q) map.qubit_of_slot.push_back(q);
  return map;
}

}  // namespace qhn
