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
  TableSummary table;          ///< what gaps are counted from
  FoundNetwork found;          ///< among all finished restarts
  std::uint64_t restarts = 0;  ///< in the prefix
  std::uint64_t waiting = 0;   ///< finished, but beyond a gap in the ids: not counted
  std::uint64_t requested = 0;
  std::string endings;              ///< "131 converged, 69 iteration_limit"
  std::uint64_t cut_short = 0;      ///< of the prefix, by the iteration limit
  std::string limit;                ///< describe_limit()
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

/// "E_min 0.3 (enumerated)", "target 0.2".
std::string describe_reference(const TableSummary& table);
/// Parameter 0 first.
std::string bits_of(Index network, int qubits);

/// Key and value of the limit that cuts restarts short, "optimizer.max_iterations = 500"; empty:
/// there is none, or no other end.
std::string describe_limit(const CampaignHead& head);

/// How far above the target, relative rounding included, a loss may be to count as the target.
double target_slack(double target);

/// What to say where gaps of `epsilon` are below the rounding of the costs; empty: nothing.
std::string rounding_remark(const TableSummary& table, double epsilon);

/// The success probabilities of several campaigns side by side, for people. All must hold the same
/// ladder.
std::string success_text(const std::vector<CampaignStatistics>& campaigns);

}  // namespace qhn
