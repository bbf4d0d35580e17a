#pragma once

#include <functional>
#include <string>
#include <utility>

namespace qhn {

/// Bytes that the processes of this job can still allocate on this node, and the limit behind it.
struct AvailableMemory {
  AvailableMemory(double bytes_ = 0.0, std::string limit_ = {})
      : bytes(bytes_), limit(std::move(limit_)) {}
  double bytes;
  std::string limit;  ///< which limit, as shown in messages; empty: unknown
};

/// Root of the kernel's files: "/", except in tests.
struct MemorySources {
  std::string root = "/";
  std::function<const char*(const char*)> environment;  ///< empty: std::getenv
};

/// The least of
/// - free and reclaimable memory;
/// - the rest of the limit of this process's control group and of each group above it (version 1 or
///   2); cached files that the kernel can drop at once do not count as used;
/// - Slurm's memory of the job;
/// - the rest of the process's limits of address space and data (ulimit -v, -d), times the ranks
///   that the launcher started on the node.
AvailableMemory survey_memory(const MemorySources& sources = {});

}  // namespace qhn
