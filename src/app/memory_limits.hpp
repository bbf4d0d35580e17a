#pragma once

#include <functional>
#include <string>
#include <utility>

namespace qhn {

/// Bytes that this process and the others of its job on this node can still have, and what says so.
struct AvailableMemory {
  AvailableMemory(double bytes_ = 0.0, std::string limit_ = {})
      : bytes(bytes_), limit(std::move(limit_)) {}
  double bytes;
  std::string limit;  ///< "control group /job_7 (memory.max)"; empty: of unknown origin
};

/// Where the kernel's files are; but for tests all of them are below "/".
struct MemorySources {
  std::string root = "/";
  std::function<const char*(const char*)> environment;  ///< empty: std::getenv
};

/// The least of: free and reclaimable memory; what is left of the limit of this process's control
/// group and of each group above it, of either version, where files that the kernel can drop at
/// once do not count as used; what Slurm gave the job; and what the process's limits of address
/// space and data (ulimit -v, -d) leave it, for each rank that the launcher started on the node.
AvailableMemory survey_memory(const MemorySources& sources = {});

}  // namespace qhn
