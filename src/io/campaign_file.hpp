#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/types.hpp"
#include "io/provenance.hpp"
#include "record/record.hpp"

namespace qhn {

/// Version of the layout below; raised when a reader of the old one would misread the new one.
constexpr int campaign_schema_version = 1;

/// What the enumeration of all 2^N costs found.
struct TableSummary {
  int qubits = 0;
  double minimum = 0.0;          ///< E_min
  std::uint64_t minimizers = 0;  ///< bit strings whose cost counts as E_min
  Index best_index = 0;          ///< the lowest of them
  std::uint64_t samples = 0;     ///< training samples behind one cost; 0: none
};

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
///   /table             attributes qubits, minimum, minimizers, best_index, samples
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
///   /provenance        attributes named as the fields of Provenance; dataset hosts
///   /provenance/slurm  attributes SLURM_JOB_ID, …; only in jobs, and not read back
/// Datasets with a dimension carry the attribute `unit`.
struct CampaignFile {
  std::string name;
  std::string experiment;
  std::uint64_t restarts_requested = 0;
  std::vector<double> epsilons;
  TableSummary table;
  MethodSummary method;
  std::vector<RestartRecord> records;  ///< in ascending id
  Provenance provenance;
};

/// Writes `campaign` to a temporary file beside `path`, syncs it and renames it, so that `path`
/// holds either the old file or the whole new one. The file is composed in memory: about 200 bytes
/// and the kept angles per record. Throws RunError with path and reason.
void write_campaign(const std::string& path, const CampaignFile& campaign);

/// Reads what write_campaign wrote. `path` may be the folder that holds campaign.h5. Throws
/// InputError with path and reason.
CampaignFile read_campaign(const std::string& path);

/// `path` itself, or campaign.h5 inside where it is a folder.
std::string campaign_path(const std::string& path);

}  // namespace qhn
