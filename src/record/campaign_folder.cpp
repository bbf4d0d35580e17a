#include "record/campaign_folder.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <numeric>
#include <tuple>
#include <utility>

#include "core/error.hpp"
#include "core/paths.hpp"
#include "record/folder_identity.hpp"
#include "record/identity.hpp"
#include "record/packing.hpp"
#include "record/provenance.hpp"
#include "record/toml_reader.hpp"

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

namespace {

std::string result_path(const std::string& folder) {
  return (fs::path(folder) / "campaign.h5").string();
}

// nullopt: no campaign.h5. A dangling link counts as a file that cannot be read.
std::optional<CampaignReader> open_result(const std::string& folder) {
  const std::string path = result_path(folder);
  std::error_code error;
  if (fs::symlink_status(path, error).type() == fs::file_type::not_found) return std::nullopt;
  try {
    return CampaignReader(path);
  } catch (const InputError& e) {
    throw InputError(fmt::format(
        "{}; allowed: an intact campaign.h5, or none (qhn merge makes it from the journals)",
        e.what()));
  }
}

// The header of the run after which a result file was made.
JournalHeader header_of(const CampaignHead& head, const std::string& path) {
  JournalHeader header;
  header.identity = head.identity;
  header.name = head.name;
  header.experiment = head.experiment;
  header.restarts_requested = head.restarts_requested;
  header.epsilons = head.epsilons;
  header.table = head.table;
  header.method = head.method;
  header.provenance = head.provenance;
  std::tm started{};
  if (::strptime(head.provenance.started.c_str(), "%Y-%m-%dT%H:%M:%SZ", &started) != nullptr)
    header.started = ::timegm(&started);
  try {
    const toml::table experiment = parse_toml_text(head.experiment, path + ": experiment");
    const toml::node_view restarts = experiment["restarts"];
    header.rule = {restarts["epsilon"].value_or(0.0), restarts["halfwidth"].value_or(0.0),
                   restarts["relative_tts"].value_or(0.0)};
    if (header.rule.active())
      header.restarts_requested = std::max(
          header.restarts_requested,
          static_cast<std::uint64_t>(std::max<std::int64_t>(restarts["max"].value_or(0L), 0)));
  } catch (const InputError& error) {
    throw InputError(fmt::format("{}: damaged or incomplete: {}", path, error.what()));
  }
  return header;
}

// True if `a` is the later run; within a second, the one that requested more restarts.
bool is_newer(const JournalHeader& a, const JournalHeader& b) {
  return std::tie(a.provenance.started, a.restarts_requested, a.started) >=
         std::tie(b.provenance.started, b.restarts_requested, b.started);
}

std::string mixed(const std::string& folder, const std::string& path, const std::string& there,
                  const std::string& others) {
  return fmt::format(
      "{}: belongs to another campaign than the other files of its folder: {}; allowed: files of "
      "one campaign (`qhn merge {} --separate` moves the others to their own folders)",
      path, identity_differences(others, there), shell_quoted(folder));
}

std::uint64_t hash_of(const RestartResult& result) {
  std::uint64_t hash = 0xcbf29ce484222325;  // FNV-1a
  for (const std::byte byte : pack(result))
    hash = (hash ^ static_cast<std::uint64_t>(byte)) * 0x100000001b3;
  return hash;
}

// Hashes of the records of a campaign.h5, to compare with those of the journals.
struct FileRecords {
  std::vector<std::uint64_t> ids, hashes;
  std::vector<bool> in_journal;

  std::optional<std::size_t> find(std::uint64_t id) const {
    const auto at = std::lower_bound(ids.begin(), ids.end(), id);
    if (at == ids.end() || *at != id) return std::nullopt;
    return static_cast<std::size_t>(at - ids.begin());
  }
};

/// The headers of a folder.
struct Headers {
  std::optional<JournalHeader> newest;
  std::uint64_t most = 0;  // largest number of restarts requested
};

Headers read_headers(const std::string& folder) {
  Headers found;
  std::optional<JournalHeader>& newest = found.newest;
  for (const std::string& path : journal_paths(folder)) {
    JournalHeader header;
    if (!read_journal_header(path, header)) continue;
    if (newest && !same_campaign(newest->identity, header.identity))
      throw InputError(mixed(folder, path, header.identity, newest->identity));
    found.most = std::max(found.most, header.restarts_requested);
    if (!newest || is_newer(header, *newest)) newest = std::move(header);
  }
  const std::optional<CampaignReader> result = open_result(folder);
  if (!result) return found;
  const std::string path = result_path(folder);
  JournalHeader header = header_of(result->head(), path);
  found.most = std::max(found.most, header.restarts_requested);
  if (newest) {
    if (!same_campaign(newest->identity, header.identity))
      throw InputError(mixed(folder, path, header.identity, newest->identity));
    if (header.table.reference.cost != newest->table.reference.cost ||
        header.epsilons != newest->epsilons)
      throw InputError(
          fmt::format("{}: its minimum of the costs or its epsilons differ from those of the "
                      "journals; allowed: the result of this campaign, or none",
                      path));
  } else if (const std::string whose = folder_identity(folder); !whose.empty()) {
    if (!same_campaign(whose, header.identity))
      throw InputError(mixed(folder, path, header.identity, whose));
  }
  // Of the same run prefer the header of the journal: it holds more than campaign.h5.
  const bool same_run = newest && header.provenance.started == newest->provenance.started &&
                        header.restarts_requested <= newest->restarts_requested;
  if (!newest || (!same_run && is_newer(header, *newest))) newest = std::move(header);
  return found;
}

void require_header(const JournalReport& journal) {
  if (journal.records > 0 && !journal.has_header)
    throw InputError(fmt::format(
        "{}: both copies of its header are damaged, so the campaign of its {} records is "
        "unknown; move the file away",
        journal.path, journal.records));
}

}  // namespace

std::optional<JournalHeader> campaign_header(const std::string& folder) {
  return read_headers(folder).newest;
}

FolderScan scan_campaign(const std::string& folder,
                         const std::function<void(FoundRecord&&)>& record) {
  const auto [header, most] = read_headers(folder);
  if (!header)
    throw InputError(
        fmt::format("{}: holds no campaign, neither journals nor a campaign.h5; allowed: a folder "
                    "that qhn train wrote to",
                    folder));
  FolderScan scan;
  scan.header = *header;
  const double epsilon = header->epsilons.empty() ? 0.0 : header->epsilons.back();
  scan.prefix = PrefixCount(0, header->rule.active() ? header->restarts_requested : most, epsilon,
                            header->rule);
  const auto tell = [&](RestartRecord&& r, std::uint32_t journal, std::uint64_t offset) {
    const std::uint64_t id = r.result.id;
    const bool again = !scan.done.insert(id);
    if (!again) {
      scan.begun.erase(id);
      scan.prefix.add(id, r.result.gap);
    }
    if (record) record({std::move(r), again, journal, offset});
  };

  const std::vector<std::string> paths = journal_paths(folder);
  FileRecords in_file;
  if (const auto result = open_result(folder)) {
    result->for_each([&](RestartRecord&& r) {
      in_file.ids.push_back(r.result.id);
      if (!paths.empty()) in_file.hashes.push_back(hash_of(r.result));
      tell(std::move(r), campaign_h5, in_file.ids.size() - 1);
    });
    scan.in_file = scan.only_there = in_file.ids.size();
    in_file.in_journal.resize(in_file.ids.size());
    if (result->head().restarts_requested == scan.in_file && scan.done.end() == scan.in_file)
      scan.file_end = scan.in_file;
    scan.energy = result->head().energy;
    scan.file_finished = result->head().provenance.finished;
  }

  std::string reading;
  const JournalVisitor visitor{
      {},
      [&](RestartRecord&& r, std::uint64_t offset) {
        if (const auto row = in_file.find(r.result.id)) {
          if (in_file.hashes[*row] != hash_of(r.result))
            throw RunError(fmt::format(
                "restart {} has one result in {} and another in {}; move one of the two files away",
                r.result.id, result_path(folder), reading));
          if (!in_file.in_journal[*row]) --scan.only_there;
          in_file.in_journal[*row] = true;
          return;
        }
        tell(std::move(r), static_cast<std::uint32_t>(scan.journals.size()), offset);
      },
      [&](RestartCheckpoint&& c) {
        if (scan.done.contains(c.id)) return;
        RestartCheckpoint& newest = scan.begun[c.id];
        if (c.iterations >= newest.iterations) newest = std::move(c);
      },
      [&](RunEnergy&& energy) {  // a journal may be there twice, as a copy
        if (std::none_of(scan.energy.begin(), scan.energy.end(),
                         [&](const RunEnergy& known) { return known.run == energy.run; }))
          scan.energy.push_back(std::move(energy));
      }};
  for (const std::string& path : paths) {
    reading = path;
    scan.journals.push_back(read_journal(path, visitor));
    require_header(scan.journals.back());
  }
  std::stable_sort(scan.energy.begin(), scan.energy.end(),
                   [](const RunEnergy& a, const RunEnergy& b) { return a.run < b.run; });
  // All records count as requested, even if the run that requested them left no header.
  if (!header->rule.active()) {
    scan.header.restarts_requested = std::max(header->restarts_requested, scan.done.end());
    scan.prefix.end_at(scan.header.restarts_requested);
  }
  // A rule may have ended the campaign while later restarts were in flight.
  scan.begun.erase(scan.begun.lower_bound(scan.prefix.end()), scan.begun.end());
  return scan;
}

std::vector<std::string> describe_damage(const FolderScan& scan,
                                         const std::function<bool(const std::string& run)>& live) {
  std::vector<std::string> lines;
  for (const JournalReport& journal : scan.journals) {
    if (journal.unrelated)
      lines.push_back(fmt::format("{}: not a journal despite its name: ignored", journal.path));
    for (const auto& [offset, length] : journal.damaged)
      lines.push_back(
          fmt::format("{}: {} bytes from byte {} on are damaged; its other records are intact",
                      journal.path, length, offset));
    if (journal.torn > 0 && !live(journal.run()))
      lines.push_back(fmt::format("{}: the last record is incomplete ({} bytes): ignored",
                                  journal.path, journal.torn));
  }
  return lines;
}

CampaignMerge::CampaignMerge(const std::string& folder)
    : folder_(folder), file_(open_result(folder)) {
  scan_ = scan_campaign(folder, [&](FoundRecord&& found) {
    const RestartResult& r = found.record.result;
    places_.push_back(
        {r.id, found.offset, found.journal, static_cast<std::uint32_t>(r.history.size())});
    if (!found.again) shape_.include(found.record);
  });
  const auto order = [](const Place& a, const Place& b) {
    return std::tie(a.id, a.journal, a.offset) < std::tie(b.id, b.journal, b.offset);
  };
  if (!std::is_sorted(places_.begin(), places_.end(), order))
    std::sort(places_.begin(), places_.end(), order);
  std::uint64_t end = scan_.prefix.end();
  if (scan_.prefix.satisfied()) {
    end = std::max(end, scan_.file_end);  // a complete campaign.h5 loses no record
    std::erase_if(places_, [end](const Place& place) { return place.id >= end; });
    shape_.count = end;
    shape_.iterates = 0;  // of the records that are left; of two of one restart the first
    for (std::size_t k = 0; k < places_.size(); ++k)
      if (k == 0 || places_[k].id != places_[k - 1].id) shape_.iterates += places_[k].iterates;
  }

  const JournalHeader& header = scan_.header;
  head_ = {header.name,   header.experiment, end,          header.epsilons, header.table,
           header.method, header.provenance, scan_.energy, header.identity};
  std::time_t finished = 0;
  for (const JournalReport& journal : scan_.journals)
    if (!journal.unrelated) finished = std::max<std::time_t>(finished, journal.modified);
  head_.provenance.finished =
      std::max(scan_.file_finished, finished == 0 ? std::string() : utc(finished));
}

void CampaignMerge::write(const std::string& path,
                          const std::function<void(const RestartRecord&)>& record) {
  const std::size_t batch = batch_of(shape_);
  std::optional<CampaignWriter> writer;
  if (!scan_.journals.empty()) writer.emplace(path, head_, shape_);
  std::optional<RestartResult> before;
  for (std::span<const Place> rest = places_; !rest.empty();) {
    const auto some = rest.first(std::min(batch, rest.size()));
    rest = rest.subspan(some.size());
    for (RestartRecord& r : read(some)) {
      if (before && before->id == r.result.id) {
        if (pack(*before) != pack(r.result))
          throw RunError(
              fmt::format("{}: restart {} has two different results", folder_, r.result.id));
        continue;
      }
      before = r.result;
      record(r);
      if (writer) writer->append(std::move(r));
    }
  }
  if (writer) writer->commit();
}

// Reads journal by journal, so that only one is open at a time. Places in campaign.h5 are
// consecutive, since its ids ascend too.
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
    const auto keep = [&](RestartRecord&& r) { records[*next++] = std::move(r); };
    if (journal == campaign_h5)
      for (RestartRecord& r : file_->read(offsets.front(), offsets.size())) keep(std::move(r));
    else
      read_records(scan_.journals[journal].path, offsets, keep);
  }
  return records;
}

// Groups the files of a folder by campaign identity; skips files without identity and records.
std::vector<SeparatedCampaign> separate_campaigns(const std::string& folder) {
  struct Campaign {
    std::string identity;
    std::vector<std::string> journals;
    bool result = false;
  };
  std::vector<Campaign> campaigns;
  const auto campaign_of = [&](const std::string& identity) -> Campaign& {
    for (Campaign& c : campaigns)
      if (same_campaign(c.identity, identity)) return c;
    return campaigns.emplace_back(Campaign{identity, {}, false});
  };
  for (const std::string& path : journal_paths(folder)) {
    JournalHeader header;
    if (read_journal_header(path, header)) {
      campaign_of(header.identity).journals.push_back(path);
    } else if (read_journal(path, {}).records > 0) {
      throw InputError(
          fmt::format("{}: has no intact header, so the campaign of its records is unknown; move "
                      "the file away",
                      path));
    }
  }
  std::string stays = folder_identity(folder);
  if (const auto result = open_result(folder)) {
    Campaign& owner = campaign_of(result->head().identity);
    owner.result = true;
    if (stays.empty()) stays = owner.identity;
  }
  if (campaigns.empty())
    throw InputError(fmt::format(
        "{}: holds no campaign, neither journals nor a campaign.h5; nothing to separate", folder));
  const auto first = std::find_if(campaigns.begin(), campaigns.end(), [&](const Campaign& c) {
    return same_campaign(c.identity, stays);
  });
  if (first != campaigns.end()) std::rotate(campaigns.begin(), first, first + 1);

  std::vector<SeparatedCampaign> separated;
  int number = 1;
  for (const Campaign& campaign : campaigns) {
    SeparatedCampaign& told = separated.emplace_back();
    told.folder = folder;
    told.journals = campaign.journals.size();
    told.result = campaign.result;
    if (separated.size() > 1) {
      const std::string base = (fs::path(folder) / "").parent_path().string();
      const auto move = [](const fs::path& from, const fs::path& to) {
        if (std::rename(from.c_str(), to.c_str()) != 0)
          throw RunError(fmt::format("{}: cannot be moved to {}: {}", from.string(), to.string(),
                                     std::strerror(errno)));
      };
      do told.folder = fmt::format("{}-{}", base, ++number);
      while (::mkdir(told.folder.c_str(), 0777) != 0 && errno == EEXIST);
      const fs::path journals = fs::path(told.folder) / "journal";
      if (::mkdir(journals.c_str(), 0777) != 0)
        throw RunError(
            fmt::format("{}: cannot be made: {}", journals.string(), std::strerror(errno)));
      write_folder_identity(told.folder, campaign.identity);
      // The result first: a journal left behind after an error is found again next time.
      if (campaign.result) move(result_path(folder), result_path(told.folder));
      for (const std::string& path : campaign.journals)
        move(path, journals / fs::path(path).filename());
      told.differences = identity_differences(campaigns.front().identity, campaign.identity);
    }
  }
  write_folder_identity(folder, campaigns.front().identity);
  return separated;
}

}  // namespace qhn
