#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "io/campaign_file.hpp"
#include "record/statistics.hpp"

namespace qhn {

/// What one campaign says, over the contiguous prefix of its finished restarts.
struct CampaignStatistics {
  std::string file;
  std::string name;
  int qubits = 0;
  double minimum = 0.0;        ///< E_min
  std::uint64_t restarts = 0;  ///< in the prefix
  std::uint64_t waiting = 0;   ///< finished, but beyond a gap in the ids: not counted
  std::uint64_t requested = 0;
  std::string endings;              ///< "131 converged, 69 iteration_limit"
  std::vector<Success> success;     ///< one per epsilon; empty where no restart has finished
  MeanCost cost;                    ///< of one restart
  bool circuits = false;            ///< simulated, rather than a classical method
  std::vector<EnergyTotal> energy;  ///< of all its runs that ended cleanly
  std::vector<std::string> energy_remarks;  ///< what those say of their counters, each once
};

/// Collects the statistics of a campaign record by record.
class Summary {
 public:
  /// `epsilons` empty: the campaign's own ladder.
  Summary(const std::string& file, const CampaignHead& head, std::vector<double> epsilons = {});
  void add(const RestartRecord& record);  ///< in ascending id
  CampaignStatistics statistics() const;

 private:
  CampaignStatistics statistics_;  // all but what is counted
  Tally prefix_;
  std::uint64_t waiting_ = 0;
};

/// The success probabilities of several campaigns side by side, for people. All must hold the same
/// ladder.
std::string success_text(const std::vector<CampaignStatistics>& campaigns);

}  // namespace qhn
