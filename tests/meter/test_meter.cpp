// Made-up trees of counters, some of them alive: every fault a counter can have.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <thread>

#include "../io/temporary_folder.hpp"
#include "core/clock.hpp"
#include "core/error.hpp"
#include "living_file.hpp"
#include "meter/meter.hpp"

namespace qhn {
namespace {

namespace fs = std::filesystem;

const Environment outside = [](const char*) -> const char* { return nullptr; };

// A counter whose value the test sets.
struct Fake {
  std::uint64_t value = 0;
  bool gone = false;
  EnergyCounter counter(std::uint64_t range = 0) {
    return {"fake",
            "package",
            [this] {
              if (gone) throw RunError("fake: cannot be read");
              return value;
            },
            0.5,
            range,
            0.001,
            100.0};
  }
};

TEST(Track, AddsTicksAndWraps) {
  Fake fake{990};
  CounterTrack track(fake.counter(1000), 0.0);
  fake.value = 996;
  track.look(1.0);
  EXPECT_EQ(track.joules(), 3.0);
  fake.value = 14;  // 4 ticks up to the wrap, 14 after it
  track.look(2.0);
  EXPECT_EQ(track.joules(), 12.0);
  EXPECT_EQ(track.fault(), "");
}

struct Fault {
  const char* what;
  std::uint64_t range;
  std::function<void(Fake&, CounterTrack&)> happen;
};

TEST(Track, AFaultMakesACounterAbsentForGood) {
  const std::vector<Fault> faults{
      {"cannot be read", 0, [](Fake& f, CounterTrack& t) { f.gone = true, t.look(1.0); }},
      {"backwards from 500 to 499", 0, [](Fake& f, CounterTrack& t) { f.value = 499, t.look(1); }},
      // 100 W at most: 0.5 J a tick, a second and an update's time.
      {"jumped", 0, [](Fake& f, CounterTrack& t) { f.value += 201, t.look(1.0); }},
      // As a wrap it would be nearly all of the range.
      {"backwards or jumped", 1000, [](Fake& f, CounterTrack& t) { f.value = 499, t.look(1.0); }},
      {"stood still for 1.03 s", 0,
       [](Fake&, CounterTrack& t) { t.look(0.5), t.look(1.01), t.look(1.03); }},
      // 1000 ticks of 0.5 J at 100 W.
      {"may have wrapped", 1000, [](Fake& f, CounterTrack& t) { ++f.value, t.look(5.1); }},
  };
  for (const Fault& fault : faults) {
    SCOPED_TRACE(fault.what);
    Fake fake{500};
    CounterTrack track(fake.counter(fault.range), 0.0);
    fault.happen(fake, track);
    EXPECT_NE(track.fault().find(fault.what), std::string::npos) << track.fault();
    EXPECT_TRUE(std::isnan(track.joules()));
    fake = {510, false};
    track.look(5.2);
    EXPECT_TRUE(std::isnan(track.joules()));
  }
}

TEST(Track, IsLookedAtWellWithinAWrap) {
  Fake fake;
  EXPECT_EQ(look_interval(fake.counter()), 1.0);
  EXPECT_EQ(look_interval(fake.counter(1000)), 1.0);  // wraps after 5 s at the earliest
  EXPECT_EQ(look_interval(fake.counter(160)), 0.2);   // 0.8 s
}

// Two packages with the DRAM of each, parts of packages, a mirror, the platform, and another
// framework's zone; zones of zones lie inside (as in /sys/devices) or beside (as in /sys/class).
class Powercap : public testing::Test {
 protected:
  void zone(const std::string& path, const std::string& name, std::uint64_t value = 1000) {
    fs::create_directories(folder / path);
    folder.write(path + "/name", name + "\n");
    folder.write(path + "/max_energy_range_uj", "262143328850\n");
    folder.write(path + "/energy_uj", std::to_string(value) + "\n");
  }
  void two_packages() {
    zone("intel-rapl:0", "package-0", 10);
    zone("intel-rapl:0/intel-rapl:0:0", "core");
    zone("intel-rapl:0:1", "dram", 20);
    zone("intel-rapl:1", "package-1", 30);
    zone("intel-rapl:1/intel-rapl:1:0", "dram", 40);
    zone("intel-rapl:2", "psys", 50);
    zone("intel-rapl-mmio:0", "package-0", 60);
    zone("intel-rapl-mmio:0/intel-rapl-mmio:0:0", "dram", 70);
    zone("dtpm", "dtpm");
    fs::create_directories(folder / "intel-rapl");
  }
  EnergySource find() { return find_powercap(folder / ""); }
  TemporaryFolder folder;
};

TEST_F(Powercap, PackagesAndTheirDramCountOnce) {
  two_packages();
  const EnergySource source = find();
  EXPECT_EQ(source.method, "measured:rapl");
  std::map<std::string, std::uint64_t> found;
  for (const EnergyCounter& c : source.counters) {
    found[c.scope + ": " + c.name] = c.read();
    EXPECT_EQ(c.range, 262143328850u);
    EXPECT_EQ(c.tick, 1e-6);
  }
  EXPECT_EQ(found, (std::map<std::string, std::uint64_t>{{"package: package-0", 10},
                                                         {"package: package-1", 30},
                                                         {"dram: package-0 dram", 20},
                                                         {"dram: package-1 dram", 40},
                                                         {"psys: psys", 50}}));
}

TEST_F(Powercap, OneThatMayNotBeReadMakesAllUseless) {
  two_packages();
  for (const auto& entry : fs::recursive_directory_iterator(folder / ""))
    fs::permissions(entry.path(), fs::perms::all);
  fs::permissions(folder / "", fs::perms::all);
  fs::permissions(folder / "intel-rapl:1/energy_uj", fs::perms::owner_write);
  MeterOptions options;
  options.powercap = folder / "";
  options.owns_node = true;
  options.source = MeterSource::powercap;
  const bool root = ::geteuid() == 0;  // whom nothing is forbidden
  ASSERT_TRUE(!root || ::seteuid(65534) == 0);
  const EnergySource source = find_energy_source(options, outside, 1);
  ASSERT_TRUE(!root || ::seteuid(0) == 0);
  EXPECT_EQ(source.method, "none");
  EXPECT_TRUE(source.counters.empty());
  ASSERT_EQ(source.remarks.size(), 1u);
  EXPECT_NE(source.remarks[0].find("intel-rapl:1/energy_uj: cannot be read (Permission denied)"),
            std::string::npos)
      << source.remarks[0];
}

TEST_F(Powercap, AFrozenCounterIsNone) {
  zone("intel-rapl:0", "package-0");
  MeterOptions options;
  options.powercap = folder / "";
  options.pm_counters = folder / "no";
  options.owns_node = true;
  const EnergySource source = find_energy_source(options, outside, 1);
  EXPECT_EQ(source.method, "none");
  EXPECT_EQ(source.remarks, std::vector<std::string>{"package-0 stands still"});
}

// What a counter of ten updates a second sees shows up to a tenth of a second later.
TEST(Meter, ACounterThatStoodForAMomentMayHaveMissedAnUpdate) {
  Fake fake;
  EnergyCounter counter = fake.counter();
  counter.tick = 1.0;
  counter.update = 0.1;
  counter.most_watts = 1e12;
  const double before = read_clock(CLOCK_MONOTONIC);
  Meter meter({counter});
  fake.value += 10;
  const Meter::Mark from = meter.mark(), to = meter.mark();
  const ScopeEnergy energy = meter.between(from, to).at(0);
  EXPECT_EQ(energy.joules, 0.0);
  EXPECT_GE(energy.uncertainty, 2 * (1.0 + 10.0 / (to.seconds - before) * 0.1));
}

TEST_F(Powercap, ALivingTreeIsMeasuredUntilItsFileVanishes) {
  constexpr std::uint64_t range = 262143328850;
  zone("intel-rapl:0", "package-0");
  zone("intel-rapl:0/intel-rapl:0:0", "dram");
  // About 2 W and 0.1 W; the package wraps after ten steps.
  const auto grow = [](std::uint64_t first, std::uint64_t step) {
    return [=](int k) {
      return std::to_string((first + step * static_cast<std::uint64_t>(k)) % range) + "\n";
    };
  };
  auto dram =
      std::make_unique<LivingFile>(folder, "intel-rapl:0/intel-rapl:0:0/energy_uj", grow(5, 100));
  const LivingFile package(folder, "intel-rapl:0/energy_uj", grow(range - 20000, 2000));
  MeterOptions options;
  options.powercap = folder / "";
  options.source = MeterSource::powercap;
  EXPECT_EQ(find_energy_source(options, outside, 1).remarks,
            std::vector<std::string>{
                "powercap is there, but other jobs may share the node (meter.owns_node)"});
  options.owns_node = true;
  const EnergySource source = find_energy_source(options, outside, 1);
  ASSERT_EQ(source.counters.size(), 2u);
  EXPECT_TRUE(source.remarks.empty());

  Meter meter(source.counters);
  const double after_start = read_clock(CLOCK_MONOTONIC);
  const auto microjoules = [&] {  // since the wrap or, before it, since the start
    double sum = 0.0;
    for (const EnergyCounter& c : source.counters)
      sum += static_cast<double>((c.read() + 20000) % range);
    return sum;
  };
  const double before_begin = microjoules();
  const Meter::Mark begin = meter.mark();
  const double after_begin = microjoules();
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  const double before_end = microjoules();
  const Meter::Mark end = meter.mark();
  const double after_end = microjoules();
  const auto energies = meter.between(begin, end);
  ASSERT_EQ(energies.size(), 1u);
  EXPECT_EQ(energies[0].scope, "package+dram");
  EXPECT_GE(energies[0].joules, 1e-6 * (before_end - after_begin) - 1e-9);
  EXPECT_LE(energies[0].joules, 1e-6 * (after_end - before_begin) + 1e-9);
  EXPECT_GT(before_end, after_begin);
  // Two ticks of each counter, and of its power two updates.
  const double since_start = (end.joules[0] + end.joules[1]) / (end.seconds - after_start);
  EXPECT_GE(energies[0].uncertainty, 4e-6 + 2e-3 * energies[0].watts() - 1e-9);
  EXPECT_LE(energies[0].uncertainty, 4e-6 + 2e-3 * (energies[0].watts() + since_start));
  EXPECT_TRUE(meter.faults().empty());
  EXPECT_GE(meter.looks(), 2u);
  EXPECT_GT(meter.cpu_seconds(), 0.0);

  dram.reset();
  fs::remove(folder / "intel-rapl:0/intel-rapl:0:0/energy_uj");
  EXPECT_TRUE(std::isnan(meter.between(begin, meter.mark())[0].joules));  // not the package alone
  ASSERT_EQ(meter.faults().size(), 1u);
  EXPECT_NE(meter.faults()[0].find("No such file"), std::string::npos);
}

TEST_F(Powercap, PmCountersComeFirstAndReadJoules) {
  zone("intel-rapl:0", "package-0");
  const LivingFile living(folder, "energy",
                          [](int k) { return std::to_string(7 + k) + " J 5 us\n"; });
  while (!fs::exists(folder / "energy")) std::this_thread::yield();
  MeterOptions options;
  options.powercap = options.pm_counters = folder / "";
  options.owns_node = true;
  const EnergySource source = find_energy_source(options, outside, 1);
  EXPECT_EQ(source.method, "measured:pm_counters");
  ASSERT_EQ(source.counters.size(), 1u);
  EXPECT_EQ(source.counters[0].tick, 1.0);
  EXPECT_EQ(source.counters[0].scope, "node");
  EXPECT_EQ(find_pm_counters(folder / "absent").method, "none");
}

TEST(Slurm, ItsStepIsAskedFor) {
  const TemporaryFolder folder;
  folder.write("sstat", "#!/bin/sh\n[ \"$5\" = 17.3 ] && echo 4321 || echo 0\n");
  fs::permissions(folder / "sstat", fs::perms::owner_all);
  std::string step = "3";
  const Environment inside = [&](const char* name) -> const char* {
    if (std::string(name) == "SLURM_JOB_ID") return "17";
    if (std::string(name) == "SLURM_STEP_ID") return step.c_str();
    return std::string(name) == "SLURM_CPUS_ON_NODE" ? "8" : nullptr;
  };
  EXPECT_TRUE(job_owns_node(inside, 8));
  EXPECT_FALSE(job_owns_node(inside, 16));
  EXPECT_FALSE(job_owns_node(outside, 1));
  MeterOptions options;
  options.pm_counters = options.powercap = folder / "no";
  options.slurm = folder / "";
  const EnergySource source = find_energy_source(options, inside, 8);
  EXPECT_EQ(source.method, "measured:slurm");
  ASSERT_EQ(source.counters.size(), 1u);
  EXPECT_EQ(source.counters[0].read(), 4321u);
  EXPECT_TRUE(
      find_energy_source(options, inside, 8, false).counters.empty());    // not the first node
  EXPECT_TRUE(find_energy_source(options, inside, 16).counters.empty());  // shared
  step = "4";
  EXPECT_NE(find_energy_source(options, inside, 8).remarks.at(0).find("gathers no energy"),
            std::string::npos);
  options.slurm = folder / "no";
  EXPECT_NE(find_energy_source(options, inside, 8).remarks.at(0).find("No such file"),
            std::string::npos);
}

TEST(Idle, ComesFromBothEnds) {
  const ScopeEnergy before{"node", 2.0, 20.0, 0.2, 0.0}, after{"node", 2.0, 28.0, 0.2, 0.0};
  EXPECT_DOUBLE_EQ(idle_power(before, after).watts, 12.0);
  EXPECT_DOUBLE_EQ(idle_power(before, after).uncertainty, 2.0);  // half of 14 − 10
  EXPECT_DOUBLE_EQ(idle_power(before, {}).watts, 10.0);
  EXPECT_DOUBLE_EQ(idle_power(before, {}).uncertainty, 0.1);
  EXPECT_TRUE(std::isnan(idle_power({}, {}).watts));
}

TEST(Model, HasTheUnitsOfItsConstants) {
  EXPECT_DOUBLE_EQ(CpuModel{}.joules(1e12, 0, 0), 670.0);  // pJ and Tflop
  EXPECT_DOUBLE_EQ(CpuModel{}.joules(0, 1e12, 0), 795.0);
  EXPECT_DOUBLE_EQ(CpuModel{}.joules(0, 0, 2), 244.0);
}

PhaseEnergy figure(const std::string& host, const std::string& method, double joules,
                   std::int32_t nodes = 1) {
  PhaseEnergy p{.phase = "restarts", .host = host, .method = method, .scope = "node"};
  p.nodes = nodes;
  p.seconds = 3.0;
  p.joules = joules;
  p.uncertainty = 1.0;
  p.net_joules = joules / 2;
  p.net_uncertainty = 2.0;
  return p;
}

TEST(Total, IsOfAllNodesOfAllRunsOrNone) {
  RunEnergy a, b;
  a.restarts = 4;
  a.pue = 1.5;
  b.restarts = 6;
  a.grams_per_kwh = b.grams_per_kwh = 100;
  a.phases = {figure("x", "measured:rapl", 10), figure("y", "measured:rapl", 20),
              figure("all", "modelled:cpu", 99, 2)};
  b.phases = {figure("x", "measured:rapl", 30), figure("all", "modelled:cpu", 77)};
  auto total = total_energy({a, b}).at(0);
  EXPECT_EQ(total.method, "measured:rapl");
  EXPECT_EQ(total.joules, 60.0);
  EXPECT_EQ(total.uncertainty, 3.0);
  EXPECT_EQ(total.net_joules, 30.0);
  EXPECT_EQ(total.seconds, 6.0);
  EXPECT_EQ(total.per_restart(), 6.0);
  EXPECT_DOUBLE_EQ(total.grams, (30 * 1.5 + 30) * 100 / 3.6e6);

  a.phases.erase(a.phases.begin());  // one node had no counter: no sum of the others
  a.grams_per_kwh = not_known;
  total = total_energy({a, b}).at(0);
  EXPECT_EQ(total.method, "modelled:cpu");
  EXPECT_EQ(total.joules, 176.0);
  EXPECT_TRUE(std::isnan(total.grams));

  b.phases.back() = figure("all", "none", not_known);
  total = total_energy({a, b}).at(0);
  EXPECT_EQ(total.method, "none");
  EXPECT_TRUE(std::isnan(total.joules));
  EXPECT_EQ(total.restarts, 10u);
  EXPECT_TRUE(total_energy({}).empty());
}

}  // namespace
}  // namespace qhn
