#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "record/campaign_file.hpp"
#include "record/statistics.hpp"

namespace qhn {

/// Statistics of one campaign over the contiguous prefix of its finished restarts.
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
  std::uint64_t cut_short = 0;      ///< restarts of the prefix that reached the iteration limit
  std::string limit;                ///< describe_limit()
  std::vector<Success> success;     ///< one per epsilon; empty where no restart has finished
  MeanCost cost;                    ///< of one restart
  bool circuits = false;            ///< simulated circuits; false: a classical method
  std::vector<EnergyTotal> energy;  ///< of all its runs that ended cleanly
  std::vector<std::string> energy_remarks;  ///< remarks of these runs on their counters, each once
};

/// Collects the statistics of a campaign record by record.
class Summary {
 public:
  /// `epsilons`: gaps to count successes for; empty: those of the campaign.
  Summary(const std::string& file, const CampaignHead& head, std::vector<double> epsilons = {});
  void add(const RestartRecord& record);  ///< in ascending id
  CampaignStatistics statistics() const;

 private:
  CampaignStatistics statistics_;  // all fields except counts
  Tally prefix_;
  std::uint64_t waiting_ = 0;
};

/// "E_min 0.3 (enumerated)", "target 0.2".
std::string describe_reference(const TableSummary& table);

/// Key and value of the limit that cuts restarts short, "optimizer.max_iterations = 500". Empty if
/// there is none, it is the only ending, or the experiment cannot be read.
std::string describe_limit(const CampaignHead& head);

/// A warning if gaps of `epsilon` are below the rounding of the costs, else empty.
std::string rounding_remark(const TableSummary& table, double epsilon);

/// The gaps for statistics of several campaigns, which a table shows in one column each: `wanted`,
/// or if empty the union of those of the campaigns in `results`, descending.
std::vector<double> common_epsilons(const std::vector<std::string>& results,
                                    const std::vector<double>& wanted);

/// The statistics of the campaign in `result` for these gaps.
CampaignStatistics statistics_of(const std::string& result, const std::vector<double>& epsilons);

/// Returns the statistics of the campaigns in `results` (folders, or their campaign.h5), all for
/// the same gaps: `epsilons`, or if empty the union of those of the campaigns. If names are not
/// unique, campaigns are named by their paths. Throws InputError if one has no restart to count.
std::vector<CampaignStatistics> read_statistics(const std::vector<std::string>& results,
                                                const std::vector<double>& epsilons);

}  // namespace qhn
