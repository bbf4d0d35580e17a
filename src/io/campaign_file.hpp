#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "core/types.hpp"
#include "io/provenance.hpp"
#include "record/energy.hpp"
#include "record/record.hpp"

namespace qhn {

/// Version of the layout below; raised when a reader of the old one would misread the new one.
constexpr int campaign_schema_version = 1;

/// What gaps are counted from: what the enumeration of all 2^N costs found, or, where there was
/// none, the experiment's target.
struct TableSummary {
  int qubits = 0;
  double minimum = 0.0;          ///< E_min, or the target
  std::uint64_t minimizers = 0;  ///< bit strings whose cost counts as E_min; 0: no enumeration
  Index best_index = 0;          ///< the lowest of them
  std::uint64_t samples = 0;     ///< training samples behind one cost; 0: none
  /// cost − E_min of the next distinct costs, ascending, up to four; empty: not known, or none.
  std::vector<double> next_gaps = {};

  bool enumerated() const { return minimizers > 0; }
  /// "enumerated" or "target".
  const char* reference() const { return enumerated() ? "enumerated" : "target"; }
};

/// The network of least cost that a restart returned; of equal ones that of the lowest id.
struct FoundNetwork {
  std::uint64_t restart = 0;
  Index network = 0;
  double cost = std::numeric_limits<double>::infinity();

  bool any() const { return cost < std::numeric_limits<double>::infinity(); }
  void include(const RestartResult& result) {
    if (result.best_cost < cost || (result.best_cost == cost && result.id < restart))
      *this = {result.id, result.best_string, result.best_cost};
  }
};

/// No campaign has more restarts: what a file claims beyond it is not believed.
constexpr std::uint64_t most_restarts = (std::uint64_t{1} << 63) - 1;
/// Throw RunError where no campaign has such a ladder of gaps or such a table.
void check_ladder(const std::vector<double>& epsilons);
void check_table(const TableSummary& table);

/// What a classical campaign was run with; without a name: a campaign of circuits.
struct MethodSummary {
  std::string name;      ///< "annealing", "nested grid ste"
  std::string settings;  ///< "sweeps = 100, temperature_ratio = 0.01"
  OracleCount tuning;    ///< what finding them asked of the loss: paid once, by no restart
  std::uint64_t inner_samples = 0;  ///< nested: samples of the ledger of one inner training
};

/// One campaign's result file (HDF5):
///   /                  attributes format = "qhn campaign", schema_version, name,
///   restarts_requested /experiment        the resolved experiment as TOML text (scalar string)
///   /epsilon           [E] the ladder of gaps, descending
///   /table             attributes qubits, samples, reference: "enumerated", with minimum,
///                      minimizers, best_index, or "target" (files of the first days have none),
///                      with target; of the cheapest network a restart returned found_index,
///                      found_bits, found_cost, found_restart
///   /table/next_gaps   [up to 4] of the next distinct costs; only where they are known
///   /method            attributes name, settings, tuning_evaluations, tuning_unique,
///                      tuning_samples, inner_samples; only of classical campaigns
///   /restarts/FIELD    [R] in ascending id: id, seed, status (enumeration), expectation, gap,
///                      gradient_norm, iterations, evaluations, best_string (table index),
///                      best_probability, best_cost, seconds, cpu_seconds, joules (NaN: not
///                      measured), host
///   /restarts/{expectation,string}_crossing_{iteration,evaluation}   [R × E], -1: never
///   /restarts/oracle_{evaluations,unique,samples}   [R × 3] the ledger (record/oracle.hpp) of
///                      optimisation, selection, validation; only where anything was asked
///   /restarts/angles   [R × A] final angles in radians; only where they were kept
///   /energy/runs/FIELD [runs]  run, restarts, pue, grams_per_kwh, meter_seconds, remarks
///   /energy/phases/FIELD [rows]  run, phase, host, method, scope, nodes, seconds, joules,
///                      uncertainty, net_joules, net_uncertainty, tick, flops, bytes, exchanged,
///                      times: as in record/energy.hpp; NaN: not known. No group: files of the
///                      first days
///   /provenance        attributes named as the fields of Provenance; dataset hosts
///   /provenance/slurm  attributes SLURM_JOB_ID, …; only in jobs
/// Objects carry the attribute `description`, datasets `unit` and `shape` too
/// (io/campaign_schema.hpp); best_string has `meaning`: "most probable", "best measured" or
/// "returned".
struct CampaignHead {
  std::string name;
  std::string experiment;
  std::uint64_t restarts_requested = 0;
  std::vector<double> epsilons;
  TableSummary table;
  MethodSummary method;
  Provenance provenance;
  std::vector<RunEnergy> energy;
  std::string identity;  ///< io/identity.hpp; empty: the file does not say
};

/// With everything in memory: 0.7 kB and the kept angles per record.
struct CampaignFile : CampaignHead {
  std::vector<RestartRecord> records;  ///< in ascending id
};

/// What the columns of a file must be made for.
struct RecordShape {
  std::uint64_t count = 0;      ///< of records
  std::size_t angles = 0;       ///< kept by each
  std::size_t host_length = 1;  ///< of the longest name
  bool oracle = false;          ///< some asked anything of the loss
  void include(const RestartRecord& record);
};

/// Writes a campaign record by record under a temporary name beside `path`; commit() syncs and
/// renames, so that `path` holds either the old file or the whole new one. Memory: 2^14 records.
/// Disk space for all is set aside first: HDF5 cannot say why a write failed, and a full disk can
/// leave it unable to close the file. Throws RunError with path and reason, like all that follow.
class CampaignWriter {
 public:
  CampaignWriter(const std::string& path, const CampaignHead& head, const RecordShape& shape);
  ~CampaignWriter();
  /// shape.count times, in ascending id.
  void append(RestartRecord&& record);
  void commit();

 private:
  class Columns;
  std::unique_ptr<Columns> columns_;
};

/// The same for a campaign in memory.
void write_campaign(const std::string& path, const CampaignFile& campaign);

/// Reads what CampaignWriter wrote, record by record. `path` may be the folder that holds
/// campaign.h5. Memory: 2^14 records. Throws InputError with path and reason.
class CampaignReader {
 public:
  explicit CampaignReader(const std::string& path);
  CampaignReader(CampaignReader&&) noexcept;
  ~CampaignReader();

  const CampaignHead& head() const;
  const RecordShape& shape() const;  ///< host_length is not read
  void for_each(const std::function<void(RestartRecord&&)>& see) const;  ///< in ascending id
  /// Records `first`, first + 1, … in the order of the file.
  std::vector<RestartRecord> read(std::uint64_t first, std::uint64_t count) const;

 private:
  class File;
  std::unique_ptr<File> file_;
};

/// The same with everything in memory.
CampaignFile read_campaign(const std::string& path);

/// `path` itself, or campaign.h5 inside where it is a folder.
std::string campaign_path(const std::string& path);

}  // namespace qhn
