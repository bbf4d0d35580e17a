#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace qhn {

/// A counter of the joules that a part of the node has consumed.
struct EnergyCounter {
  std::string name;   ///< "package-0", for messages
  std::string scope;  ///< "package", "dram", "node" or "psys"
  /// Its value in ticks. Throws RunError with the reason if it cannot be read.
  std::function<std::uint64_t()> read;
  double tick = 1e-6;          ///< J
  std::uint64_t range = 0;     ///< ticks after which it wraps to 0; 0: it never wraps
  double update = 1e-3;        ///< longest time between two updates, s
  double most_watts = 1000.0;  ///< upper limit of the power counted; 1 kW per socket if it states
                               ///< no limit of its own
};

enum class MeterSource { automatic, pm_counters, powercap, slurm, modelled, none };
const char* to_string(MeterSource source);

struct MeterOptions {
  MeterSource source = MeterSource::automatic;
  std::string pm_counters = "/sys/cray/pm_counters";  ///< root folders of the sources
  std::string powercap = "/sys/class/powercap";
  std::string slurm;       ///< folder of the command sstat; empty: searched in PATH
  bool owns_node = false;  ///< the user states that no other jobs run on the nodes
};

/// Source of a node's joules.
struct EnergySource {
  std::string method = "none";  ///< of record/energy.hpp
  std::vector<EnergyCounter> counters;
  std::vector<std::string> remarks;  ///< what was found and not used, and why
};

using Environment = std::function<const char*(const char*)>;  ///< std::getenv except in tests

/// Whether Slurm has allocated all `processors` of the node to this job. False outside of Slurm,
/// where other jobs may run on the node.
bool job_owns_node(const Environment& environment, int processors);

/// The first source, in the order pm_counters, powercap, Slurm, that can be read, advances and is
/// valid for this job: a counter counts all jobs of its node, so the job must own the node
/// (job_owns_node or options.owns_node). Slurm's figure is the total of all nodes of the job step,
/// so only the `first` node uses it. Takes some milliseconds, half a second if a counter does not
/// advance.
EnergySource find_energy_source(const MeterOptions& options, const Environment& environment,
                                int processors, bool first = true);

// The single sources. No counters in the result: the source does not exist, or the remarks give the
// reason. These functions do not check who owns the node, nor whether the counters advance.

/// Cray's counter of the whole node, updated ten times a second (HPE, "User Access to Compute Node
/// Power Data"): "1234 J 5678 us".
EnergySource find_pm_counters(const std::string& root);

/// The zones of the Linux powercap framework (Documentation/power/powercap): packages, the DRAM of
/// each, and psys, which includes more than both and is a scope of its own. Core and uncore are
/// parts of a package; zones of intel-rapl-mmio mirror those of intel-rapl. If one zone cannot be
/// read, none is used: the sum of the others would not be that of the node. most_watts is twice the
/// highest limit that the zone states (constraint_K_power_limit_uw, constraint_K_max_power_uw:
/// averages, which peaks exceed), at most 1 kW.
EnergySource find_powercap(const std::string& root);

/// ConsumedEnergyRaw of the job step, from sstat; at most 20 kW for each of the job's nodes.
EnergySource find_slurm(const std::string& folder, const Environment& environment);

}  // namespace qhn
