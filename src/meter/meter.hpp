#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "meter/counters.hpp"
#include "record/energy.hpp"

namespace qhn {

/// Adds up one counter from look to look. Once something about it is wrong it stays absent: what it
/// missed is not known.
class CounterTrack {
 public:
  /// The first look, at `now` seconds of any clock.
  CounterTrack(EnergyCounter counter, double now);

  /// A wrap is added; a number that cannot be read, does not advance, goes backwards, jumps by more
  /// than most_watts, is beyond its range, or may have wrapped unseen since the last look is a
  /// fault.
  void look(double now);

  double joules() const;                               ///< since the first look; NaN after a fault
  const std::string& fault() const { return fault_; }  ///< empty: none
  /// Up to when its numbers are to be believed. One that was found to stand still may have stopped
  /// at any time after the look before the one that last saw it advance.
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

/// How often a counter has to be looked at: once a second, or four times while it could wrap.
double look_interval(const EnergyCounter& counter);

/// Joules between two marks, of all counters of one scope. Seconds and joules are of one interval
/// but for the counters' updates, which the uncertainty covers.
struct ScopeEnergy {
  std::string scope;  ///< "node", "package", "package+dram" or "psys"
  double seconds = 0.0;
  double joules = not_known;  ///< NaN: a counter of the scope is absent
  double uncertainty =
      not_known;  ///< at each end a tick and what an update takes, of every counter, at its power
                  ///< now or on average since the meter began, whichever is more
  double tick = 0.0;
  double most_watts = 0.0;  ///< of all its counters
  double watts() const { return joules / seconds; }
};

/// Why the joules are not those of the seconds, in words; empty: they may be, or there are none. A
/// counter tells at an update what it has taken since the one before: beside seconds that are short
/// against that, its joules are another interval's.
std::string why_doubtful(const ScopeEnergy& energy);

/// Watches the counters of one node with a thread of its own until it is destroyed.
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
  /// Looks at all counters now.
  Mark mark();
  std::vector<ScopeEnergy> between(const Mark& from, const Mark& to) const;

  /// Whether a counter of the scope stood still before `to`, as was found later.
  bool stood_before(const std::string& scope, const Mark& to);
  std::vector<std::string> faults();  ///< counters that became absent, and why
  std::uint64_t looks();              ///< at all counters, so far
  double cpu_seconds();               ///< that they took

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

/// Power of an idle node from a measurement before and one after; one may have no joules. The
/// uncertainty covers both and what lies between them.
struct IdlePower {
  double watts = not_known;
  double uncertainty = not_known;
};
IdlePower idle_power(const ScopeEnergy& before, const ScopeEnergy& after);

/// What modelled joules are made of: joules = per_flop·flops + per_byte·bytes + idle·seconds (J. W.
/// Choi, D. Bedard, R. Fowler, R. Vuduc, A roofline model of energy, IPDPS 2013, equation 1). The
/// defaults are assumptions in the range of a CPU there; jobs/energy/cpu.toml says more.
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
