#include "perf/meter.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <csignal>
#include <limits>
#include <sstream>
#include <utility>

#include "core/clock.hpp"
#include "core/error.hpp"

namespace qhn {
namespace {

double wrap_seconds(const EnergyCounter& c) {
  return static_cast<double>(c.range) * c.tick / c.most_watts;
}

std::string in_digits(double number) {
  std::ostringstream text;
  text.precision(3);
  text << number;
  return text.str();
}

std::string in_words(double number) {
  std::string text = std::to_string(number);
  text.erase(text.find('.') + 3);
  return text;
}

// Packages and their DRAM are one scope.
bool belongs(const std::string& counter, const std::string& scope) {
  return counter == scope ||
         (scope == "package+dram" && (counter == "package" || counter == "dram"));
}

}  // namespace

double look_interval(const EnergyCounter& counter) {
  constexpr double usual = 1.0;
  const double slow = std::max(usual, counter.update);  // no new value between two updates
  return counter.range == 0 ? slow : std::min(usual, wrap_seconds(counter) / 4);
}

CounterTrack::CounterTrack(EnergyCounter counter, double now)
    : counter_(std::move(counter)), looked_(now), advanced_(now), good_(now) {
  try {
    value_ = counter_.read();
  } catch (const RunError& error) {
    fault_ = error.what();
  }
}

void CounterTrack::look(double now) {
  if (!fault_.empty()) return;
  std::uint64_t value = 0;
  try {
    value = counter_.read();
  } catch (const RunError& error) {
    fault_ = error.what();
    return;
  }
  const double since = now - looked_;
  const auto say = [&](const std::string& what) { fault_ = counter_.name + " " + what; };
  if (counter_.range > 0 && since > wrap_seconds(counter_))
    return say("was not read for " + in_words(since) + " s and may have wrapped");
  if (counter_.range > 0 && value > counter_.range)
    return say("shows " + std::to_string(value) + ", above its range of " +
               std::to_string(counter_.range));
  if (value < value_ && counter_.range == 0)
    return say("went backwards from " + std::to_string(value_) + " to " + std::to_string(value));
  const std::uint64_t ticks = value >= value_ ? value - value_ : value + counter_.range - value_;
  const double joules = static_cast<double>(ticks) * counter_.tick;
  if (joules > counter_.most_watts * (since + counter_.update))
    return say("went backwards or jumped: from " + std::to_string(value_) + " to " +
               std::to_string(value) + " in " + in_words(since) + " s");
  const double patience = 1.0 + 20 * counter_.update;
  if (ticks > 0) {
    advanced_ = now;
    good_ = looked_;
  } else if (now - advanced_ > patience) {
    stood_ = true;
    return say("did not advance for " + in_words(now - advanced_) + " s");
  }
  joules_ += joules;
  value_ = value;
  looked_ = now;
}

double CounterTrack::good_until() const {
  return stood_ ? good_ : std::numeric_limits<double>::infinity();
}

double CounterTrack::joules() const { return fault_.empty() ? joules_ : not_known; }

Meter::Meter(std::vector<EnergyCounter> counters) {
  double interval = 60.0;
  const double now = began_ = read_clock(CLOCK_MONOTONIC);
  for (EnergyCounter& counter : counters) {
    interval = std::min(interval, look_interval(counter));
    tracks_.emplace_back(std::move(counter), now);
  }
  if (tracks_.empty()) return;
  // The watcher blocks all signals: other threads handle them.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  watcher_ = std::thread([this, interval] {
    std::unique_lock lock(mutex_);
    while (!wake_.wait_for(lock, std::chrono::duration<double>(interval), [&] { return closing_; }))
      look();
  });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

Meter::~Meter() {
  if (!watcher_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  wake_.notify_all();
  watcher_.join();
}

void Meter::look() {
  const double start = read_clock(CLOCK_THREAD_CPUTIME_ID);
  for (CounterTrack& track : tracks_) track.look(read_clock(CLOCK_MONOTONIC));
  ++looks_;
  cpu_seconds_ += read_clock(CLOCK_THREAD_CPUTIME_ID) - start;
}

Meter::Mark Meter::mark() {
  const std::lock_guard lock(mutex_);
  look();
  Mark mark{read_clock(CLOCK_MONOTONIC), {}};
  for (const CounterTrack& track : tracks_) mark.joules.push_back(track.joules());
  return mark;
}

std::vector<ScopeEnergy> Meter::between(const Mark& from, const Mark& to) const {
  const auto has = [&](const char* scope) {
    return std::any_of(tracks_.begin(), tracks_.end(),
                       [&](const CounterTrack& t) { return t.counter().scope == scope; });
  };
  std::vector<std::string> scopes;
  if (has("node")) scopes.emplace_back("node");
  if (has("package")) scopes.emplace_back(has("dram") ? "package+dram" : "package");
  if (has("psys")) scopes.emplace_back("psys");
  std::vector<ScopeEnergy> energies;
  for (const std::string& scope : scopes) {
    ScopeEnergy sum{scope, to.seconds - from.seconds, 0.0, 0.0, 0.0};
    for (std::size_t k = 0; k < tracks_.size(); ++k) {
      const EnergyCounter& c = tracks_[k].counter();
      if (!belongs(c.scope, scope)) continue;
      const double joules = to.joules[k] - from.joules[k];
      sum.joules += joules;
      // A counter does not show the energy since its last update, so consider the average as well.
      const double watts = std::max(joules / sum.seconds, to.joules[k] / (to.seconds - began_));
      sum.uncertainty += 2 * (c.tick + watts * c.update);
      sum.tick = std::max(sum.tick, c.tick);
      sum.most_watts += c.most_watts;
    }
    energies.push_back(std::move(sum));
  }
  return energies;
}

std::string why_doubtful(const ScopeEnergy& energy) {
  if (std::isnan(energy.joules)) return "";
  if (energy.joules > energy.most_watts * energy.seconds)
    return in_digits(energy.joules) + " J in " + in_digits(energy.seconds) + " s, more than " +
           in_digits(energy.most_watts) + " W, the upper limit of its counters";
  if (!(energy.uncertainty < energy.joules))
    return in_digits(energy.joules) + " J with an uncertainty of " + in_digits(energy.uncertainty) +
           " J: " + in_digits(energy.seconds) + " s are too short for its counters";
  return "";
}

bool Meter::stood_before(const std::string& scope, const Mark& to) {
  const std::lock_guard lock(mutex_);
  return std::any_of(tracks_.begin(), tracks_.end(), [&](const CounterTrack& track) {
    const EnergyCounter& c = track.counter();
    return belongs(c.scope, scope) && track.good_until() < to.seconds - 3 * c.update - 0.005;
  });
}

std::vector<std::string> Meter::faults() {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> faults;
  for (const CounterTrack& track : tracks_)
    if (!track.fault().empty()) faults.push_back(track.fault());
  return faults;
}

std::uint64_t Meter::looks() {
  const std::lock_guard lock(mutex_);
  return looks_;
}

double Meter::cpu_seconds() {
  const std::lock_guard lock(mutex_);
  return cpu_seconds_;
}

IdlePower idle_power(const ScopeEnergy& before, const ScopeEnergy& after) {
  const bool has_before = before.joules >= 0, has_after = after.joules >= 0;
  if (!has_before && !has_after) return {};
  if (!has_after) return {before.watts(), before.uncertainty / before.seconds};
  if (!has_before) return {after.watts(), after.uncertainty / after.seconds};
  const double seconds = before.seconds + after.seconds;
  return {(before.joules + after.joules) / seconds,
          std::max(std::abs(after.watts() - before.watts()) / 2,
                   (before.uncertainty + after.uncertainty) / seconds)};
}

}  // namespace qhn
