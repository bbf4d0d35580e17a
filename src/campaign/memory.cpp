#include "campaign/memory.hpp"

#include <fmt/format.h>

#include "campaign/memory_limits.hpp"
#include "core/error.hpp"
#include "core/quantities.hpp"

namespace qhn {

double available_memory() { return survey_memory().bytes; }

void require_memory(const std::string& source, const MemoryNeed& need, double available,
                    const std::function<std::string()>& remedies) {
  if (need.total() <= available) return;
  throw InputError(fmt::format(
      "{}: {} qubits need {} on a node, {} of them for the cost table; available: {} ({}){}",
      source, need.qubits, in_bytes(need.total()), in_bytes(need.table), in_bytes(available),
      survey_memory().limit, remedies ? remedies() : std::string()));
}

}  // namespace qhn
