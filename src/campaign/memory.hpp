#pragma once

#include <functional>
#include <string>

namespace qhn {

/// Bytes available on this node: free and reclaimable memory, or less because of a limit
/// (survey_memory()).
double available_memory();

/// Memory of an experiment on one node, in bytes. Valid for any number of qubits, however large.
struct MemoryNeed {
  int qubits = 0;
  double table = 0.0;
  double states = 0.0;  ///< all engines on the node
  double total() const { return table + states; }
};

/// Lower bound, known without the circuit: the cost table. The cut engine keeps no state.
MemoryNeed least_memory_need(int qubits);

/// Throws InputError, with the bytes of both, if `need` exceeds `available`. The result of
/// `remedies` ends the message.
void require_memory(const std::string& source, const MemoryNeed& need, double available,
                    const std::function<std::string()>& remedies = {});

}  // namespace qhn
