#pragma once

#include <cstdint>
#include <ctime>
#include <string>
#include <vector>

namespace qhn {

/// The origin of a result: enough to decide whether two results can be compared, and to repeat one.
struct Provenance {
  std::string version;     ///< of qhn
  std::string git_commit;  ///< 40 hex digits, or "unknown" (built from an archive)
  std::string git_dirty;   ///< "yes", "no" or "unknown": were there uncommitted changes
  std::string compiler;    ///< name and version
  std::string compiler_flags;
  std::string libraries;  ///< "HDF5 1.10.8, Eigen 3.4.0, …"
  std::string mpi;        ///< MPI_Get_library_version, first line; "none" without MPI
  int ranks = 1;
  int threads = 1;                 ///< per rank
  std::string binding;             ///< OMP_PROC_BIND and the processors this rank may use
  std::vector<std::string> hosts;  ///< one per node
  std::vector<std::string> slurm;  ///< "SLURM_JOB_ID=17", …; empty outside Slurm
  std::string cpu;                 ///< model name
  std::string simd;                ///< SIMD level in use
  std::string engine;              ///< set by the caller, like precision, seed and data_sha256
  std::string precision;
  std::string started;  ///< UTC, ISO 8601
  std::string finished;
  std::uint64_t seed = 0;   ///< of the campaign
  std::string data_sha256;  ///< of the data that defines the costs
  /// How states are simulated, "key = value" lines (describe(ExecutionPlan)); empty: no circuits.
  std::string plan;
};

/// Everything known without MPI; `started` is now.
Provenance collect_provenance();

/// A time in seconds since 1970 as 2024-05-06T07:08:09Z.
std::string utc(std::time_t seconds);
std::string utc_now();

/// "0.1.0 (commit 0123456789ab, uncommitted changes)".
std::string version_line();

}  // namespace qhn
