#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "perf/counters.hpp"
#include "record/energy.hpp"

namespace qhn {

/// Sums the energy of one counter over its readings. After a fault the sum is NaN for good, since
/// the missed energy is unknown.
class CounterTrack {
 public:
  /// First reading, at `now` seconds of any clock.
  CounterTrack(EnergyCounter counter, double now);

  /// Reads the counter and adds the difference; handles a wrap. Faults: the counter cannot be read,
  /// does not advance, goes backwards, grows faster than most_watts, is above its range, or may
  /// have wrapped unnoticed since the last reading.
  void look(double now);

  double joules() const;                               ///< since the first reading; NaN: fault
  const std::string& fault() const { return fault_; }  ///< empty: none
  /// Time until which its numbers are valid. A counter that no longer advances may have stopped any
  /// time after the reading before the last one that showed an advance.
  double good_until() const;
  const EnergyCounter& counter() const { return counter_; }

 private:
  EnergyCounter counter_;
  std::uint64_t value_ = 0;
  double looked_, advanced_, good_;
  double joules_ = 0.0;
  std::string fault_;
  bool stood_ = false;
};

/// Seconds between two readings. A counter that wraps: 1 s, at most a quarter of the shortest time
/// to wrap. Other counters: 1 s, or the update interval if longer.
double look_interval(const EnergyCounter& counter);

/// Joules between two marks, of all counters of one scope. Seconds and joules belong to the same
/// interval except for the counters' updates, which the uncertainty covers.
struct ScopeEnergy {
  std::string scope;  ///< "node", "package", "package+dram" or "psys"
  double seconds = 0.0;
  double joules = not_known;  ///< NaN: a counter of the scope is absent
  double uncertainty =
      not_known;  ///< J: for each end and counter a tick plus the energy of one update interval,
                  ///< at the larger of its power between the marks and since the meter began
  double tick = 0.0;
  double most_watts = 0.0;  ///< of all its counters
  double watts() const { return joules / seconds; }
};

/// The reason, for a message, why the joules do not belong to the seconds; empty: no reason found,
/// or no joules. A counter shows at an update the energy since the previous one: if the seconds are
/// short against the update interval, its joules belong to another interval.
std::string why_doubtful(const ScopeEnergy& energy);

/// Reads the counters of one node regularly, in a thread of its own, until it is destroyed.
class Meter {
 public:
  explicit Meter(std::vector<EnergyCounter> counters);
  ~Meter();
  Meter(const Meter&) = delete;
  Meter& operator=(const Meter&) = delete;

  struct Mark {
    double seconds = 0.0;        ///< of the meter's clock
    std::vector<double> joules;  ///< of each counter
  };
  /// Reads all counters now.
  Mark mark();
  std::vector<ScopeEnergy> between(const Mark& from, const Mark& to) const;

  /// Whether a later reading showed that a counter of the scope stopped advancing before `to`.
  bool stood_before(const std::string& scope, const Mark& to);
  std::vector<std::string> faults();  ///< one message for each counter with a fault
  std::uint64_t looks();              ///< readings of all counters so far
  double cpu_seconds();               ///< CPU time of these readings

 private:
  void look();  // under mutex_

  std::mutex mutex_;
  std::condition_variable wake_;
  bool closing_ = false;
  double began_ = 0.0;  // of the meter's clock
  std::vector<CounterTrack> tracks_;
  std::uint64_t looks_ = 0;
  double cpu_seconds_ = 0.0;
  std::thread watcher_;
};

/// Power of an idle node from measurements before and after a run; one may have no joules. The
/// uncertainty is the larger of theirs and half their difference.
struct IdlePower {
  double watts = not_known;
  double uncertainty = not_known;
};
IdlePower idle_power(const ScopeEnergy& before, const ScopeEnergy& after);

/// Model of joules = per_flop·flops + per_byte·bytes + idle·seconds (J. W. Choi, D. Bedard,
/// R. Fowler, R. Vuduc, A roofline model of energy, IPDPS 2013, equation 1). The defaults are
/// assumptions in the range of a CPU of that paper; see jobs/energy/cpu.toml.
struct CpuModel {
  std::string name = "Intel Core i7-950";
  double joules_per_flop = 670e-12;
  double joules_per_byte = 795e-12;
  double idle_watts = 122.0;  ///< of a node

  double joules(double flops, double bytes, double node_seconds) const {
    return joules_per_flop * flops + joules_per_byte * bytes + idle_watts * node_seconds;
  }
};

}  // namespace qhn
