#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace qhn {

/// A number that grows with the joules that a part of the node has taken.
struct EnergyCounter {
  std::string name;   ///< "package-0", for messages
  std::string scope;  ///< "package", "dram", "node" or "psys"
  /// Its value in ticks. Throws RunError, saying why, where it cannot be read.
  std::function<std::uint64_t()> read;
  double tick = 1e-6;          ///< J
  std::uint64_t range = 0;     ///< ticks after which it starts at 0 again; 0: it never does
  double update = 1e-3;        ///< s between two updates, at most
  double most_watts = 1000.0;  ///< more than that no machine gives it: 1 kW a socket, where it
                               ///< states no limit of its own
};

enum class MeterSource { automatic, pm_counters, powercap, slurm, modelled, none };
const char* to_string(MeterSource source);

struct MeterOptions {
  MeterSource source = MeterSource::automatic;
  std::string pm_counters = "/sys/cray/pm_counters";  ///< root folders of the sources
  std::string powercap = "/sys/class/powercap";
  std::string slurm;       ///< folder of the program sstat; empty: where PATH finds it
  bool owns_node = false;  ///< the user's word that nobody else works on the nodes
};

/// What a node's joules are read from.
struct EnergySource {
  std::string method = "none";  ///< of record/energy.hpp
  std::vector<EnergyCounter> counters;
  std::vector<std::string> remarks;  ///< what was found and not used, and why
};

using Environment = std::function<const char*(const char*)>;  ///< std::getenv but for tests

/// Has Slurm given this job every one of the node's `processors`? False outside of Slurm, where
/// nobody knows who else is there.
bool job_owns_node(const Environment& environment, int processors);

/// The first source of the order pm_counters, powercap, Slurm that can be read, advances and may
/// count: a counter sees all that runs on its node, so the job has to own it (job_owns_node, or the
/// options say so). Slurm's figure is for all nodes of the job step at once: asked for on the
/// `first` node only. Takes some milliseconds, half a second where a counter stands still.
EnergySource find_energy_source(const MeterOptions& options, const Environment& environment,
                                int processors, bool first = true);

// The sources one by one; without counters: it is not there, or the remarks say why not. None of
// them looks at who owns the node, nor whether the counters advance.

/// Cray's counter of the whole node, updated ten times a second (HPE, "User Access to Compute Node
/// Power Data"): "1234 J 5678 us".
EnergySource find_pm_counters(const std::string& root);

/// The zones of the Linux powercap framework (Documentation/power/powercap): packages, the DRAM of
/// each, and psys, which sees more than both and is kept apart. Core and uncore are parts of a
/// package; zones of intel-rapl-mmio mirror those of intel-rapl. One that cannot be read makes all
/// unusable: the sum of the others would be no node's. Its most_watts is twice the highest limit
/// that the zone states (constraint_K_power_limit_uw, constraint_K_max_power_uw: averages, which
/// peaks exceed), where it states one below 1 kW.
EnergySource find_powercap(const std::string& root);

/// ConsumedEnergyRaw of the job step, by sstat; at most 20 kW for each of the job's nodes.
EnergySource find_slurm(const std::string& folder, const Environment& environment);

}  // namespace qhn
