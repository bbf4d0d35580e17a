#include "io/campaign_folder.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <numeric>
#include <tuple>
#include <utility>

#include "core/error.hpp"

namespace qhn {
namespace fs = std::filesystem;

std::vector<std::string> journal_paths(const std::string& folder) {
  std::vector<std::string> paths;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(fs::path(folder) / "journal", error))
    if (entry.path().extension() == ".qhnj") paths.push_back(entry.path().string());
  std::sort(paths.begin(), paths.end());  // the names begin with the time
  return paths;
}

std::optional<JournalHeader> campaign_header(const std::string& folder) {
  std::optional<JournalHeader> newest;
  for (const std::string& path : journal_paths(folder)) {
    JournalHeader header;
    if (!read_journal_header(path, header)) continue;
    if (newest && newest->identity_hash != header.identity_hash)
      throw InputError(
          fmt::format("{}: belongs to another campaign than the other journals in its folder; "
                      "allowed: journals of one campaign",
                      path));
    if (!newest || header.started >= newest->started) newest = std::move(header);
  }
  return newest;
}

FolderScan scan_campaign(const std::string& folder,
                         const std::function<void(FoundRecord&&)>& record) {
  const auto header = campaign_header(folder);
  if (!header)
    throw InputError(
        fmt::format("{}: holds no journal; allowed: a folder that qhn train wrote to", folder));
  FolderScan scan;
  scan.header = *header;
  const double epsilon = header->epsilons.empty() ? 0.0 : header->epsilons.back();
  scan.prefix = PrefixCount(0, header->restarts_requested, epsilon, header->rule);

  const JournalVisitor visitor{
      {},
      [&](RestartRecord&& r, std::uint64_t offset) {
        const std::uint64_t id = r.result.id;
        const bool again = !scan.done.insert(id);
        if (!again) {
          scan.begun.erase(id);
          scan.prefix.add(id, r.result.gap);
        }
        if (record)
          record({std::move(r), again, static_cast<std::uint32_t>(scan.journals.size()), offset});
      },
      [&](RestartCheckpoint&& c) {
        if (scan.done.contains(c.id)) return;
        RestartCheckpoint& newest = scan.begun[c.id];
        if (c.iterations >= newest.iterations) newest = std::move(c);
      },
      [&](RunEnergy&& energy) { scan.energy.push_back(std::move(energy)); }};
  for (const std::string& path : journal_paths(folder)) {
    scan.journals.push_back(read_journal(path, visitor));
    const JournalReport& report = scan.journals.back();
    if (report.records > 0 && !report.has_header)
      throw InputError(fmt::format(
          "{}: its header is damaged, twice: nobody knows which campaign its {} records "
          "belong to; allowed: to move the file away",
          path, report.records));
  }
  // A rule may have ended the campaign while later restarts were in flight.
  scan.begun.erase(scan.begun.lower_bound(scan.prefix.end()), scan.begun.end());
  return scan;
}

std::vector<std::string> describe_damage(const FolderScan& scan,
                                         const std::function<bool(const std::string& run)>& live) {
  std::vector<std::string> lines;
  for (const JournalReport& journal : scan.journals) {
    for (const auto& [offset, length] : journal.damaged)
      lines.push_back(fmt::format(
          "{}: {} bytes from byte {} on are damaged; all other records of it are intact",
          journal.path, length, offset));
    if (journal.torn > 0 && !live(journal.run()))
      lines.push_back(
          fmt::format("{}: the last record was not written to its end ({} bytes): ignored",
                      journal.path, journal.torn));
  }
  return lines;
}

CampaignMerge::CampaignMerge(const std::string& folder) : folder_(folder) {
  scan_ = scan_campaign(folder, [&](FoundRecord&& found) {
    places_.push_back({found.record.result.id, found.offset, found.journal});
    if (!found.again) shape_.include(found.record);
  });
  const auto order = [](const Place& a, const Place& b) {
    return std::tie(a.id, a.journal, a.offset) < std::tie(b.id, b.journal, b.offset);
  };
  if (!std::is_sorted(places_.begin(), places_.end(), order))
    std::sort(places_.begin(), places_.end(), order);
  if (scan_.prefix.satisfied()) {
    const std::uint64_t end = scan_.prefix.end();
    std::erase_if(places_, [end](const Place& place) { return place.id >= end; });
    shape_.count = end;
  }

  const JournalHeader& header = scan_.header;
  head_ = {header.name,  header.experiment, scan_.prefix.end(), header.epsilons,
           header.table, header.method,     header.provenance,  scan_.energy};
  std::time_t finished = 0;
  for (const JournalReport& journal : scan_.journals)
    finished = std::max<std::time_t>(finished, journal.modified);
  head_.provenance.finished = fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(finished));
}

void CampaignMerge::write(const std::string& path,
                          const std::function<void(const RestartRecord&)>& record) {
  constexpr std::size_t batch = 1 << 14;
  CampaignWriter writer(path, head_, shape_);
  std::optional<RestartResult> before;
  for (std::span<const Place> rest = places_; !rest.empty();) {
    const auto some = rest.first(std::min(batch, rest.size()));
    rest = rest.subspan(some.size());
    for (RestartRecord& r : read(some)) {
      if (before && before->id == r.result.id) {
        if (*before != r.result)
          throw RunError(fmt::format("{}: restart {} is there twice, with different results",
                                     folder_, r.result.id));
        continue;
      }
      before = r.result;
      record(r);
      writer.append(std::move(r));
    }
  }
  writer.commit();
}

// Journal by journal, so that only one is open at a time.
std::vector<RestartRecord> CampaignMerge::read(std::span<const Place> places) const {
  std::vector<std::size_t> order(places.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return std::tie(places[a].journal, places[a].offset) <
           std::tie(places[b].journal, places[b].offset);
  });
  std::vector<RestartRecord> records(places.size());
  std::vector<std::uint64_t> offsets;
  for (std::size_t first = 0; first < order.size(); first += offsets.size()) {
    const std::uint32_t journal = places[order[first]].journal;
    offsets.clear();
    for (std::size_t i = first; i < order.size() && places[order[i]].journal == journal; ++i)
      offsets.push_back(places[order[i]].offset);
    auto next = order.begin() + static_cast<std::ptrdiff_t>(first);
    read_records(scan_.journals[journal].path, offsets,
                 [&](RestartRecord&& r) { records[*next++] = std::move(r); });
  }
  return records;
}

}  // namespace qhn
