#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>

#include "core/check_sum.hpp"
#include "core/damaged_file.hpp"
#include "core/error.hpp"
#include "record/atomic_file.hpp"
#include "record/campaign_columns.hpp"
#include "record/campaign_file.hpp"
#include "record/campaign_schema.hpp"
#include "record/hdf5.hpp"

namespace qhn {
namespace {

template <class Row, class T>
void write_column(hid_t group, const char* name, const std::vector<Row>& rows, T Row::*member) {
  std::vector<T> values;
  for (const Row& row : rows) values.push_back(row.*member);
  if constexpr (std::is_same_v<T, std::string>)
    write_texts(group, name, values);
  else
    write_dataset(group, name, values);
}

void write_energy(hid_t file, const std::vector<RunEnergy>& energy) {
  std::vector<std::string> owners;
  std::vector<PhaseEnergy> phases;
  for (const RunEnergy& run : energy)
    for (const PhaseEnergy& phase : run.phases) {
      owners.push_back(run.run);
      phases.push_back(phase);
    }
  const H5Id group = create_group(file, "energy"), runs = create_group(group, "runs");
  for_each_run_column(
      [&](const char* name, auto member) { write_column(runs, name, energy, member); });
  const H5Id rows = create_group(group, "phases");
  write_texts(rows, "run", owners);
  for_each_phase_column(
      [&](const char* name, auto member) { write_column(rows, name, phases, member); });
}

// Status as an HDF5 enumeration, which names its values in the file.
H5Id status_type() {
  H5Id type(H5Tenum_create(H5T_NATIVE_UINT8), H5Tclose, "cannot make the status type");
  for (std::uint8_t value = 0; value <= static_cast<std::uint8_t>(Status::diverged); ++value)
    h5_check(H5Tenum_insert(type, to_string(static_cast<Status>(value)), &value),
             "cannot make the status type");
  return type;
}

// Writes everything except the restarts.
void write_head(hid_t file, const CampaignHead& campaign) {
  write_attribute(file, "format", std::string(campaign_format));
  write_attribute(file, "schema_version", std::int32_t{campaign_schema_version});
  write_attribute(file, "name", campaign.name);
  write_attribute(file, "restarts_requested", campaign.restarts_requested);
  write_text(file, "experiment", campaign.experiment);
  write_text(file, "identity", campaign.identity);
  write_dataset(file, "epsilon", campaign.epsilons);

  const H5Id table = create_group(file, "table");
  write_attribute(table, "qubits", std::int32_t{campaign.table.qubits});
  write_attribute(table, "reference", std::string(to_string(campaign.table.reference.kind)));
  if (campaign.table.enumerated()) {
    write_attribute(table, "minimum", campaign.table.reference.cost);
    write_attribute(table, "minimizers", campaign.table.minimizers);
    write_attribute(table, "best_index", campaign.table.best_index);
    if (!std::isnan(campaign.table.best_test_cost))
      write_attribute(table, "best_test_cost", campaign.table.best_test_cost);
  } else {
    write_attribute(table, "target", campaign.table.reference.cost);
  }
  write_attribute(table, "samples", campaign.table.samples);
  if (!campaign.table.next_gaps.empty())
    write_dataset(table, "next_gaps", campaign.table.next_gaps);

  if (!campaign.method.name.empty()) {
    const H5Id method = create_group(file, "method");
    for_each_method_attribute(campaign.method, [&](const char* name, const auto& value) {
      write_attribute(method, name, value);
    });
  }

  if (!campaign.energy.empty()) write_energy(file, campaign.energy);

  const H5Id provenance = create_group(file, "provenance");
  for_each_provenance_attribute(campaign.provenance, [&](const char* name, const auto& value) {
    write_attribute(provenance, name, value);
  });
  if (!campaign.provenance.plan.empty())
    write_attribute(provenance, "plan", campaign.provenance.plan);
  write_texts(provenance, "hosts", campaign.provenance.hosts);
  if (!campaign.provenance.slurm.empty()) {
    const H5Id slurm = create_group(provenance, "slurm");
    for (const std::string& variable : campaign.provenance.slurm) {
      const std::size_t at = variable.find('=');
      write_attribute(slurm, variable.substr(0, at), variable.substr(at + 1));
    }
  }
}

bool has_object(hid_t file, const std::string& path) {
  for (std::size_t end = path.find('/', 1); end != std::string::npos; end = path.find('/', end + 1))
    if (!has_link(file, path.substr(0, end))) return false;
  return path == "/" || has_link(file, path);
}

// Writes the descriptive attributes of every object.
void describe_objects(hid_t file, const CampaignHead& campaign) {
  const Chosen chosen = how_chosen(campaign.method.name, campaign.experiment);
  for (const FieldMeaning& field : campaign_schema()) {
    const std::string path = field.path;
    if (!has_object(file, path)) continue;
    const H5Id object(H5Oopen(file, path.c_str(), H5P_DEFAULT), H5Oclose,
                      fmt::format("cannot open '{}'", path));
    const std::string name = path.substr(path.rfind('/') + 1);
    write_attribute(object, "description",
                    field.description ? field.description : describe_best(name, chosen));
    if (field.unit) write_attribute(object, "unit", std::string(field.unit));
    if (field.shape) write_attribute(object, "shape", std::string(field.shape));
    if (name == "best_string") write_attribute(object, "meaning", std::string(to_string(chosen)));
  }
}

void write_found(hid_t file, const FoundNetwork& found) {
  if (!found.any()) return;
  const H5Id table = open_group(file, "table");
  if (found.network.has_index()) write_attribute(table, "found_index", found.network.index());
  write_attribute(table, "found_bits", found.network.text());
  write_attribute(table, "found_cost", found.cost);
  write_attribute(table, "found_restart", found.restart);
}

}  // namespace

/// The open file, the datasets of its restarts, and the rows not yet written.
class CampaignWriter::Columns {
 public:
  Columns(const std::string& path, const CampaignHead& head, const RecordShape& shape)
      : path_(path),
        shape_(shape),
        ladder_(head.epsilons.size()),
        bits_(head.table.qubits),
        status_type_(status_type()),
        host_type_(h5_text_type(shape.host_length)),
        new_file_(path, NewFile::Special::refuse) {
    guarded([&] {
      // Bytes of the columns per record; head_size() is an upper bound for the rest.
      const std::uint64_t record = 105 + 16 * ladder_ + shape.host_length +
                                   sizeof(double) * shape.angles + 8 * (std::max(bits_, 64) / 64) +
                                   (shape.oracle ? sizeof(OracleBill) : 0) +
                                   (shape.scores ? sizeof(RestartScores) : 0);
      const std::uint64_t iterate = sizeof(double) + 2 * sizeof(float) + sizeof(std::int32_t);
      const std::uint64_t bytes = record * shape.count + iterate * shape.iterates + head_size(head);
      new_file_.reserve(bytes);
      file_.emplace(create_hdf5(new_file_.reopen_path()));
      new_file_.reserve(bytes);  // create_hdf5() frees the space
      write_head(*file_, head);
      group_.emplace(create_group(*file_, "restarts"));
      for_each_restart_column(
          shape_, ladder_, bits_, [&](const char* name, std::size_t columns, auto entry) {
            datasets_.push_back(create_dataset(*group_, name, type_of<EntryType<decltype(entry)>>(),
                                               shape.count, columns));
          });
      if (shape_.history) {
        const H5Id group = create_group(*file_, "history");
        for_each_history_field([&]<class T>(const char* name, std::vector<T> RestartHistory::*) {
          history_.push_back(create_dataset(group, name, h5_type<T>(), shape_.iterates));
        });
      }
      describe_objects(*file_, head);
    });
  }

  void append(RestartRecord&& record) {
    const RestartResult& r = record.result;
    for (const auto* crossings : {&r.expectation_crossings, &r.string_crossings})
      if (crossings->size() != ladder_)
        throw RunError(fmt::format("{}: record {} has {} crossings for {} epsilons", path_, r.id,
                                   crossings->size(), ladder_));
    if (r.angles.size() != shape_.angles)
      throw RunError(fmt::format("{}: record {} has {} angles, others {}", path_, r.id,
                                 r.angles.size(), shape_.angles));
    if (bits_ > 64 && r.best_string.bits() != bits_)
      throw RunError(fmt::format("{}: record {} has a network of {} bits, others {}", path_, r.id,
                                 r.best_string.bits(), bits_));
    if (r.history.size() != (shape_.history ? r.iterates() : 0))
      throw RunError(fmt::format("{}: record {} has {} iterations and a history of {} entries",
                                 path_, r.id, r.iterations, r.history.size()));
    if ((r.scored != 0) != shape_.scores)
      throw RunError(fmt::format("{}: record {} has {}scores, others {}", path_, r.id,
                                 shape_.scores ? "no " : "", shape_.scores ? "do" : "do not"));
    found_.include(record.result);
    rows_.push_back(std::move(record));
    if (rows_.size() == batch_of(shape_)) flush();
  }

  void commit() {
    flush();
    if (written_ != shape_.count)
      throw RunError(fmt::format("{}: {} records for {} rows", path_, written_, shape_.count));
    if (iterates_ != shape_.iterates)
      throw RunError(fmt::format("{}: {} iterates for {} rows", path_, iterates_, shape_.iterates));
    guarded([&] {
      write_found(*file_, found_);
      h5_check(H5Fflush(*file_, H5F_SCOPE_GLOBAL), "cannot finish the file");
      datasets_.clear();
      history_.clear();
      group_.reset();
      file_.reset();
      add_check_sum();
    });
    new_file_.commit();
  }

 private:
  static std::uint64_t head_size(const CampaignHead& head) {
    std::uint64_t bytes = 56 << 10;  // groups, datasets and attributes: at most 50 KiB
    bytes += head.provenance.plan.size() + head.experiment.size() + head.identity.size() +
             sizeof(double) * head.epsilons.size();
    for (const RunEnergy& run : head.energy)
      bytes += (1 << 14) + 512 * run.phases.size() + run.remarks.size();
    for (const auto* list : {&head.provenance.hosts, &head.provenance.slurm})
      for (const std::string& text : *list) bytes += 256 + text.size();
    return bytes;
  }

  // Cuts off the unused reserved space, then appends the check sum line.
  void add_check_sum() {
    const std::string written = new_file_.reopen_path();
    const std::uint64_t end = end_of_hdf5(written);
    if (end == 0) throw RunError("HDF5 wrote a file of another version");
    new_file_.end_with(end, {});
    const std::string line = check_sum_line(written);
    new_file_.end_with(end, std::as_bytes(std::span(line)));
  }

  template <class Work>
  void guarded(const Work& work) {
    const H5Quiet quiet;
    try {
      work();
    } catch (const RunError& error) {
      const std::string what = error.what();
      throw RunError(what.starts_with(path_) ? what : fmt::format("{}: {}", path_, what));
    }
  }

  void flush() {
    guarded([&] { write_batch(); });
    written_ += rows_.size();
    rows_.clear();
  }

  void write_batch() {
    if (rows_.empty()) return;
    auto dataset = datasets_.begin();
    for_each_restart_column(
        shape_, ladder_, bits_, [&](const char*, std::size_t columns, auto entry) {
          using T = EntryType<decltype(entry)>;
          const auto values = values_of<T>(std::max<std::size_t>(columns, 1), entry);
          write_rows(*dataset++, type_of<T>(), written_, rows_.size(), values.data());
        });
    if (shape_.history) write_histories();
  }

  void write_histories() {
    auto dataset = history_.begin();
    for_each_history_field([&]<class T>(const char*, std::vector<T> RestartHistory::*field) {
      std::vector<T> all;
      for (const RestartRecord& r : rows_)
        all.insert(all.end(), (r.result.history.*field).begin(), (r.result.history.*field).end());
      write_rows(*dataset++, h5_type<T>(), iterates_, all.size(), all.data());
    });
    for (const RestartRecord& r : rows_) iterates_ += r.result.history.size();
  }

  // One column of the batch, row after row; texts are padded to the longest.
  template <class T, class Entry>
  auto values_of(std::size_t width, const Entry& entry) const {
    std::conditional_t<std::is_same_v<T, std::string>, std::string, std::vector<T>> values;
    for (const RestartRecord& r : rows_)
      for (std::size_t k = 0; k < width; ++k)
        if constexpr (std::is_same_v<T, std::string>) {
          values += entry(r, k);
          values.resize(values.size() + shape_.host_length - entry(r, k).size(), '\0');
        } else {
          values.push_back(entry(r, k));
        }
    return values;
  }

  template <class T>
  hid_t type_of() const {
    if constexpr (std::is_same_v<T, Status>)
      return status_type_;
    else if constexpr (std::is_same_v<T, std::string>)
      return host_type_;
    else
      return h5_type<T>();
  }

  const std::string path_;
  const RecordShape shape_;
  const std::size_t ladder_;
  const int bits_;
  const H5Id status_type_, host_type_;
  FoundNetwork found_;
  NewFile new_file_;
  std::optional<H5Id> file_, group_;
  std::vector<H5Id> datasets_;  // in the order of for_each_restart_column
  std::vector<H5Id> history_;   // in the order of for_each_history_column
  std::vector<RestartRecord> rows_;
  std::size_t written_ = 0, iterates_ = 0;
};

CampaignWriter::CampaignWriter(const std::string& path, const CampaignHead& head,
                               const RecordShape& shape)
    : columns_(std::make_unique<Columns>(path, head, shape)) {}
CampaignWriter::~CampaignWriter() = default;
void CampaignWriter::append(RestartRecord&& record) { columns_->append(std::move(record)); }
void CampaignWriter::commit() { columns_->commit(); }

void write_campaign(const std::string& path, const CampaignFile& campaign) {
  RecordShape shape;
  for (const RestartRecord& record : campaign.records) shape.include(record);
  CampaignWriter writer(path, campaign, shape);
  for (const RestartRecord& record : campaign.records) writer.append(RestartRecord(record));
  writer.commit();
}

}  // namespace qhn
