#include "campaign/energy_log.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <map>
#include <set>
#include <span>
#include <sstream>
#include <thread>

#include "comm/processors.hpp"
#include "record/packing.hpp"
#include "record/toml_reader.hpp"

namespace qhn {
namespace {

constexpr const char* job_step = "job step";  // `host` of values for all nodes at once

// Above the power of any core with its share of caches and memory; generous, as constants may come
// from another machine.
constexpr double most_core_watts = 200.0;

int processors() { return static_cast<int>(::sysconf(_SC_NPROCESSORS_ONLN)); }

// Identifies a node: ranks in different containers of it read the same counters.
std::string kernel_name() {
  std::string id;
  std::getline(std::ifstream("/proc/sys/kernel/random/boot_id"), id);
  return id.empty() ? host_name() : id;
}

}  // namespace

CpuModel read_cpu_model(const std::string& path) {
  const toml::table root = parse_toml(path, {});
  TomlReader reader(root);
  CpuModel model;
  std::string source;
  const auto read = [&](const char* key, double& out, auto fits, const char* what) {
    reader.require(key, what);
    reader.read(key, out, fits, what);
  };
  if (!reader.read("name", model.name))
    reader.fail("name", "missing; allowed: the name of the CPU");
  if (!reader.read("source", source))
    reader.fail("source", "missing; allowed: the source of the numbers");
  read("joules_per_flop", model.joules_per_flop, is_positive, "a positive number: J");
  read("joules_per_byte", model.joules_per_byte, is_positive, "a positive number: J");
  read("idle_watts", model.idle_watts, is_not_negative, "a number, not negative: W per node");
  reader.finish();
  return model;
}

EnergyLog::EnergyLog(MPI_Comm world, bool reads, const EnergyOptions& options, Find find)
    : world_(world), reads_(reads), options_(options), find_(std::move(find)) {
  if (!find_)
    find_ = [this] {
      return find_energy_source(
          options_.meter, [](const char* name) -> const char* { return std::getenv(name); },
          processors(), world_.rank() == 0);
    };
  const int one = reads_ ? 1 : 0;
  MPI_Allreduce(&one, &nodes_, 1, MPI_INT, MPI_SUM, world_);
}

void EnergyLog::begin() {
  const MeterSource wanted = options_.meter.source;
  if (reads_ && wanted != MeterSource::none && wanted != MeterSource::modelled) {
    source_ = find_();
    if (!source_.counters.empty()) meter_ = std::make_unique<Meter>(source_.counters);
  }
  double wish = 0.0;
  for (const EnergyCounter& counter : source_.counters)
    if (counter.update < 1.0) wish = std::max(wish, 1.0 + 20 * counter.update);
  MPI_Allreduce(&wish, &idle_seconds_, 1, MPI_DOUBLE, MPI_MAX, world_);
  if (world_.rank() == 0 && !source_.remarks.empty())
    spdlog::info("energy counters: {}", fmt::join(source_.remarks, "; "));
  idle_before_ = idle();
  began_ = now();
  first_began_ = began_.seconds;
}

std::vector<ScopeEnergy> EnergyLog::idle() {
  if (idle_seconds_ == 0.0) return {};
  wait_asleep(world_);
  const Meter::Mark from = meter_ ? meter_->mark() : Meter::Mark{};
  std::this_thread::sleep_for(std::chrono::duration<double>(idle_seconds_));
  std::vector<ScopeEnergy> energies;
  if (meter_) energies = meter_->between(from, meter_->mark());
  wait_asleep(world_);
  return energies;
}

EnergyLog::Moment EnergyLog::now() const {
  return {MPI_Wtime(), meter_ ? meter_->mark() : Meter::Mark{}};
}

// Adds `work` and the time until now to the phase. Collective.
EnergyLog::Moment EnergyLog::add_time(Phase& phase, const Work& work) const {
  std::array<double, 3> sum{work.flops, work.bytes, work.exchanged};
  MPI_Allreduce(MPI_IN_PLACE, sum.data(), 3, MPI_DOUBLE, MPI_SUM, world_);  // also a barrier
  phase.work += {sum[0], sum[1], 0.0, sum[2]};
  Moment end = now();
  phase.seconds = end.seconds - began_.seconds;
  if (meter_) phase.energies = meter_->between(began_.mark, end.mark);
  phase.end = end.mark;
  ++phase.times;
  return end;
}

// Whether a node's uncertainty is above 1 % and another repetition is allowed. Collective.
bool EnergyLog::goes_on(const Phase& phase) const {
  const bool is_short = std::any_of(
      phase.energies.begin(), phase.energies.end(),
      [](const ScopeEnergy& e) { return e.scope != "psys" && e.uncertainty > 0.01 * e.joules; });
  const double with_another = phase.seconds / phase.times * (phase.times + 1);
  const bool late = phase.times > most_repetitions || with_another > most_repeating;
  std::array<int, 2> any{is_short ? 1 : 0, late ? 1 : 0};
  MPI_Allreduce(MPI_IN_PLACE, any.data(), 2, MPI_INT, MPI_MAX, world_);
  return any[0] != 0 && any[1] == 0;
}

void EnergyLog::end_phase(const std::string& name, const Work& work, const Again& again) {
  Phase phase;
  phase.name = name;
  Moment end = add_time(phase, work);
  while (again && options_.repeat && goes_on(phase)) {
    const std::optional<Work> more = again(phase.times);
    end = more ? add_time(phase, *more) : now();
    if (!more) break;
  }
  began_ = std::move(end);
  if (world_.rank() == 0 && phase.times > 1)
    spdlog::info("{}: too short to measure its joules to 1 %, repeated {} time{}", name,
                 phase.times - 1, phase.times == 2 ? "" : "s");
  phases_.push_back(std::move(phase));
}

RunEnergy EnergyLog::measured_here(const std::vector<ScopeEnergy>& idle_after) {
  RunEnergy here;
  here.run = kernel_name();
  if (meter_) {
    for (std::string& fault : meter_->faults()) faults_.push_back(std::move(fault));
    here.meter_seconds = meter_->cpu_seconds();
  }
  for (const Phase& phase : phases_)
    for (std::size_t k = 0; k < phase.energies.size(); ++k) {
      ScopeEnergy e = phase.energies[k];
      if (meter_->stood_before(e.scope, phase.end)) e.joules = e.uncertainty = not_known;
      const double times = phase.times;
      PhaseEnergy row;
      row.phase = phase.name;
      row.times = phase.times;
      row.host = source_.method == "measured:slurm" ? job_step : host_name();
      row.method = source_.method;
      if (const std::string why = why_doubtful(e); !why.empty()) {
        row.method = doubtful(source_.method);
        faults_.push_back(fmt::format("{} of {}: {}", e.scope, phase.name, why));
      }
      row.scope = e.scope;
      row.seconds = e.seconds / times;
      row.joules = e.joules / times;
      row.uncertainty = e.uncertainty / times;
      row.tick = e.tick;
      const auto idle_of = [k](const std::vector<ScopeEnergy>& all) {
        return k < all.size() ? all[k] : ScopeEnergy{};
      };
      const IdlePower idle = idle_power(idle_of(idle_before_), idle_of(idle_after));
      row.net_joules = row.joules - idle.watts * row.seconds;
      row.net_uncertainty = row.uncertainty + idle.uncertainty * row.seconds;
      here.phases.push_back(std::move(row));
    }
  return here;
}

PhaseEnergy EnergyLog::counted(const Phase& phase) {
  PhaseEnergy row;
  row.phase = phase.name;
  row.host = "all";
  row.method = "none";
  row.nodes = nodes_;
  row.times = phase.times;
  row.seconds = phase.seconds / phase.times;
  row.flops = phase.work.flops / phase.times;
  row.bytes = phase.work.bytes / phase.times;
  row.exchanged = phase.work.exchanged / phase.times;
  if (options_.meter.source == MeterSource::none || std::isnan(row.flops)) return row;
  row.method = "modelled:cpu";
  row.scope = "node";
  row.joules = options_.model.joules(row.flops, row.bytes, row.seconds * nodes_);
  row.net_joules = options_.model.joules(row.flops, row.bytes, 0.0);
  const double most_watts = nodes_ * (options_.model.idle_watts + most_core_watts * processors());
  if (row.joules > most_watts * row.seconds) {
    row.method = doubtful(row.method);
    faults_.push_back(fmt::format(
        "model of {}: {:.3g} J in {:.3g} s, more than {:.3g} W, the most that {} node{} "
        "can take: the constants do not fit this machine",
        phase.name, row.joules, row.seconds, most_watts, nodes_, nodes_ == 1 ? "" : "s"));
  }
  return row;
}

// The remarks of all nodes on rank 0, each once; logs a warning of faults. Each rank sends one line
// per remark. Collective.
std::string EnergyLog::gather_remarks() {
  const MeterSource wanted = options_.meter.source;
  const bool missed = source_.counters.empty() && wanted != MeterSource::automatic;
  std::string mine;
  const auto add = [&](bool wrong, const std::string& remark) {
    mine += wrong ? '!' : ' ';
    for (const char c : remark) mine += c == '\n' ? ' ' : c;
    mine += '\n';
  };
  if (reads_) {
    for (const std::string& remark : source_.remarks) add(missed, remark);
    for (const std::string& fault : faults_) add(true, fault);
    mine += host_name();
  }
  std::map<std::string, std::vector<std::string>> hosts;  // with this remark
  for (const std::string& text : world_.gather(mine)) {
    const std::size_t last = text.rfind('\n');
    if (last == std::string::npos) continue;
    const std::string host = text.substr(last + 1);
    std::istringstream lines(text.substr(0, last));
    for (std::string line; std::getline(lines, line);) hosts[line].push_back(host);
  }
  std::vector<std::string> all, wrong;
  for (const auto& [line, who] : hosts) {
    std::string where = who[0];
    if (who.size() > 1)
      where += fmt::format(" and {} other node{}", who.size() - 1, who.size() == 2 ? "" : "s");
    all.push_back(fmt::format("{}: {}", where, line.substr(1)));
    if (line[0] == '!') wrong.push_back(all.back());
  }
  if (!wrong.empty())
    spdlog::warn("energy counters: {}: these joules are not used", fmt::join(wrong, "; "));
  return fmt::format("{}", fmt::join(all, "; "));
}

void EnergyLog::tell_cost(const RunEnergy& all) const {
  if (meter_)
    spdlog::info(
        "meter: {} readings of {} counters, {:.2g} ms of CPU time on all nodes, {:.2g} % of the "
        "run",
        meter_->looks(), source_.counters.size(), 1e3 * all.meter_seconds,
        100 * all.meter_seconds / nodes_ / (began_.seconds - first_began_));
  for (const PhaseEnergy& p : all.phases)
    if (is_measured(p.method) && p.uncertainty > 0.01 * p.joules)
      spdlog::info(
          "{}: {} took {:.2g} s{}, too short to measure its joules to 1 %: {:.3g} ± {:.2g} J",
          p.host, p.phase, p.seconds,
          p.times > 1 ? fmt::format(" and was run {} times", p.times) : std::string(), p.joules,
          p.uncertainty);
}

RunEnergy EnergyLog::finish(const std::string& run, std::uint64_t restarts) {
  const std::vector<ScopeEnergy> idle_after = idle();
  const RunEnergy here = measured_here(idle_after);
  const std::vector<std::byte> mine = reads_ ? pack(here) : std::vector<std::byte>{};
  RunEnergy all;
  all.run = run;
  all.restarts = restarts;
  all.pue = options_.pue;
  all.grams_per_kwh = options_.grams_per_kwh;
  std::set<std::string> kernels;
  for (const std::string& part :
       world_.gather({reinterpret_cast<const char*>(mine.data()), mine.size()})) {
    if (part.empty()) continue;  // of a rank that does not read counters
    RunEnergy node = unpack_energy(std::as_bytes(std::span(part)));
    all.meter_seconds += node.meter_seconds;
    if (!kernels.insert(node.run).second) continue;  // another rank read these counters
    for (PhaseEnergy& phase : node.phases) all.phases.push_back(std::move(phase));
  }
  if (world_.rank() == 0) {
    nodes_ = static_cast<int>(kernels.size());
    for (PhaseEnergy& phase : all.phases)
      if (phase.host == job_step) phase.nodes = nodes_;
    for (const Phase& phase : phases_) all.phases.push_back(counted(phase));
    tell_cost(all);
  }
  all.remarks = gather_remarks();
  return all;
}

}  // namespace qhn
