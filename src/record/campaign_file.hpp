#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "core/types.hpp"
#include "record/energy.hpp"
#include "record/provenance.hpp"
#include "record/record.hpp"
#include "record/reference.hpp"

namespace qhn {

/// Version of the layout below. A file of another version is an error.
constexpr int campaign_schema_version = 1;

/// The costs of a campaign.
struct TableSummary {
  int qubits = 0;
  Reference reference;           ///< of gaps
  std::uint64_t minimizers = 0;  ///< bit strings whose cost counts as E_min; 0: no enumeration
  Index best_index = 0;          ///< the lowest of them
  std::uint64_t samples = 0;     ///< training samples per cost; 0: none
  /// cost − E_min of the next distinct costs, ascending, up to four; empty: unknown, or none.
  std::vector<double> next_gaps = {};
  /// Loss of network best_index on the test samples; NaN: not asked for (restarts.keep_scores).
  double best_test_cost = std::numeric_limits<double>::quiet_NaN();

  bool enumerated() const { return reference.kind == Reference::Kind::enumerated; }
};

/// The network of least cost that a restart returned; ties: the lowest id.
struct FoundNetwork {
  std::uint64_t restart = 0;
  BitString network;
  double cost = std::numeric_limits<double>::infinity();

  /// Table index or, above 64 bits, the bits.
  std::string name() const {
    return network.has_index() ? std::to_string(network.index()) : network.text();
  }
  bool any() const { return cost < std::numeric_limits<double>::infinity(); }
  void include(const RestartResult& result) {
    if (result.best_cost < cost || (result.best_cost == cost && result.id < restart))
      *this = {result.id, result.best_string, result.best_cost};
  }
};

/// Upper limit of the restarts of a campaign; a larger number in a file is an error.
constexpr std::uint64_t most_restarts = (std::uint64_t{1} << 63) - 1;
/// Throw RunError if the ladder of gaps or the table is invalid.
void check_ladder(const std::vector<double>& epsilons);
void check_table(const TableSummary& table);

/// Method of a classical campaign; without a name: a campaign of circuits.
struct MethodSummary {
  std::string name;                 ///< "annealing", "nested grid ste"
  std::string settings;             ///< "sweeps = 100, temperature_ratio = 0.01"
  OracleCount tuning;               ///< losses of finding the settings; charged once, to no restart
  std::uint64_t inner_samples = 0;  ///< nested: ledger samples of one inner training
};

/// One campaign's result file (HDF5):
///   /                  attributes format = "qhn campaign", schema_version, name,
///                      restarts_requested
///   /experiment        the resolved experiment as TOML text (scalar string)
///   /identity          what makes two campaigns the same (record/identity.hpp)
///   /epsilon           [E] the ladder of gaps, descending
///   /table             attributes qubits, samples, reference: "enumerated", with minimum,
///                      minimizers, best_index and, if restarts are scored, best_test_cost, or
///                      "target", with target; of the cheapest network
///                      that a restart returned found_index, found_bits, found_cost,
///                      found_restart
///   /table/next_gaps   [up to 4] of the next distinct costs; only if known
///   /method            attributes name, settings, tuning_evaluations, tuning_unique,
///                      tuning_samples, inner_samples; only in classical campaigns
///   /restarts/FIELD    [R] in ascending id: id, seed, status (enumeration), expectation, gap,
///                      gradient_norm, iterations, evaluations, best_string (table index; above 64
///                      bits the words of the string, [R × words], the lowest first),
///                      best_probability, best_cost, seconds, cpu_seconds, joules (NaN: not
///                      measured), host
///   /restarts/{expectation,string}_crossing_{iteration,evaluation}   [R × E], -1: never
///   /restarts/oracle_{evaluations,unique,samples}   [R × 3] the ledger (record/oracle.hpp) of
///                      optimization, selection, validation; only if it has entries
///   /restarts/{test_expectation,best_test_cost,best_accuracy,best_test_accuracy}   [R] only if
///                      restarts.keep_scores
///   /restarts/angles   [R × A] final angles in radians; only if kept
///   /history/FIELD     [Σ (iterations + 1)] expectation, gradient_norm, step, evaluations: the
///                      iterates of all restarts, one restart after the other; only if kept
///   /energy/runs/FIELD [runs]  run, restarts, pue, grams_per_kwh, meter_seconds, remarks
///   /energy/phases/FIELD [rows]  run, phase, host, method, scope, nodes, seconds, joules,
///                      uncertainty, net_joules, net_uncertainty, tick, flops, bytes, exchanged,
///                      times: as in record/energy.hpp; NaN: unknown. Only if a run recorded it
///   /provenance        attributes named as the fields of Provenance; dataset hosts
///   /provenance/slurm  attributes SLURM_JOB_ID, …; only in jobs
/// Objects carry the attribute `description`, datasets `unit` and `shape` too
/// (record/campaign_schema.hpp); best_string has `meaning`: "most probable", "best measured" or
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
  std::string identity;  ///< record/identity.hpp
};

/// A whole campaign in memory: 0.7 kB, the kept angles and the kept history per record.
struct CampaignFile : CampaignHead {
  std::vector<RestartRecord> records;  ///< in ascending id
};

/// Sizes of the columns of a file.
struct RecordShape {
  std::uint64_t count = 0;      ///< number of records
  std::size_t angles = 0;       ///< kept per record
  std::size_t host_length = 1;  ///< of the longest host name
  bool oracle = false;          ///< some record has a ledger
  bool scores = false;          ///< all records have scores
  bool history = false;         ///< all records have a history
  std::uint64_t iterates = 0;   ///< entries of all histories
  void include(const RestartRecord& record);
};

/// The number of such records to hold in memory at once: 2^14 or, on average, 2^20 iterates.
std::uint64_t batch_of(const RecordShape& shape);

/// Writes a campaign record by record under a temporary name beside `path`. commit() syncs and
/// renames, so that `path` holds either the old file or the whole new one. Memory: 2^14 records,
/// fewer if they have histories (batch_of()).
/// Reserves the disk space for all records first: HDF5 cannot say why a write failed, and a full
/// disk can leave it unable to close the file. All functions throw RunError with path and reason.
class CampaignWriter {
 public:
  CampaignWriter(const std::string& path, const CampaignHead& head, const RecordShape& shape);
  ~CampaignWriter();
  /// Call shape.count times, in ascending id.
  void append(RestartRecord&& record);
  void commit();

 private:
  class Columns;
  std::unique_ptr<Columns> columns_;
};

/// Writes a campaign that is in memory.
void write_campaign(const std::string& path, const CampaignFile& campaign);

/// Reads a file of CampaignWriter record by record. `path` may be the folder that holds
/// campaign.h5. Memory: batch_of() records. Throws InputError with path and reason.
class CampaignReader {
 public:
  explicit CampaignReader(const std::string& path);
  CampaignReader(CampaignReader&&) noexcept;
  ~CampaignReader();

  const CampaignHead& head() const;
  const RecordShape& shape() const;                                      ///< without host_length
  void for_each(const std::function<void(RestartRecord&&)>& see) const;  ///< in ascending id
  /// Reads records `first`, first + 1, … in the order of the file.
  std::vector<RestartRecord> read(std::uint64_t first, std::uint64_t count) const;

 private:
  class File;
  std::unique_ptr<File> file_;
};

/// Reads a whole campaign into memory.
CampaignFile read_campaign(const std::string& path);

/// `path` itself, or campaign.h5 in it if it is a folder.
std::string campaign_path(const std::string& path);

}  // namespace qhn
