#include "report/sweep_tables.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "core/printable.hpp"
#include "report/statistics_tables.hpp"
#include "report/tables.hpp"

namespace qhn {
namespace {

namespace fs = std::filesystem;

// The swept values and the number of restarts; the first row is the header.
std::vector<Row> point_rows(const SweepIndex& sweep, const std::vector<PointStatistics>& points) {
  Row header;
  for (const std::string& key : sweep.keys) header.push_back(short_key(key, sweep.keys));
  header.emplace_back("restarts");
  std::vector<Row> rows{std::move(header)};
  for (const PointStatistics& p : points) {
    Row row;
    for (const std::string& value : p.point.values) row.push_back(unquoted(value));
    const CampaignStatistics& s = p.statistics;
    row.push_back(s.restarts == s.requested ? fmt::format("{}", s.restarts)
                                            : fmt::format("{} of {}", s.restarts, s.requested));
    rows.push_back(std::move(row));
  }
  return rows;
}

// One column for each gap and, where restarts can be cut short, their number.
std::vector<Row> result_columns(const std::vector<PointStatistics>& points) {
  std::vector<Row> columns;
  for (std::size_t e = 0; e < points.front().statistics.success.size(); ++e) {
    Row column{fmt::format("gap < {:g}", points.front().statistics.success[e].epsilon)};
    for (const PointStatistics& p : points) {
      const Success& s = p.statistics.success[e];
      column.push_back(
          fmt::format("{:.3f} [{:.3f}, {:.3f}]", s.probability, s.interval.low, s.interval.high));
    }
    columns.push_back(std::move(column));
  }
  const auto has_limit = [](const PointStatistics& p) { return !p.statistics.limit.empty(); };
  if (std::ranges::any_of(points, has_limit)) {
    Row column{"cut short"};
    for (const PointStatistics& p : points)
      column.push_back(has_limit(p) ? fmt::format("{}", p.statistics.cut_short) : "-");
    columns.push_back(std::move(column));
  }
  return columns;
}

std::vector<Row> with(std::vector<Row> rows, const Row& column) {
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i].push_back(column[i]);
  return rows;
}

std::size_t width(const std::string& table) {
  std::size_t widest = 0;
  for (std::size_t begin = 0; begin < table.size();) {
    const std::size_t end = std::min(table.find('\n', begin), table.size());
    widest = std::max(widest, end - begin);
    begin = end + 1;
  }
  return widest;
}

std::string warnings_of(const std::vector<PointStatistics>& points) {
  const auto cut = std::ranges::count_if(points, [](const PointStatistics& p) {
    return !p.statistics.limit.empty() && 10 * p.statistics.cut_short > p.statistics.restarts;
  });
  if (cut == 0) return {};
  return fmt::format(
      "\n  {} of {} points: more than a tenth of the restarts were cut short by their iteration "
      "limit.\n  With a higher limit more might succeed.\n",
      cut, points.size());
}

}  // namespace

std::vector<PointStatistics> read_points(const std::string& folder, const SweepIndex& sweep,
                                         const std::vector<double>& epsilons) {
  std::vector<IndexedPoint> with_file;
  std::vector<std::string> files;
  for (const IndexedPoint& point : sweep.points) {
    const std::string path = campaign_path((fs::path(folder) / point.folder).string());
    std::error_code error;
    if (!fs::exists(path, error)) continue;
    with_file.push_back(point);
    files.push_back(path);
  }
  const std::vector<double> gaps = common_epsilons(files, epsilons);
  std::vector<PointStatistics> points;
  for (std::size_t k = 0; k < files.size(); ++k) {
    PointStatistics its{with_file[k], statistics_of(files[k], gaps)};
    if (its.statistics.restarts > 0) points.push_back(std::move(its));
  }
  return points;
}

std::string sweep_text(const SweepIndex& sweep, const std::vector<PointStatistics>& points,
                       bool energy) {
  if (points.empty()) return fmt::format("{}: no restarts to count yet\n", printable(sweep.name));
  std::string out = fmt::format(
      "{}: success probability P[gap < ε] with 95 % Clopper-Pearson interval, {} of {} points\n",
      printable(sweep.name), points.size(), sweep.points.size());
  const std::vector<Row> first = point_rows(sweep, points);
  std::vector<Row> rows = first;
  for (const Row& column : result_columns(points)) {
    std::vector<Row> wider = with(rows, column);
    if (rows.front().size() > first.front().size() && width(aligned(wider)) > sweep_columns) {
      out += '\n' + aligned(rows);
      wider = with(first, column);
    }
    rows = std::move(wider);
  }
  out += '\n' + aligned(rows) + warnings_of(points);
  if (!energy) return out;
  std::vector<CampaignStatistics> campaigns;
  for (const PointStatistics& p : points) {
    campaigns.push_back(p.statistics);
    campaigns.back().name = p.point.folder;
  }
  return out + energy_text(campaigns);
}

}  // namespace qhn
