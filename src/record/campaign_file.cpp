#include "record/campaign_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>

#include "core/error.hpp"

namespace qhn {

std::string campaign_path(const std::string& path) {
  namespace fs = std::filesystem;
  std::error_code ignored;
  const bool named = fs::path(path).filename() == "campaign.h5";
  return fs::is_directory(path, ignored) && !named ? (fs::path(path) / "campaign.h5").string()
                                                   : path;
}

void check_ladder(const std::vector<double>& epsilons) {
  if (epsilons.empty()) throw RunError("there are no epsilons");
  for (std::size_t e = 0; e < epsilons.size(); ++e)
    if (!(epsilons[e] > 0) || !(epsilons[e] < std::numeric_limits<double>::infinity()) ||
        (e > 0 && !(epsilons[e] < epsilons[e - 1])))
      throw RunError("the epsilons are not positive numbers in descending order");
}

void check_table(const TableSummary& table) {
  if (!std::isfinite(table.reference.cost))
    throw RunError(fmt::format("the {} is {}", table.enumerated() ? "minimum" : "target",
                               table.reference.cost));
  if (table.qubits < 0 || table.qubits > BitString::most_bits)
    throw RunError(fmt::format("{} qubits", table.qubits));
}

void RecordShape::include(const RestartRecord& record) {
  const RestartResult& r = record.result;
  if (count++ == 0) {
    angles = r.angles.size();
    history = r.history.size() > 0;
    scores = r.scored != 0;
  }
  iterates += r.history.size();
  host_length = std::max(host_length, record.cost.host.size());
  oracle = oracle || r.oracle != OracleBill{};
}

std::uint64_t batch_of(const RecordShape& shape) {
  constexpr std::uint64_t most = 1 << 14, most_iterates = 1 << 20;
  if (shape.iterates == 0) return most;
  const std::uint64_t mean = shape.iterates / shape.count + 1;
  return std::clamp<std::uint64_t>(most_iterates / mean, 1, most);
}

}  // namespace qhn
