#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <type_traits>
#include <utility>

#include "core/damaged_file.hpp"
#include "core/error.hpp"
#include "core/paths.hpp"
#include "record/campaign_columns.hpp"
#include "record/campaign_file.hpp"
#include "record/hdf5.hpp"

namespace qhn {
namespace {

template <class T>
void read_any_attribute(hid_t object, const char* name, T& value) {
  if constexpr (std::is_same_v<T, std::string>)
    value = read_text_attribute(object, name);
  else
    value = read_attribute<T>(object, name);
}

// Creates the rows if there are none yet.
template <class Row, class T>
void read_column(hid_t group, const char* name, std::vector<Row>& rows, T Row::*member) {
  std::vector<T> values;
  if constexpr (std::is_same_v<T, std::string>)
    values = read_texts(group, name);
  else
    values = read_dataset<T>(group, name);
  if (rows.empty()) rows.resize(values.size());
  if (rows.size() != values.size())
    throw RunError(
        fmt::format("'{}' has {} entries instead of {}", name, values.size(), rows.size()));
  for (std::size_t k = 0; k < rows.size(); ++k) rows[k].*member = std::move(values[k]);
}

void read_energy(hid_t file, std::vector<RunEnergy>& energy) {
  const H5Id group = open_group(file, "energy"), runs = open_group(group, "runs");
  for_each_run_column(
      [&](const char* name, auto member) { read_column(runs, name, energy, member); });
  const H5Id rows = open_group(group, "phases");
  const std::vector<std::string> owners = read_texts(rows, "run");
  std::vector<PhaseEnergy> phases(owners.size());
  for_each_phase_column(
      [&](const char* name, auto member) { read_column(rows, name, phases, member); });
  if (phases.size() != owners.size())  // an empty list takes the length of its first column
    throw RunError(fmt::format("'run' has {} entries instead of {}", owners.size(), phases.size()));
  for (std::size_t k = 0; k < phases.size(); ++k) {
    const auto owner = std::find_if(energy.begin(), energy.end(),
                                    [&](const RunEnergy& run) { return run.run == owners[k]; });
    if (owner == energy.end()) throw RunError(fmt::format("'energy' has no run '{}'", owners[k]));
    owner->phases.push_back(std::move(phases[k]));
  }
}

// The shape of the columns, without the length of host names.
RecordShape shape_of(hid_t group) {
  RecordShape shape;
  shape.count = count_rows(group, "id");
  shape.oracle = has_link(group, "oracle_samples");
  shape.scores = has_link(group, "test_expectation");
  if (has_link(group, "angles")) shape.angles = count_columns(group, "angles");
  return shape;
}

// What reads such entries of a dataset.
template <class T>
auto read_entries(hid_t group, const char* name, const RowRange& rows, std::size_t columns) {
  if constexpr (std::is_same_v<T, Status>)
    return read_enum_rows(group, name, rows);
  else if constexpr (std::is_same_v<T, std::string>)
    return read_text_rows(group, name, rows);
  else
    return read_rows<T>(group, name, rows, columns);
}

std::vector<RestartRecord> read_restarts(hid_t group, const RecordShape& shape, std::size_t ladder,
                                         int bits, const RowRange& rows) {
  std::vector<RestartRecord> records(rows.count);
  for_each_restart_column(shape, ladder, bits,
                          [&](const char* name, std::size_t columns, auto entry) {
                            using T = EntryType<decltype(entry)>;
                            const auto values = read_entries<T>(group, name, rows, columns);
                            const std::size_t width = std::max<std::size_t>(columns, 1);
                            for (std::size_t i = 0; i < values.size(); ++i)
                              entry(records[i / width], i % width) = static_cast<T>(values[i]);
                          });
  for (RestartRecord& record : records) {
    record.result.scored = shape.scores ? 1 : 0;
    if (record.result.status > Status::diverged)
      throw RunError(fmt::format("'status' holds {}", static_cast<int>(record.result.status)));
    if (!record.result.best_string.is_sound())
      throw RunError(fmt::format("'best_string' holds {}, which has more than {} bits",
                                 record.result.best_string.word(0), bits));
    if (record.result.id >= most_restarts)
      throw RunError(fmt::format("'id' holds {}", record.result.id));
  }
  return records;
}

// The histories of records that follow each other: entries `first` … `end` − 1 of `total`.
void read_histories(hid_t group, std::size_t first, std::size_t end, std::size_t total,
                    std::vector<RestartRecord>& records) {
  for_each_history_field([&]<class T>(const char* name, std::vector<T> RestartHistory::*field) {
    const std::vector<T> all = read_rows<T>(group, name, {first, end - first, total});
    auto at = all.begin();
    for (RestartRecord& r : records) {
      const auto next = at + static_cast<std::ptrdiff_t>(r.result.iterates());
      (r.result.history.*field).assign(at, next);
      at = next;
    }
  });
}

void check_readable(const std::string& path) {
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  if (!std::filesystem::exists(path) && std::filesystem::is_directory(folder / "journal"))
    throw InputError(fmt::format("{}: missing, but its journals exist; make it with qhn merge {}",
                                 path, shell_quoted(folder.string())));
  std::error_code ignored;
  if (std::filesystem::exists(path, ignored) && !std::filesystem::is_regular_file(path, ignored))
    throw InputError(
        fmt::format("{}: is not a regular file; allowed: a file that qhn train wrote", path));
  if (!std::ifstream(path))
    throw InputError(fmt::format("{}: cannot read the result: {}{}", path, std::strerror(errno),
                                 where_looked(path)));
  if (H5Fis_hdf5(path.c_str()) <= 0)
    throw InputError(
        fmt::format("{}: not an HDF5 file; allowed: the folder or file that qhn train "
                    "wrote",
                    path));
}

}  // namespace

class CampaignReader::File {
 public:
  explicit File(const std::string& path) : path_(path) {
    const H5Quiet quiet;
    damage_named([&] {
      file_.emplace(open_hdf5(path_));
      read_head();
      group_.emplace(open_group(*file_, "restarts"));
      shape_ = shape_of(*group_);
      if (has_link(*file_, "history")) find_histories();
    });
  }

  const CampaignHead& head() const { return head_; }
  const RecordShape& shape() const { return shape_; }
  [[noreturn]] void damaged(const std::string& what) const {
    throw InputError(fmt::format("{}: damaged or incomplete: {}", path_, what));
  }

  std::vector<RestartRecord> read(std::size_t first, std::size_t count) const {
    const H5Quiet quiet;
    std::vector<RestartRecord> records;
    damage_named([&] {
      records = read_restarts(*group_, shape_, head_.epsilons.size(), head_.table.qubits,
                              {first, count, shape_.count});
      if (shape_.history)
        read_histories(*history_, history_begin_.at(first), history_begin_.at(first + count),
                       shape_.iterates, records);
    });
    return records;
  }

 private:
  void find_histories() {
    history_.emplace(open_group(*file_, "history"));
    shape_.history = true;
    history_begin_.push_back(0);
    for (const std::int32_t n :
         read_rows<std::int32_t>(*group_, "iterations", {0, shape_.count, shape_.count})) {
      if (n < 0) throw RunError(fmt::format("'iterations' holds {}", n));
      history_begin_.push_back(history_begin_.back() + static_cast<std::uint64_t>(n) + 1);
    }
    shape_.iterates = count_rows(*history_, "expectation");
    if (history_begin_.back() != shape_.iterates)
      throw RunError(fmt::format("'history' has {} iterates, its restarts {}", shape_.iterates,
                                 history_begin_.back()));
  }

  template <class Work>
  void damage_named(const Work& work) const {
    try {
      work();
    } catch (const RunError& error) {
      damaged(error.what());
    }
  }

  void read_head() {
    const hid_t file = *file_;
    if (H5Aexists(file, "format") <= 0 || read_text_attribute(file, "format") != campaign_format)
      throw InputError(fmt::format("{}: an HDF5 file, but not of a qhn campaign", path_));
    const int schema = read_attribute<std::int32_t>(file, "schema_version");
    if (schema != campaign_schema_version)
      throw InputError(fmt::format("{}: schema version {}; this qhn reads version {}", path_,
                                   schema, campaign_schema_version));
    head_.name = read_text_attribute(file, "name");
    head_.restarts_requested = read_attribute<std::uint64_t>(file, "restarts_requested");
    head_.experiment = read_text(file, "experiment");
    head_.identity = read_text(file, "identity");
    head_.epsilons = read_dataset<double>(file, "epsilon");

    const H5Id table = open_group(file, "table");
    head_.table.qubits = read_attribute<std::int32_t>(table, "qubits");
    if (H5Aexists(table, "target") > 0) {
      head_.table.reference = {Reference::Kind::target, read_attribute<double>(table, "target")};
    } else {
      head_.table.reference = {Reference::Kind::enumerated,
                               read_attribute<double>(table, "minimum")};
      head_.table.minimizers = read_attribute<std::uint64_t>(table, "minimizers");
      head_.table.best_index = read_attribute<std::uint64_t>(table, "best_index");
      if (H5Aexists(table, "best_test_cost") > 0)
        head_.table.best_test_cost = read_attribute<double>(table, "best_test_cost");
      if (head_.table.minimizers == 0) throw RunError("'minimizers' is 0");
    }
    if (has_link(table, "next_gaps"))
      head_.table.next_gaps = read_dataset<double>(table, "next_gaps");
    head_.table.samples = read_attribute<std::uint64_t>(table, "samples");

    if (has_link(file, "method")) {
      const H5Id method = open_group(file, "method");
      for_each_method_attribute(head_.method, [&](const char* name, auto& value) {
        read_any_attribute(method, name, value);
      });
    }

    if (has_link(file, "energy")) read_energy(file, head_.energy);

    const H5Id provenance = open_group(file, "provenance");
    for_each_provenance_attribute(head_.provenance, [&](const char* name, auto& value) {
      read_any_attribute(provenance, name, value);
    });
    if (H5Aexists(provenance, "plan") > 0)
      head_.provenance.plan = read_text_attribute(provenance, "plan");
    head_.provenance.hosts = read_texts(provenance, "hosts");
    if (has_link(provenance, "slurm")) {
      const H5Id slurm = open_group(provenance, "slurm");
      for (const std::string& name : attribute_names(slurm))
        head_.provenance.slurm.push_back(name + '=' + read_text_attribute(slurm, name));
    }
    check_ladder(head_.epsilons);
    check_table(head_.table);
    if (head_.restarts_requested > most_restarts)
      throw RunError(fmt::format("{} restarts requested", head_.restarts_requested));
  }

  const std::string path_;
  std::optional<H5Id> file_, group_, history_;
  std::vector<std::uint64_t> history_begin_;  // entry of /history at which a row's begins
  CampaignHead head_;
  RecordShape shape_;
};

CampaignReader::CampaignReader(const std::string& path_or_folder) {
  const std::string path = campaign_path(path_or_folder);
  check_readable(path);
  refuse_damaged(path, [&](const auto& go_on) {
    const File file(path);
    const std::uint64_t count = file.shape().count, batch = batch_of(file.shape());
    for (std::uint64_t first = 0; first < count; first += batch) {
      go_on();
      file.read(first, std::min(batch, count - first));
    }
  });
  file_ = std::make_unique<File>(path);
}
CampaignReader::CampaignReader(CampaignReader&&) noexcept = default;
CampaignReader::~CampaignReader() = default;
const CampaignHead& CampaignReader::head() const { return file_->head(); }
const RecordShape& CampaignReader::shape() const { return file_->shape(); }

void CampaignReader::for_each(const std::function<void(RestartRecord&&)>& see) const {
  const std::uint64_t count = shape().count, batch = batch_of(shape());
  std::optional<std::uint64_t> before;
  for (std::uint64_t first = 0; first < count; first += batch)
    for (RestartRecord& record : file_->read(first, std::min(batch, count - first))) {
      const std::uint64_t id = record.result.id;
      if (before && id <= *before) file_->damaged("'id' is not in ascending order");
      before = id;
      see(std::move(record));
    }
}

std::vector<RestartRecord> CampaignReader::read(std::uint64_t first, std::uint64_t count) const {
  return file_->read(first, count);
}

CampaignFile read_campaign(const std::string& path) {
  const CampaignReader reader(path);
  CampaignFile campaign{reader.head(), {}};
  campaign.records.reserve(reader.shape().count);
  reader.for_each([&](RestartRecord&& record) { campaign.records.push_back(std::move(record)); });
  return campaign;
}

}  // namespace qhn
