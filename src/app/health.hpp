#pragma once

#include <functional>
#include <string>
#include <vector>

namespace qhn {

/// A rank and what it may use. Processors are numbered as the operating system does.
struct RankFacts {
  int rank = 0;
  std::string host;
  std::vector<int> processors;
  int cores = 1;  ///< among them
  std::vector<std::vector<int>>
      threads;  ///< processors of each thread that `qhn train` would start
};

/// A node, seen by its first rank.
struct NodeFacts {
  std::string host;
  std::vector<int> processors;  ///< that this container or control group has, whatever ranks are
                                ///< bound to
  int cores = 1;
  int domains = 1;         ///< of NUMA
  double quota = 0.0;      ///< processors' worth of time that the control group grants; 0: all
  double load = 0.0;       ///< running processes, average of a minute
  double memory = 0.0;     ///< bytes installed
  double available = 0.0;  ///< bytes left, for this control group
  double shm_bytes = 0.0;  ///< of /dev/shm
  double shm_free = 0.0;
  bool container = false;
  std::string single_copy;               ///< why no process reads another's memory; empty: it does
  std::vector<std::string> energy;       ///< counters that can be read
  std::vector<std::string> energy_kept;  ///< counters that exist, for others to read
  std::vector<std::string> fabrics;      ///< devices of /sys/class/infiniband
};

/// The folder for results, or the nearest above it that exists.
struct FolderFacts {
  std::string path;
  std::string type;  ///< of its file system: "ext4", "lustre", …
  double free = 0.0;
  std::string refusal;  ///< why nothing can be written there; empty: it can
};

/// Messages between rank 0 and another one.
struct LinkFacts {
  int rank = 0;
  bool same_node = true;
  double microseconds = 0.0;  ///< one way, 8 bytes
  double gigabytes = 0.0;     ///< a second, 4 MiB at once
};

struct RunFacts {
  std::string mpi;  ///< library and version
  std::vector<RankFacts> ranks;
  std::vector<NodeFacts> nodes;
  std::vector<LinkFacts> links;
  FolderFacts folder;
  bool login_node = false;  ///< Slurm is here, but no job
};

/// Something to change, and the line to type.
struct Finding {
  std::string what;
  std::string line;
};

using Environment = std::function<const char*(const char*)>;

/// What is wrong with `facts`, in the order of weight.
std::vector<Finding> diagnose(const RunFacts& facts, const Environment& environment);

/// All of `facts`, for reading.
std::string describe(const RunFacts& facts);

/// The launcher started more ranks than MPI will know of: seen before MPI starts, because with srun
/// and another kind of PMI it would only fail.
std::vector<Finding> diagnose_launcher(const Environment& environment);

/// Facts of this node. `root` stands before /sys, /proc and /dev; "" but for tests.
NodeFacts survey_node_facts(const std::string& root = "");
FolderFacts survey_folder(const std::string& path);

/// "ext4" for the type number of statfs(2), or the number.
std::string file_system_name(long type);

/// Why a process may not read a sibling's memory with process_vm_readv(2), as MPI libraries do for
/// messages inside a node; empty: it may. Forks: to be called before MPI starts.
std::string why_no_single_copy();

/// "0-3,8".
std::string list_of(const std::vector<int>& processors);

}  // namespace qhn
