#pragma once

#include <functional>
#include <string>
#include <vector>

namespace qhn {

/// A rank and the resources it may use. Processor numbers are those of the operating system.
struct RankFacts {
  int rank = 0;
  std::string host;
  std::vector<int> processors;
  int cores = 1;  ///< number of cores of these processors
  std::vector<std::vector<int>>
      threads;  ///< processors of each thread that `qhn train` would start
};

/// A node, as surveyed by its first rank.
struct NodeFacts {
  std::string host;
  std::vector<int> processors;  ///< of this container or control group, before binding of ranks
  int cores = 1;
  int domains = 1;         ///< NUMA domains
  double quota = 0.0;      ///< CPU time that the control group grants, in processors; 0: no limit
  double load = 0.0;       ///< running processes, mean over one minute
  double memory = 0.0;     ///< bytes installed
  double available = 0.0;  ///< bytes available to this control group
  double shm_bytes = 0.0;  ///< size of /dev/shm
  double shm_free = 0.0;
  bool container = false;
  std::string single_copy;  ///< why processes cannot read each other's memory; empty: they can
  std::vector<std::string> energy;       ///< counters that can be read
  std::vector<std::string> energy_kept;  ///< counters that exist but cannot be read
  std::vector<std::string> fabrics;      ///< devices of /sys/class/infiniband
};

/// The folder for results, or its nearest existing parent.
struct FolderFacts {
  std::string path;
  std::string type;  ///< of its file system: "ext4", "lustre", …
  double free = 0.0;
  std::string refusal;  ///< why it cannot be written to; empty: it can
};

/// Measured messages between rank 0 and another rank.
struct LinkFacts {
  int rank = 0;
  bool same_node = true;
  double microseconds = 0.0;  ///< one way, 8 bytes
  double gigabytes = 0.0;     ///< GB/s one way, messages of 4 MiB
};

struct RunFacts {
  std::string mpi;  ///< library and version
  std::vector<RankFacts> ranks;
  std::vector<NodeFacts> nodes;
  std::vector<LinkFacts> links;
  FolderFacts folder;
  bool login_node = false;  ///< Slurm responds, but this process is in no job
};

/// A problem, and the command that fixes or shows it.
struct Finding {
  std::string what;
  std::string line;
};

using Environment = std::function<const char*(const char*)>;

/// Returns the problems in `facts`, the most important first.
std::vector<Finding> diagnose(const RunFacts& facts, const Environment& environment);

/// Returns all of `facts` as text for users.
std::string describe(const RunFacts& facts);

/// Returns a finding if srun started several tasks without a PMI that MPI can use. Call it before
/// MPI starts, which would only fail then.
std::vector<Finding> diagnose_launcher(const Environment& environment);

/// Returns the facts of this node. `root` is put before /sys, /proc and /dev; "" except in tests.
NodeFacts survey_node_facts(const std::string& root = "");
/// Returns the facts of a folder; creates and removes a temporary file in it.
FolderFacts survey_folder(const std::string& path);

/// Returns the name for a file system type of statfs(2), e.g. "ext4", or its number if unknown.
std::string file_system_name(long type);

/// Returns why a process cannot read a sibling's memory with process_vm_readv(2), as MPI libraries
/// do for messages within a node; empty: it can. Forks, so call it before MPI starts.
std::string why_no_single_copy();

/// Formats processor numbers as ranges: "0-3,8".
std::string list_of(const std::vector<int>& processors);

}  // namespace qhn
