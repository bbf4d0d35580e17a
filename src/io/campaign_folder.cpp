#include "io/campaign_folder.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <filesystem>
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
                         const std::function<void(RestartRecord&&, bool again)>& record) {
  const auto header = campaign_header(folder);
  if (!header)
    throw InputError(
        fmt::format("{}: holds no journal; allowed: a folder that qhn train wrote to", folder));
  FolderScan scan;
  scan.header = *header;
  const double epsilon = header->epsilons.empty() ? 0.0 : header->epsilons.back();
  scan.prefix = PrefixCount(0, header->restarts_requested, epsilon, header->rule);

  const JournalVisitor visitor{{},
                               [&](RestartRecord&& r) {
                                 const std::uint64_t id = r.result.id;
                                 const bool again = !scan.done.insert(id);
                                 if (!again) {
                                   scan.begun.erase(id);
                                   scan.prefix.add(id, r.result.gap);
                                 }
                                 if (record) record(std::move(r), again);
                               },
                               [&](RestartCheckpoint&& c) {
                                 if (scan.done.contains(c.id)) return;
                                 RestartCheckpoint& newest = scan.begun[c.id];
                                 if (c.iterations >= newest.iterations) newest = std::move(c);
                               }};
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

CampaignFile collect_campaign(const std::string& folder, FolderScan& scan) {
  CampaignFile campaign;
  std::vector<RestartResult> repeated;
  std::vector<RestartRecord>& records = campaign.records;
  scan = scan_campaign(folder, [&](RestartRecord&& record, bool again) {
    if (again)
      repeated.push_back(std::move(record.result));
    else
      records.push_back(std::move(record));
  });
  const auto by_id = [](const auto& a, const auto& b) { return a.result.id < b.result.id; };
  if (!std::is_sorted(records.begin(), records.end(), by_id))
    std::sort(records.begin(), records.end(), by_id);
  for (const RestartResult& result : repeated) {
    const auto first =
        std::lower_bound(records.begin(), records.end(), result.id,
                         [](const RestartRecord& r, std::uint64_t id) { return r.result.id < id; });
    if (first->result != result)
      throw RunError(
          fmt::format("{}: restart {} is there twice, with different results", folder, result.id));
  }

  const JournalHeader& header = scan.header;
  campaign.restarts_requested = scan.prefix.end();
  if (scan.prefix.satisfied()) records.resize(scan.prefix.end());
  campaign.name = header.name;
  campaign.experiment = header.experiment;
  campaign.epsilons = header.epsilons;
  campaign.table = header.table;
  campaign.provenance = header.provenance;
  std::time_t finished = 0;
  for (const JournalReport& journal : scan.journals)
    finished = std::max<std::time_t>(finished, journal.modified);
  campaign.provenance.finished = fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(finished));
  return campaign;
}

}  // namespace qhn
