#include "report/statistics_tables.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "core/costs.hpp"
#include "core/printable.hpp"
#include "report/tables.hpp"

namespace qhn {
namespace {

using Campaigns = std::vector<CampaignStatistics>;

bool all_enumerated(const Campaigns& campaigns) {
  return std::all_of(campaigns.begin(), campaigns.end(),
                     [](const CampaignStatistics& c) { return c.table.enumerated(); });
}

// One row per campaign: what was run and what a restart costs.
std::vector<Row> campaign_rows(const Campaigns& campaigns) {
  std::vector<Row> rows{
      {"campaign", "qubits", "gaps from", "restarts", "seconds", "evaluations", "ended"}};
  for (const CampaignStatistics& c : campaigns)
    rows.push_back({c.name, fmt::format("{}", c.qubits), describe_reference(c.table),
                    c.restarts == c.requested ? fmt::format("{}", c.restarts)
                                              : fmt::format("{} of {}", c.restarts, c.requested),
                    fmt::format("{:.3g}", c.cost.seconds),
                    fmt::format("{:.1f}", c.cost.evaluations), c.endings});
  return rows;
}

// "0.001", or "target reached" if epsilon is the rounding of a target.
std::string describe_epsilon(const Campaigns& campaigns, double epsilon) {
  const bool reached =
      std::any_of(campaigns.begin(), campaigns.end(), [&](const CampaignStatistics& c) {
        return !c.table.enumerated() && epsilon == target_slack(c.table.reference.cost);
      });
  if (!reached) return fmt::format("{:g}", epsilon);
  if (campaigns.size() == 1) return "target reached";
  return fmt::format("{:g} (target reached)", epsilon);
}

// One row per epsilon, one column per campaign; last row: restarts cut short by a limit.
std::vector<Row> success_rows(const Campaigns& campaigns) {
  std::vector<Row> rows{{"gap below"}};
  for (const CampaignStatistics& c : campaigns) rows[0].push_back(c.name);
  for (std::size_t e = 0; e < campaigns.front().success.size(); ++e) {
    Row row{describe_epsilon(campaigns, campaigns.front().success[e].epsilon)};
    for (const CampaignStatistics& c : campaigns) {
      const Success& s = c.success[e];
      row.push_back(fmt::format("{:.4f} [{:.4f}, {:.4f}] {}/{}", s.probability, s.interval.low,
                                s.interval.high, s.count, s.total));
    }
    rows.push_back(std::move(row));
  }
  Row cut{"cut short"};
  for (const CampaignStatistics& c : campaigns)
    cut.push_back(c.limit.empty() ? "-" : fmt::format("{}/{}", c.cut_short, c.restarts));
  rows.push_back(std::move(cut));
  return rows;
}

// One row per campaign and phase. Simulated circuits and classical methods have separate tables,
// because their joules are not comparable.
std::vector<Row> energy_rows(const Campaigns& campaigns, bool circuits) {
  const auto number = [](double value) {
    return std::isnan(value) ? std::string("-") : fmt::format("{:.3g}", value);
  };
  std::vector<Row> rows{{"campaign", "phase", "method", "scope", "seconds", "joules", "uncertainty",
                         "net of idle", "per restart", "g CO2e", "times"}};
  for (const CampaignStatistics& c : campaigns) {
    if (c.circuits != circuits) continue;
    for (const EnergyTotal& e : c.energy)
      rows.push_back({c.name, e.phase, e.method, e.scope.empty() ? "-" : e.scope, number(e.seconds),
                      number(e.joules), number(e.uncertainty), number(e.net_joules),
                      e.phase == "restarts" ? number(e.per_restart(c.cost.seconds)) : "-",
                      number(e.grams), fmt::format("{}", e.times)});
  }
  return rows;
}

std::string printable_text(const std::string& text) { return printable(text); }

const char* energy_title(bool circuits) {
  return circuits ? "Joules of simulating circuits on this machine"
                  : "Joules of classical methods on this machine";
}

// Remarks on the tables: failed counters, and the seconds for which a restart is charged.
std::string energy_remarks(const Campaigns& campaigns, const char* before,
                           std::string (*escaped)(const std::string&) = printable_text) {
  std::string out;
  for (const CampaignStatistics& c : campaigns) {
    for (const std::string& remark : c.energy_remarks)
      out += fmt::format("{}{}: energy counters: {}\n", before, escaped(c.name), escaped(remark));
    for (const EnergyTotal& e : c.energy)
      if (const double share = e.busy_share(c.cost.seconds);
          e.phase == "restarts" && e.method != "none" && share < 0.95)
        out += fmt::format(
            "{}{}: restarts computed in {:.2g} % of the seconds of their phase; joules per restart "
            "count only these seconds.\n",
            before, escaped(c.name), 100 * share);
  }
  return out.empty() ? out : '\n' + out;
}

// Both tables, each only where it has rows.
template <class Format>
std::string energy_tables(const Campaigns& campaigns, const Format& format) {
  std::string out;
  bool measured = false, modelled = false;
  for (const CampaignStatistics& c : campaigns)
    for (const EnergyTotal& e : c.energy) {
      measured = measured || is_measured(e.method);
      modelled = modelled || e.method == "modelled:cpu";
    }
  for (const bool circuits : {true, false}) {
    const std::vector<Row> rows = energy_rows(campaigns, circuits);
    if (rows.size() == 1) continue;
    std::string title = energy_title(circuits);
    if (!measured)
      title +=
          modelled ? " (no energy was measured; joules are modelled)" : " (no energy was measured)";
    out += fmt::format("\n{}\n\n{}", title, format(rows));
  }
  return out;
}

std::string csv(const Campaigns& campaigns) {
  std::string out =
      "file,name,qubits,minimum,restarts,epsilon,count,probability,low,high,mean_seconds,"
      "mean_evaluations,reference,target,found_cost,found_index,iteration_limit\n";
  const auto where = [](bool known, auto value) {
    return known ? fmt::format("{}", value) : std::string();
  };
  for (const CampaignStatistics& c : campaigns) {
    const TableSummary& t = c.table;
    for (const Success& s : c.success)
      out += fmt::format(
          "{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}\n", csv_field(c.file),
          csv_field(c.name), c.qubits, where(t.enumerated(), t.reference.cost), c.restarts,
          s.epsilon, s.count, s.probability, s.interval.low, s.interval.high, c.cost.seconds,
          c.cost.evaluations, to_string(t.reference.kind), where(!t.enumerated(), t.reference.cost),
          where(c.found.any(), c.found.cost), where(c.found.any(), c.found.name()), c.cut_short);
  }
  return out;
}

std::string json(const Campaigns& campaigns) {
  auto out = nlohmann::ordered_json::array();
  for (const CampaignStatistics& c : campaigns) {
    auto success = nlohmann::ordered_json::array();
    for (const Success& s : c.success)
      success.push_back({{"epsilon", s.epsilon},
                         {"count", s.count},
                         {"probability", s.probability},
                         {"low", s.interval.low},
                         {"high", s.interval.high}});
    auto energy = nlohmann::ordered_json::array();
    for (const EnergyTotal& e : c.energy)  // NaN becomes null
      energy.push_back(
          {{"phase", e.phase},
           {"method", e.method},
           {"scope", e.scope},
           {"seconds", e.seconds},
           {"joules", e.joules},
           {"uncertainty", e.uncertainty},
           {"net_joules", e.net_joules},
           {"net_uncertainty", e.net_uncertainty},
           {"restarts", e.restarts},
           {"per_restart", e.phase == "restarts" ? e.per_restart(c.cost.seconds) : not_known},
           {"gCO2e", e.grams},
           {"times", e.times}});
    using Json = nlohmann::ordered_json;
    Json found = nullptr;
    if (c.found.any())
      found = {{"cost", c.found.cost},
               {"index", c.found.network.has_index() ? Json(c.found.network.index()) : Json()},
               {"bits", c.found.network.text()},
               {"restart", c.found.restart}};
    out.push_back({{"file", c.file},
                   {"name", c.name},
                   {"qubits", c.qubits},
                   {"restarts", c.restarts},
                   {"reference", to_string(c.table.reference.kind)},
                   {"minimum", c.table.enumerated() ? Json(c.table.reference.cost) : Json(nullptr)},
                   {"target", c.table.enumerated() ? Json(nullptr) : Json(c.table.reference.cost)},
                   {"next_gaps", c.table.next_gaps},
                   {"found", std::move(found)},
                   {"iteration_limit", c.cut_short},
                   {"mean_seconds", c.cost.seconds},
                   {"mean_evaluations", c.cost.evaluations},
                   {"success", std::move(success)},
                   {"circuits", c.circuits},
                   {"energy", std::move(energy)},
                   {"energy_remarks", c.energy_remarks}});
  }
  return out.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + '\n';
}

}  // namespace

std::vector<std::string> warnings(const CampaignStatistics& c) {
  std::vector<std::string> all;
  if (!c.limit.empty() && 10 * c.cut_short > c.restarts)
    all.push_back(fmt::format(
        "{}: {} of {} restarts were cut short by {}: with a higher limit more might succeed",
        c.name, c.cut_short, c.restarts, c.limit));
  if (!c.success.empty())
    if (const std::string rounding = rounding_remark(c.table, c.success.back().epsilon);
        !rounding.empty())
      all.push_back(fmt::format("{}: {}", c.name, rounding));
  return all;
}

namespace {

std::vector<std::string> remarks_on(const CampaignStatistics& c) {
  std::vector<std::string> all;
  if (c.waiting > 0)
    all.push_back(fmt::format(
        "{}: {} more restarts are finished but not counted until earlier ones are finished.",
        c.name, c.waiting));
  if (!c.table.enumerated()) {
    if (c.found.any())
      all.push_back(fmt::format(
          "{}: the best network found has cost {:.10g}: {} (index {}, "
          "restart {})",
          c.name, c.found.cost, c.found.network.text(), c.found.name(), c.found.restart));
    all.push_back(
        fmt::format("{}: E_min is not known: gaps are counted from the target {:g}, and "
                    "a negative gap is below it",
                    c.name, c.table.reference.cost));
  }
  if (!c.table.next_gaps.empty()) {
    std::vector<std::string> gaps;
    for (const double gap : c.table.next_gaps) gaps.push_back(fmt::format("{:.4g}", gap));
    std::string text =
        fmt::format("{}: the next networks are at gaps {}", c.name, fmt::join(gaps, ", "));
    if (!c.success.empty() && c.success.front().epsilon <= c.table.next_gaps.front())
      text += fmt::format("; no epsilon here reaches them ({:g} is the largest)",
                          c.success.front().epsilon);
    all.push_back(std::move(text));
  }
  return all;
}

std::string remarks(const Campaigns& campaigns) {
  std::string out;
  for (const CampaignStatistics& c : campaigns) {
    for (const std::string& line : remarks_on(c)) out += "  " + printable(line) + '\n';
    for (const std::string& line : warnings(c)) out += "  " + printable(line) + '\n';
  }
  return out;
}

}  // namespace

std::string energy_text(const Campaigns& campaigns) {
  return energy_tables(campaigns, aligned) + energy_remarks(campaigns, "  ");
}

std::string success_text(const Campaigns& campaigns) {
  return fmt::format(
      "Success probability P[E - {} < gap] with 95 % Clopper-Pearson interval\n\n{}\n"
      "Mean cost of a restart\n\n{}{}{}",
      all_enumerated(campaigns) ? "E_min" : "E_min or target", aligned(success_rows(campaigns)),
      aligned(campaign_rows(campaigns)), remarks(campaigns), energy_text(campaigns));
}

std::string statistics_tables(const Campaigns& campaigns, const std::string& format) {
  if (format == "markdown")
    return fmt::format(
        "{}\n{}{}", markdown(success_rows(campaigns)), markdown(campaign_rows(campaigns)),
        energy_tables(campaigns, markdown) + energy_remarks(campaigns, "", markdown_text));
  if (format == "latex")
    return fmt::format("{}\n{}{}", latex(success_rows(campaigns)), latex(campaign_rows(campaigns)),
                       energy_tables(campaigns, latex) + energy_remarks(campaigns, "% "));
  if (format == "csv") return csv(campaigns);
  if (format == "json") return json(campaigns);
  return success_text(campaigns);
}

}  // namespace qhn
