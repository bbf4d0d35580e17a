#include "record/campaign_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>

#include "core/check_sum.hpp"
#include "core/damaged_file.hpp"
#include "core/error.hpp"
#include "core/paths.hpp"
#include "record/atomic_file.hpp"
#include "record/campaign_schema.hpp"
#include "record/hdf5.hpp"

namespace qhn {
namespace {

constexpr const char* format_mark = "qhn campaign";
constexpr std::uint64_t batch = 1 << 14;  // records in memory

// Every provenance field except `hosts` and `slurm`, for reading and writing.
template <class P, class F>
void for_each_field(P& p, F&& f) {
  f("version", p.version);
  f("git_commit", p.git_commit);
  f("git_dirty", p.git_dirty);
  f("compiler", p.compiler);
  f("compiler_flags", p.compiler_flags);
  f("libraries", p.libraries);
  f("mpi", p.mpi);
  f("ranks", p.ranks);
  f("threads", p.threads);
  f("binding", p.binding);
  f("cpu", p.cpu);
  f("simd", p.simd);
  f("engine", p.engine);
  f("precision", p.precision);
  f("started", p.started);
  f("finished", p.finished);
  f("seed", p.seed);
  f("data_sha256", p.data_sha256);
}

// The scalar columns of a record: dataset name, member.
template <class R, class F>
void for_each_column(F&& f) {
  f(
      "id", [](R & r) -> auto& { return r.result.id; });
  f(
      "seed", [](R & r) -> auto& { return r.result.seed; });
  f(
      "expectation", [](R & r) -> auto& { return r.result.expectation; });
  f(
      "gap", [](R & r) -> auto& { return r.result.gap; });
  f(
      "gradient_norm", [](R & r) -> auto& { return r.result.gradient_norm; });
  f(
      "iterations", [](R & r) -> auto& { return r.result.iterations; });
  f(
      "evaluations", [](R & r) -> auto& { return r.result.evaluations; });
  f(
      "best_string", [](R & r) -> auto& { return r.result.best_string; });
  f(
      "best_probability", [](R & r) -> auto& { return r.result.best_probability; });
  f(
      "best_cost", [](R & r) -> auto& { return r.result.best_cost; });
  f(
      "seconds", [](R & r) -> auto& { return r.cost.seconds; });
  f(
      "cpu_seconds", [](R & r) -> auto& { return r.cost.cpu_seconds; });
  f(
      "joules", [](R & r) -> auto& { return r.cost.joules; });
}

// The columns with one entry per epsilon.
template <class R, class F>
void for_each_crossing(F&& f) {
  const auto expectation = [](R & r) -> auto& { return r.result.expectation_crossings; };
  const auto text = [](R & r) -> auto& { return r.result.string_crossings; };
  f("expectation_crossing_iteration", expectation, &Crossing::iteration);
  f("expectation_crossing_evaluation", expectation, &Crossing::evaluation);
  f("string_crossing_iteration", text, &Crossing::iteration);
  f("string_crossing_evaluation", text, &Crossing::evaluation);
}

// The columns with one entry per phase of the ledger.
template <class F>
void for_each_ledger(F&& f) {
  f("oracle_evaluations", &OracleCount::evaluations);
  f("oracle_unique", &OracleCount::unique);
  f("oracle_samples", &OracleCount::samples);
}
constexpr std::size_t phases = std::tuple_size_v<decltype(OracleBill::phases)>;

// The attributes of /method, for reading and writing.
template <class M, class F>
void for_each_method_field(M& m, F&& f) {
  f("name", m.name);
  f("settings", m.settings);
  f("tuning_evaluations", m.tuning.evaluations);
  f("tuning_unique", m.tuning.unique);
  f("tuning_samples", m.tuning.samples);
  f("inner_samples", m.inner_samples);
}

// The columns of /energy/runs and /energy/phases, for reading and writing; without the run of a
// phase.
template <class F>
void for_each_run_column(F&& f) {
  f("run", &RunEnergy::run);
  f("restarts", &RunEnergy::restarts);
  f("pue", &RunEnergy::pue);
  f("grams_per_kwh", &RunEnergy::grams_per_kwh);
  f("meter_seconds", &RunEnergy::meter_seconds);
  f("remarks", &RunEnergy::remarks);
}
template <class F>
void for_each_phase_column(F&& f) {
  f("phase", &PhaseEnergy::phase);
  f("host", &PhaseEnergy::host);
  f("method", &PhaseEnergy::method);
  f("scope", &PhaseEnergy::scope);
  f("nodes", &PhaseEnergy::nodes);
  f("seconds", &PhaseEnergy::seconds);
  f("joules", &PhaseEnergy::joules);
  f("uncertainty", &PhaseEnergy::uncertainty);
  f("net_joules", &PhaseEnergy::net_joules);
  f("net_uncertainty", &PhaseEnergy::net_uncertainty);
  f("tick", &PhaseEnergy::tick);
  f("flops", &PhaseEnergy::flops);
  f("bytes", &PhaseEnergy::bytes);
  f("exchanged", &PhaseEnergy::exchanged);
  f("times", &PhaseEnergy::times);
}

template <class T>
void read_any_attribute(hid_t object, const char* name, T& value) {
  if constexpr (std::is_same_v<T, std::string>)
    value = read_text_attribute(object, name);
  else
    value = read_attribute<T>(object, name);
}

H5Id create_group(hid_t file, const char* name) {
  return {H5Gcreate2(file, name, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT), H5Gclose,
          fmt::format("cannot create group '{}'", name)};
}

H5Id open_group(hid_t file, const char* name) {
  return {H5Gopen2(file, name, H5P_DEFAULT), H5Gclose, fmt::format("cannot open group '{}'", name)};
}

template <class Row, class T>
void write_column(hid_t group, const char* name, const std::vector<Row>& rows, T Row::*member) {
  std::vector<T> values;
  for (const Row& row : rows) values.push_back(row.*member);
  if constexpr (std::is_same_v<T, std::string>)
    write_texts(group, name, values);
  else
    write_dataset(group, name, values);
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

// Status as an HDF5 enumeration, which names its values in the file.
H5Id status_type() {
  H5Id type(H5Tenum_create(H5T_NATIVE_UINT8), H5Tclose, "cannot make the status type");
  for (std::uint8_t value = 0; value <= static_cast<std::uint8_t>(Status::diverged); ++value)
    h5_check(H5Tenum_insert(type, to_string(static_cast<Status>(value)), &value),
             "cannot make the status type");
  return type;
}

// The shape of the columns, without the length of host names.
RecordShape shape_of(hid_t group) {
  RecordShape shape;
  shape.count = count_rows(group, "id");
  shape.oracle = has_link(group, "oracle_samples");
  if (has_link(group, "angles")) shape.angles = count_columns(group, "angles");
  return shape;
}

std::vector<RestartRecord> read_restarts(hid_t group, const RecordShape& shape, std::size_t ladder,
                                         const RowRange& rows) {
  std::vector<RestartRecord> records(rows.count);
  for_each_column<RestartRecord>([&](const char* name, auto member) {
    using T = std::decay_t<decltype(member(records[0]))>;
    const std::vector<T> values = read_rows<T>(group, name, rows);
    for (std::size_t i = 0; i < rows.count; ++i) member(records[i]) = values[i];
  });
  const std::vector<std::uint8_t> status = read_enum_rows(group, "status", rows);
  for (std::size_t i = 0; i < rows.count; ++i) {
    records[i].result.status = static_cast<Status>(status[i]);
    if (records[i].result.status > Status::diverged)
      throw RunError(fmt::format("'status' holds {}", status[i]));
    if (records[i].result.id >= most_restarts)
      throw RunError(fmt::format("'id' holds {}", records[i].result.id));
  }

  for_each_crossing<RestartRecord>([&](const char* name, auto crossings, auto part) {
    if (ladder == 0) return;
    const std::vector<std::int32_t> values = read_rows<std::int32_t>(group, name, rows, ladder);
    for (std::size_t i = 0; i < rows.count; ++i) {
      crossings(records[i]).resize(ladder);
      for (std::size_t e = 0; e < ladder; ++e)
        crossings(records[i])[e].*part = values[i * ladder + e];
    }
  });

  if (shape.oracle)
    for_each_ledger([&](const char* name, auto part) {
      const std::vector<std::uint64_t> values = read_rows<std::uint64_t>(group, name, rows, phases);
      for (std::size_t i = 0; i < values.size(); ++i)
        records[i / phases].result.oracle.phases[i % phases].*part = values[i];
    });

  std::vector<std::string> hosts = read_text_rows(group, "host", rows);
  for (std::size_t i = 0; i < rows.count; ++i) records[i].cost.host = std::move(hosts[i]);

  if (shape.angles == 0) return records;
  const std::vector<double> angles = read_rows<double>(group, "angles", rows, shape.angles);
  for (std::size_t i = 0; i < rows.count; ++i) {
    const auto row = angles.begin() + static_cast<std::ptrdiff_t>(i * shape.angles);
    records[i].result.angles.assign(row, row + static_cast<std::ptrdiff_t>(shape.angles));
  }
  return records;
}

// Writes everything except the restarts.
void write_head(hid_t file, const CampaignHead& campaign) {
  write_attribute(file, "format", std::string(format_mark));
  write_attribute(file, "schema_version", std::int32_t{campaign_schema_version});
  write_attribute(file, "name", campaign.name);
  write_attribute(file, "restarts_requested", campaign.restarts_requested);
  write_text(file, "experiment", campaign.experiment);
  write_text(file, "identity", campaign.identity);
  write_dataset(file, "epsilon", campaign.epsilons);

  const H5Id table = create_group(file, "table");
  write_attribute(table, "qubits", std::int32_t{campaign.table.qubits});
  write_attribute(table, "reference", std::string(campaign.table.reference()));
  if (campaign.table.enumerated()) {
    write_attribute(table, "minimum", campaign.table.minimum);
    write_attribute(table, "minimizers", campaign.table.minimizers);
    write_attribute(table, "best_index", campaign.table.best_index);
  } else {
    write_attribute(table, "target", campaign.table.minimum);
  }
  write_attribute(table, "samples", campaign.table.samples);
  if (!campaign.table.next_gaps.empty())
    write_dataset(table, "next_gaps", campaign.table.next_gaps);

  if (!campaign.method.name.empty()) {
    const H5Id method = create_group(file, "method");
    for_each_method_field(campaign.method, [&](const char* name, const auto& value) {
      write_attribute(method, name, value);
    });
  }

  if (!campaign.energy.empty()) write_energy(file, campaign.energy);

  const H5Id provenance = create_group(file, "provenance");
  for_each_field(campaign.provenance, [&](const char* name, const auto& value) {
    write_attribute(provenance, name, value);
  });
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

void write_found(hid_t file, const FoundNetwork& found, int qubits) {
  if (!found.any()) return;
  std::string bits;
  for (int q = qubits - 1; q >= 0; --q) bits += bit(found.network, q) ? '1' : '0';
  const H5Id table = open_group(file, "table");
  write_attribute(table, "found_index", found.network);
  write_attribute(table, "found_bits", bits);
  write_attribute(table, "found_cost", found.cost);
  write_attribute(table, "found_restart", found.restart);
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

std::string campaign_path(const std::string& path) {
  namespace fs = std::filesystem;
  std::error_code ignored;
  const bool named = fs::path(path).filename() == "campaign.h5";
  return fs::is_directory(path, ignored) && !named ? (fs::path(path) / "campaign.h5").string()
                                                   : path;
}

void check_ladder(const std::vector<double>& epsilons) {
  if (epsilons.empty()) throw RunError("there are no epsilons");
  for (std::size_t e = 0; e < epsilons.size(); ++e)
    if (!(epsilons[e] > 0) || !(epsilons[e] < std::numeric_limits<double>::infinity()) ||
        (e > 0 && !(epsilons[e] < epsilons[e - 1])))
      throw RunError("the epsilons are not positive numbers in descending order");
}

void check_table(const TableSummary& table) {
  if (!std::isfinite(table.minimum))
    throw RunError(
        fmt::format("the {} is {}", table.enumerated() ? "minimum" : "target", table.minimum));
  if (table.qubits < 0 || table.qubits > 64) throw RunError(fmt::format("{} qubits", table.qubits));
}

void RecordShape::include(const RestartRecord& record) {
  if (count++ == 0) angles = record.result.angles.size();
  host_length = std::max(host_length, record.cost.host.size());
  oracle = oracle || record.result.oracle != OracleBill{};
}

/// The open file, the datasets of its restarts, and the rows not yet written.
class CampaignWriter::Columns {
 public:
  Columns(const std::string& path, const CampaignHead& head, const RecordShape& shape)
      : path_(path),
        shape_(shape),
        ladder_(head.epsilons.size()),
        qubits_(head.table.qubits),
        new_file_(path, NewFile::Special::refuse) {
    guarded([&] {
      // Bytes of the columns per record; head_size() is an upper bound for the rest.
      const std::uint64_t record = 105 + 16 * ladder_ + shape.host_length +
                                   sizeof(double) * shape.angles +
                                   (shape.oracle ? sizeof(OracleBill) : 0);
      new_file_.reserve(record * shape.count + head_size(head));
      file_.emplace(create_hdf5(new_file_.reopen_path()));
      new_file_.reserve(record * shape.count + head_size(head));  // create_hdf5() frees the space
      write_head(*file_, head);
      group_.emplace(create_group(*file_, "restarts"));
      for_each_column<const RestartRecord>([&](const char* name, auto member) {
        using T = std::decay_t<decltype(member(std::declval<const RestartRecord&>()))>;
        datasets_.push_back(create_dataset(*group_, name, h5_type<T>(), shape.count));
      });
      datasets_.push_back(create_dataset(*group_, "status", status_type(), shape.count));
      for_each_crossing<const RestartRecord>([&](const char* name, auto, auto) {
        if (ladder_ > 0)
          datasets_.push_back(
              create_dataset(*group_, name, h5_type<std::int32_t>(), shape.count, ladder_));
      });
      if (shape.oracle)
        for_each_ledger([&](const char* name, auto) {
          datasets_.push_back(
              create_dataset(*group_, name, h5_type<std::uint64_t>(), shape.count, phases));
        });
      datasets_.push_back(
          create_dataset(*group_, "host", h5_text_type(shape.host_length), shape.count));
      if (shape.angles > 0)
        datasets_.push_back(
            create_dataset(*group_, "angles", h5_type<double>(), shape.count, shape.angles));
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
    found_.include(record.result);
    rows_.push_back(std::move(record));
    if (rows_.size() == batch) flush();
  }

  void commit() {
    flush();
    if (written_ != shape_.count)
      throw RunError(fmt::format("{}: {} records for {} rows", path_, written_, shape_.count));
    guarded([&] {
      write_found(*file_, found_, qubits_);
      h5_check(H5Fflush(*file_, H5F_SCOPE_GLOBAL), "cannot finish the file");
      datasets_.clear();
      group_.reset();
      file_.reset();
      add_check_sum();
    });
    new_file_.commit();
  }

 private:
  static std::uint64_t head_size(const CampaignHead& head) {
    std::uint64_t bytes = 40 << 10;  // groups, datasets and attributes: at most 35 KiB
    bytes += head.experiment.size() + head.identity.size() + sizeof(double) * head.epsilons.size();
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
    const auto put = [&](hid_t type, const void* values) {
      write_rows(*dataset++, type, written_, rows_.size(), values);
    };
    for_each_column<const RestartRecord>([&](const char*, auto member) {
      std::vector<std::decay_t<decltype(member(rows_[0]))>> values;
      for (const RestartRecord& r : rows_) values.push_back(member(r));
      put(h5_type<typename decltype(values)::value_type>(), values.data());
    });
    std::vector<Status> statuses;
    for (const RestartRecord& r : rows_) statuses.push_back(r.result.status);
    put(status_type(), statuses.data());
    for_each_crossing<const RestartRecord>([&](const char*, auto crossings, auto part) {
      std::vector<std::int32_t> values;
      for (const RestartRecord& r : rows_)
        for (const Crossing& c : crossings(r)) values.push_back(c.*part);
      if (ladder_ > 0) put(h5_type<std::int32_t>(), values.data());
    });
    if (shape_.oracle)
      for_each_ledger([&](const char*, auto part) {
        std::vector<std::uint64_t> values;
        for (const RestartRecord& r : rows_)
          for (const OracleCount& phase : r.result.oracle.phases) values.push_back(phase.*part);
        put(h5_type<std::uint64_t>(), values.data());
      });
    std::string hosts;
    for (const RestartRecord& r : rows_) {
      hosts += r.cost.host;
      hosts.resize(hosts.size() + shape_.host_length - r.cost.host.size(), '\0');
    }
    put(h5_text_type(shape_.host_length), hosts.data());
    std::vector<double> angles;
    for (const RestartRecord& r : rows_)
      angles.insert(angles.end(), r.result.angles.begin(), r.result.angles.end());
    if (shape_.angles > 0) put(h5_type<double>(), angles.data());
  }

  const std::string path_;
  const RecordShape shape_;
  const std::size_t ladder_;
  const int qubits_;
  FoundNetwork found_;
  NewFile new_file_;
  std::optional<H5Id> file_, group_;
  std::vector<H5Id> datasets_;  // in the order of their creation above
  std::vector<RestartRecord> rows_;
  std::size_t written_ = 0;
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

class CampaignReader::File {
 public:
  explicit File(const std::string& path) : path_(path) {
    const H5Quiet quiet;
    damage_named([&] {
      file_.emplace(open_hdf5(path_));
      read_head();
      group_.emplace(open_group(*file_, "restarts"));
      shape_ = shape_of(*group_);
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
      records = read_restarts(*group_, shape_, head_.epsilons.size(), {first, count, shape_.count});
    });
    return records;
  }

 private:
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
    if (H5Aexists(file, "format") <= 0 || read_text_attribute(file, "format") != format_mark)
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
      head_.table.minimum = read_attribute<double>(table, "target");
    } else {
      head_.table.minimum = read_attribute<double>(table, "minimum");
      head_.table.minimizers = read_attribute<std::uint64_t>(table, "minimizers");
      head_.table.best_index = read_attribute<std::uint64_t>(table, "best_index");
    }
    if (has_link(table, "next_gaps"))
      head_.table.next_gaps = read_dataset<double>(table, "next_gaps");
    head_.table.samples = read_attribute<std::uint64_t>(table, "samples");

    if (has_link(file, "method")) {
      const H5Id method = open_group(file, "method");
      for_each_method_field(head_.method, [&](const char* name, auto& value) {
        read_any_attribute(method, name, value);
      });
    }

    if (has_link(file, "energy")) read_energy(file, head_.energy);

    const H5Id provenance = open_group(file, "provenance");
    for_each_field(head_.provenance, [&](const char* name, auto& value) {
      read_any_attribute(provenance, name, value);
    });
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
  std::optional<H5Id> file_, group_;
  CampaignHead head_;
  RecordShape shape_;
};

CampaignReader::CampaignReader(const std::string& path_or_folder) {
  const std::string path = campaign_path(path_or_folder);
  check_readable(path);
  refuse_damaged(path, [&](const auto& go_on) {
    const File file(path);
    const std::uint64_t count = file.shape().count;
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
  const std::uint64_t count = shape().count;
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
