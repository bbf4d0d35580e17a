#include "report/campaign_statistics.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <set>

#include "campaign/experiment.hpp"
#include "core/costs.hpp"
#include "core/error.hpp"
#include "core/types.hpp"

namespace qhn {
namespace {

std::string describe_endings(const Tally& tally) {
  std::vector<std::string> parts;
  for (const Status status :
       {Status::converged, Status::iteration_limit, Status::stalled_line_search, Status::diverged})
    if (tally.endings(status) > 0)
      parts.push_back(fmt::format("{} {}", tally.endings(status), to_string(status)));
  return fmt::format("{}", fmt::join(parts, ", "));
}

}  // namespace

Summary::Summary(const std::string& file, const CampaignHead& head, std::vector<double> epsilons)
    : prefix_(epsilons.empty() ? head.epsilons : std::move(epsilons)) {
  statistics_.file = file;
  statistics_.name = head.name;
  statistics_.qubits = head.table.qubits;
  statistics_.table = head.table;
  statistics_.limit = describe_limit(head);
  statistics_.requested = head.restarts_requested;
  statistics_.circuits = head.method.name.empty();
  statistics_.energy = total_energy(head.energy);
  std::set<std::string> seen;
  for (const RunEnergy& run : head.energy)
    if (!run.remarks.empty() && seen.insert(run.remarks).second)
      statistics_.energy_remarks.push_back(run.remarks);
}

void Summary::add(const RestartRecord& record) {
  statistics_.found.include(record.result);
  // Only the contiguous prefix counts (docs/theory.md, Success).
  if (record.result.id == prefix_.restarts())
    prefix_.add(record);
  else
    ++waiting_;
}

CampaignStatistics Summary::statistics() const {
  CampaignStatistics c = statistics_;
  c.restarts = prefix_.restarts();
  c.waiting = waiting_;
  c.endings = describe_endings(prefix_);
  c.cut_short = prefix_.endings(Status::iteration_limit);
  if (c.restarts == 0) return c;
  c.success = prefix_.success();
  c.cost = prefix_.cost();
  return c;
}

std::string describe_reference(const TableSummary& table) {
  return table.enumerated() ? fmt::format("E_min {:.10g} (enumerated)", table.reference.cost)
                            : fmt::format("target {:.10g}", table.reference.cost);
}

std::string describe_limit(const CampaignHead& head) {
  if (head.method.name.empty()) {
    try {
      const Experiment e = read_experiment_text(head.experiment, head.name);
      return measures_shots(e)
                 ? std::string()  // the limit is the only ending
                 : fmt::format("optimizer.max_iterations = {}", e.optimizer.lbfgs.max_iterations);
    } catch (const InputError&) {
      return {};  // an experiment that cannot be read must not keep qhn merge from writing
    }
  }
  if (!head.method.name.starts_with(to_string(Method::cross_entropy))) return {};
  const Settings settings = parse_settings(head.method.settings);
  const auto found = settings.find("iterations");
  return found == settings.end()
             ? std::string()
             : fmt::format("baseline.cross-entropy.iterations = {}", found->second);
}

std::string rounding_remark(const TableSummary& table, double epsilon) {
  const double rounding = equal_costs * std::abs(table.reference.cost);
  if (!table.enumerated() || epsilon >= rounding) return {};
  // An offset that all costs share does not count (minimizer_limit).
  if (!table.next_gaps.empty() && table.next_gaps.front() < rounding) return {};
  return fmt::format(
      "epsilon {:.3g} is below the rounding of the costs: E_min is {:.6g}, and costs within {:.3g} "
      "of it count as equal",
      epsilon, table.reference.cost, rounding);
}

std::vector<double> common_epsilons(const std::vector<std::string>& results,
                                    const std::vector<double>& wanted) {
  std::vector<double> epsilons = wanted;
  if (wanted.empty())
    for (const std::string& result : results) {  // one open file at a time: there may be thousands
      const CampaignReader file(result);
      const std::vector<double>& ladder = file.head().epsilons;
      epsilons.insert(epsilons.end(), ladder.begin(), ladder.end());
    }
  std::sort(epsilons.begin(), epsilons.end(), std::greater<>());
  epsilons.erase(std::unique(epsilons.begin(), epsilons.end()), epsilons.end());
  return epsilons;
}

CampaignStatistics statistics_of(const std::string& result, const std::vector<double>& epsilons) {
  const std::string path = campaign_path(result);
  const CampaignReader file(path);
  Summary summary(path, file.head(), epsilons);
  file.for_each([&](RestartRecord&& record) { summary.add(record); });
  return summary.statistics();
}

std::vector<CampaignStatistics> read_statistics(const std::vector<std::string>& results,
                                                const std::vector<double>& wanted) {
  const std::vector<double> epsilons = common_epsilons(results, wanted);
  std::vector<CampaignStatistics> campaigns;
  for (const std::string& result : results) {
    campaigns.push_back(statistics_of(result, epsilons));
    if (campaigns.back().restarts == 0)
      throw InputError(fmt::format("{}: holds no restart with id 0 yet: nothing to count",
                                   campaign_path(result)));
  }

  // Campaigns of one experiment share its name, so paths are the names here.
  std::set<std::string> names;
  for (const CampaignStatistics& c : campaigns) names.insert(c.name);
  if (names.size() < campaigns.size())
    for (std::size_t i = 0; i < campaigns.size(); ++i) campaigns[i].name = results[i];
  return campaigns;
}

}  // namespace qhn
