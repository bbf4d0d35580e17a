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

#include "../record/temporary_folder.hpp"
#include "core/clock.hpp"
#include "core/error.hpp"
#include "living_file.hpp"
#include "perf/meter.hpp"

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
      {"did not advance for 1.03 s", 0,
       [](Fake&, CounterTrack& t) { t.look(0.5), t.look(1.01), t.look(1.03); }},
      {"shows 1001, above its range of 1000", 1000,
       [](Fake& f, CounterTrack& t) { f.value = 1001, t.look(0.01); }},
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

TEST(Track, WhatIsUsualIsNoFault) {
  Fake fake{500};
  CounterTrack track(fake.counter(), 0.0);
  fake.value += 200;  // 100 W for a second and an update's time: 200.2 ticks
  track.look(1.0);
  track.look(2.0);  // 1.02 s of patience since the counter advanced, not since the last look
  ++fake.value;
  track.look(2.015);
  track.look(3.03);
  EXPECT_EQ(track.fault(), "");
  EXPECT_EQ(track.joules(), 100.5);
  track.look(3.04);
  EXPECT_EQ(track.fault(), "fake did not advance for 1.02 s");
  Fake wraps{1000};
  CounterTrack full(wraps.counter(1000), 0.0);  // its last number before 0
  wraps.value = 0;
  full.look(1.0);
  EXPECT_EQ(full.joules(), 0.0);
  EXPECT_EQ(full.fault(), "");
}

// It is found out after a second of patience. When it stopped is known from the looks alone: it was
// alive at the look before the one that last saw it advance, and perhaps not later.
TEST(Track, ACounterThatStoodStillWasGoodUntilALookBeforeItsLastAdvance) {
  Fake fake{500};
  CounterTrack track(fake.counter(), 0.0);
  ++fake.value;
  track.look(0.4);
  ++fake.value;
  track.look(0.5);
  track.look(1.5);
  EXPECT_GT(track.good_until(), 1e300);
  track.look(1.53);
  EXPECT_EQ(track.good_until(), 0.4);
  CounterTrack gone(fake.counter(), 0.0);
  fake.gone = true;
  gone.look(0.5);  // what it said before was right
  EXPECT_GT(gone.good_until(), 1e300);
}

TEST(Track, ACounterThatCannotBeReadAtFirstIsAbsent) {
  Fake fake{5, true};
  CounterTrack track(fake.counter(), 0.0);
  fake.gone = false;
  track.look(1.0);
  EXPECT_EQ(track.fault(), "fake: cannot be read");
  EXPECT_TRUE(std::isnan(track.joules()));
}

TEST(Track, IsLookedAtWellWithinAWrap) {
  Fake fake;
  EXPECT_EQ(look_interval(fake.counter()), 1.0);
  EXPECT_EQ(look_interval(fake.counter(1000)), 1.0);  // wraps after 5 s at the earliest
  EXPECT_EQ(look_interval(fake.counter(160)), 0.2);   // 0.8 s
  EnergyCounter slow = fake.counter();
  slow.update = 30;
  EXPECT_EQ(look_interval(slow), 30.0);
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

TEST_F(Powercap, PowerIsBoundByTwiceTheHighestLimit) {
  struct Limits {
    std::map<std::string, std::string> files;
    double watts;
  };
  for (const Limits& limits : {
           Limits{{}, 1000},
           Limits{{{"constraint_0_power_limit_uw", "45000000"}}, 90},
           Limits{{{"constraint_0_power_limit_uw", "45000000"},
                   {"constraint_0_max_power_uw", "15000000"},
                   {"constraint_1_power_limit_uw", "64000000"}},
                  128},
           Limits{{{"constraint_2_max_power_uw", "205000000"}}, 410},
           Limits{{{"constraint_0_power_limit_uw", "0"}}, 1000},           // off
           Limits{{{"constraint_0_power_limit_uw", "4095875000"}}, 1000},  // never set
           Limits{{{"constraint_0_power_limit_uw", "unlimited"}}, 1000},
       }) {
    const TemporaryFolder own;
    fs::create_directories(own / "intel-rapl:0");
    own.write("intel-rapl:0/name", "package-0\n");
    own.write("intel-rapl:0/max_energy_range_uj", "262143328850\n");
    for (const auto& [file, text] : limits.files) own.write("intel-rapl:0/" + file, text + "\n");
    const EnergySource source = find_powercap(own / "");
    ASSERT_EQ(source.counters.size(), 1u);
    EXPECT_DOUBLE_EQ(source.counters[0].most_watts, limits.watts);
  }
}

TEST_F(Powercap, ARangeThatSaysNothingMakesAllUseless) {
  two_packages();
  for (const auto& [text, why] : std::map<std::string, std::string>{
           {"max\n", "expected an integer, found 'max'"},
           {"", "expected an integer, found ''"},
           {"-5\n", "expected an integer, found '-5'"},
           {"1e9\n", "expected an integer, found '1e9'"},
           {"1.5\n", "expected an integer, found '1.5'"},
           {"\x1b[31m7\n", "expected an integer, found '?[31m7'"},
           {"99999999999999999999\n", "expected an integer, found '99999999999999999999'"},
           {"3000000\n", "3000000 may wrap several times a second"},  // 3 J at 1 kW
       }) {
    folder.write("intel-rapl:1/max_energy_range_uj", text);
    const EnergySource source = find();
    EXPECT_EQ(source.method, "none");
    EXPECT_TRUE(source.counters.empty());
    EXPECT_EQ(source.remarks,
              std::vector<std::string>{folder / "intel-rapl:1/max_energy_range_uj: " + why});
  }
  fs::remove(folder / "intel-rapl:1/max_energy_range_uj");
  EXPECT_EQ(
      find().remarks.at(0),
      folder / "intel-rapl:1/max_energy_range_uj: cannot be read (No such file or directory)");
  folder.write("intel-rapl:1/max_energy_range_uj", "0\n");  // it never wraps
  EXPECT_EQ(find().counters.size(), 5u);
}

TEST_F(Powercap, ASourceThatWasAskedForAndIsNotThereIsNamed) {
  MeterOptions options;
  options.pm_counters = folder / "pm";
  options.powercap = folder / "cap";
  options.owns_node = true;
  const auto remarks = [&](MeterSource source) {
    options.source = source;
    return find_energy_source(options, outside, 1).remarks;
  };
  using Remarks = std::vector<std::string>;
  EXPECT_EQ(remarks(MeterSource::automatic), Remarks{});
  EXPECT_EQ(remarks(MeterSource::pm_counters),
            Remarks{"pm_counters: no counter found in " + (folder / "pm")});
  EXPECT_EQ(remarks(MeterSource::powercap),
            Remarks{"powercap: no counter found in " + (folder / "cap")});
  EXPECT_EQ(remarks(MeterSource::slurm),
            Remarks{"slurm: no counter found in the environment: SLURM_JOB_ID is not set"});
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
  EXPECT_EQ(source.remarks, std::vector<std::string>{"package-0 does not advance"});
}

// Two packages and the DRAM of one: joules add up, and so do at both ends of each counter a tick
// and what it takes in an update's time.
TEST(Meter, UncertaintyIsThatOfBothEndsOfEveryCounter) {
  Fake a, b, d, p;
  EnergyCounter first = a.counter(), second = b.counter(), dram = d.counter(), psys = p.counter();
  first.tick = 0.25, first.update = 0.5, first.most_watts = 100;
  second.tick = 0.125, second.update = 0.25, second.most_watts = 200;
  dram.scope = "dram";
  dram.tick = 1.0, dram.update = 0.125, dram.most_watts = 50;
  psys.scope = "psys";
  psys.tick = 2.0, psys.update = 1.0, psys.most_watts = 1000;
  const double start = read_clock(CLOCK_MONOTONIC);
  const Meter meter({first, second, dram, psys});
  // A phase of 4 s that ends 2^20 s after the start: what came before weighs nothing but for the
  // second package, which took 2^20 · 64 J in all, 64 W against 2 W in the phase.
  const double end = start + 1048576;
  const Meter::Mark from{end - 4, {100, 1048576 * 64.0 - 8, 10, 1000}};
  const Meter::Mark to{end, {140, 1048576 * 64.0, 12, 1400}};
  const auto energies = meter.between(from, to);
  ASSERT_EQ(energies.size(), 2u);
  const ScopeEnergy& node = energies[0];
  EXPECT_EQ(node.scope, "package+dram");
  EXPECT_NEAR(node.seconds, 4.0, 1e-6);
  EXPECT_DOUBLE_EQ(node.joules, 40 + 8 + 2);
  EXPECT_NEAR(node.watts(), 12.5, 1e-6);
  EXPECT_NEAR(node.uncertainty,
              2 * (0.25 + 10 * 0.5) + 2 * (0.125 + 64 * 0.25) + 2 * (1.0 + 0.5 * 0.125), 1e-3);
  EXPECT_EQ(node.tick, 1.0);
  EXPECT_EQ(node.most_watts, 350.0);
  EXPECT_EQ(energies[1].scope, "psys");
  EXPECT_DOUBLE_EQ(energies[1].joules, 400.0);
  EXPECT_NEAR(energies[1].uncertainty, 2 * (2.0 + 100 * 1.0), 1e-3);

  // One package dies: no sum of the others; psys is none of them.
  const Meter::Mark dead{end, {140, not_known, 12, 1400}};
  const auto without = meter.between(from, dead);
  EXPECT_TRUE(std::isnan(without[0].joules));
  EXPECT_EQ(without[1].joules, 400.0);
}

TEST(Meter, DoubtsWhatItsCountersCannotHaveSeen) {
  const auto energy = [](double seconds, double joules, double uncertainty) {
    return ScopeEnergy{"package", seconds, joules, uncertainty, 1e-6, 500.0};
  };
  EXPECT_EQ(why_doubtful(energy(1, 500, 1)), "");
  EXPECT_EQ(why_doubtful(energy(0.001, 17, 0.1)),
            "17 J in 0.001 s, more than 500 W, the upper limit of its counters");
  EXPECT_EQ(why_doubtful(energy(2, 900, 1800)),
            "900 J with an uncertainty of 1.8e+03 J: 2 s are too short for its counters");
  EXPECT_NE(why_doubtful(energy(2, 900, 900)), "");
  EXPECT_EQ(why_doubtful(energy(2, 900, 899)), "");
  EXPECT_NE(why_doubtful(energy(2, 0, 0)), "");  // a node that takes nothing
  EXPECT_NE(why_doubtful(energy(0, 0, 0.1)), "");
  EXPECT_EQ(why_doubtful(energy(2, not_known, 1)), "");  // absent, which is told elsewhere
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
                "powercap is available, but other jobs may share the node (meter.owns_node)"});
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

TEST(Slurm, MarksForNoValueAreNoJoules) {
  const TemporaryFolder folder;
  const Environment inside = [](const char* name) -> const char* {
    return std::string(name) == "SLURM_JOB_ID" ? "17" : nullptr;
  };
  const auto answer = [&](const std::string& line) {
    folder.write("sstat", "#!/bin/sh\n[ \"$5\" = 17.batch ] || exit 1\n" + line + "\n");
    fs::permissions(folder / "sstat", fs::perms::owner_all);
    return find_slurm(folder / "", inside);
  };
  for (const char* none :
       {"0", "", "18446744073709551614", "18446744073709551615", "4294967294", "4294967295"}) {
    const EnergySource source = answer("echo " + std::string(none));
    EXPECT_EQ(source.method, "none") << none;
    EXPECT_TRUE(source.counters.empty());
    ASSERT_EQ(source.remarks.size(), 1u) << none;
    EXPECT_TRUE(source.remarks[0].ends_with("sstat: this cluster records no energy")) << none;
  }
  EXPECT_NE(answer("echo 4.2K").remarks.at(0).find("expected an integer, found '4.2K'"),
            std::string::npos);
  EXPECT_NE(answer("echo 5; exit 1").remarks.at(0).find("exited with an error"), std::string::npos);
  const EnergySource source = answer("echo 18446744073709551613");
  ASSERT_EQ(source.counters.size(), 1u);
  EXPECT_EQ(source.counters[0].read(), 18446744073709551613u);
  EXPECT_EQ(source.counters[0].scope, "node");
  EXPECT_EQ(source.counters[0].tick, 1.0);
  EXPECT_EQ(source.counters[0].update, 30.0);
  // As the value vanishes while the job runs.
  folder.write("sstat", "#!/bin/sh\necho 18446744073709551614\n");
  CounterTrack track(source.counters[0], 0.0);
  EXPECT_NE(track.fault().find("records no energy"), std::string::npos);
  EXPECT_EQ(find_slurm(folder / "", outside).remarks, std::vector<std::string>{});
}

TEST(Slurm, PowerIsBoundByTheNodesOfTheJob) {
  const TemporaryFolder folder;
  folder.write("sstat", "#!/bin/sh\necho 5\n");
  fs::permissions(folder / "sstat", fs::perms::owner_all);
  const Environment inside = [](const char* name) -> const char* {
    if (std::string(name) == "SLURM_JOB_ID") return "17";
    return std::string(name) == "SLURM_JOB_NUM_NODES" ? "3" : nullptr;
  };
  EXPECT_EQ(find_slurm(folder / "", inside).counters.at(0).most_watts, 6e4);
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
  EXPECT_NE(find_energy_source(options, inside, 8).remarks.at(0).find("records no energy"),
            std::string::npos);
  options.slurm = folder / "no";
  EXPECT_NE(find_energy_source(options, inside, 8).remarks.at(0).find("No such file"),
            std::string::npos);
}

TEST(Idle, ComesFromBothEnds) {
  const ScopeEnergy before{"node", 2.0, 20.0, 0.2, 0.0, 0.0},
      after{"node", 2.0, 28.0, 0.2, 0.0, 0.0};
  EXPECT_DOUBLE_EQ(idle_power(before, after).watts, 12.0);
  EXPECT_DOUBLE_EQ(idle_power(before, after).uncertainty, 2.0);  // half of 14 − 10
  EXPECT_DOUBLE_EQ(idle_power(before, {}).watts, 10.0);
  EXPECT_DOUBLE_EQ(idle_power(before, {}).uncertainty, 0.1);
  EXPECT_DOUBLE_EQ(idle_power({}, after).watts, 14.0);
  EXPECT_DOUBLE_EQ(idle_power({}, after).uncertainty, 0.1);
  EXPECT_TRUE(std::isnan(idle_power({}, {}).watts));
  // Measured for longer, the first weighs more; that they are alike proves nothing beyond their own
  // uncertainty.
  const ScopeEnergy longer{"node", 6.0, 60.0, 0.4, 0.0, 0.0};
  EXPECT_DOUBLE_EQ(idle_power(longer, after).watts, 11.0);
  EXPECT_DOUBLE_EQ(idle_power(longer, before).watts, 10.0);
  EXPECT_DOUBLE_EQ(idle_power(longer, before).uncertainty, 0.6 / 8);
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

// A campaign of three runs, each of which makes the table: all of it was paid.
TEST(Total, EveryRunIsChargedItsOwnTable) {
  std::vector<RunEnergy> runs(3);
  for (std::size_t r = 0; r < 3; ++r) {
    const double joules = static_cast<double>(r + 1);
    for (const char* phase : {"table", "restarts"}) {
      PhaseEnergy p = figure("all", "modelled:cpu", joules);
      p.phase = phase;
      p.flops = 10 * joules, p.bytes = 100 * joules, p.exchanged = 1000 * joules;
      p.times = static_cast<std::int32_t>(5 - r);
      runs[r].phases.push_back(p);
    }
    runs[r].restarts = 2 + r;
  }
  runs[2].phases.pop_back();  // interrupted before its restarts
  const auto totals = total_energy(runs);
  ASSERT_EQ(totals.size(), 2u);
  EXPECT_EQ(totals[0].phase, "table");
  EXPECT_EQ(totals[0].joules, 6.0);
  EXPECT_EQ(totals[0].net_joules, 3.0);
  EXPECT_EQ(totals[0].uncertainty, 3.0);
  EXPECT_EQ(totals[0].net_uncertainty, 6.0);
  EXPECT_EQ(totals[0].seconds, 9.0);
  EXPECT_EQ(totals[0].flops, 60.0);
  EXPECT_EQ(totals[0].bytes, 600.0);
  EXPECT_EQ(totals[0].exchanged, 6000.0);
  EXPECT_EQ(totals[0].times, 5);
  EXPECT_EQ(totals[1].joules, 3.0);
  EXPECT_EQ(totals[1].seconds, 6.0);
  EXPECT_EQ(totals[1].restarts, 5u);
}

// Nodes work at the same time; the figure of a job step is for all of them.
TEST(Total, TakesTheSecondsOfTheSlowestNode) {
  RunEnergy run;
  run.restarts = 1;
  run.phases = {figure("x", "measured:rapl", 10), figure("y", "measured:rapl", 20),
                figure("all", "modelled:cpu", 99, 2)};
  run.phases[0].seconds = 7;
  EXPECT_EQ(total_energy({run}).at(0).seconds, 7.0);
  run.phases = {figure("job step", "measured:slurm", 10, 2), figure("all", "modelled:cpu", 99, 2)};
  EXPECT_EQ(total_energy({run}).at(0).method, "measured:slurm");
  run.phases[0].nodes = 1;
  EXPECT_EQ(total_energy({run}).at(0).method, "modelled:cpu");
}

TEST(Total, LeavesDoubtfulFiguresAndThePlatformOut) {
  EXPECT_EQ(doubtful("measured:slurm"), "doubtful:slurm");
  EXPECT_TRUE(is_doubtful("doubtful:cpu"));
  EXPECT_FALSE(is_doubtful("measured:rapl"));
  RunEnergy run;
  run.restarts = 1;
  run.phases = {figure("x", doubtful("measured:rapl"), 10), figure("x", "measured:rapl", 7),
                figure("all", "modelled:cpu", 99)};
  run.phases[1].scope = "psys";
  EXPECT_EQ(total_energy({run}).at(0).method, "modelled:cpu");
  run.phases[2].method = doubtful("modelled:cpu");
  EXPECT_EQ(total_energy({run}).at(0).method, "none");
  EXPECT_TRUE(std::isnan(total_energy({run}).at(0).joules));
  EXPECT_EQ(total_energy({run}).at(0).seconds, 3.0);
}

// Ten restarts of 0.1 s in a phase of 4 s that took 100 W.
TEST(Total, ARestartsJoulesAreThoseOfItsSeconds) {
  EnergyTotal total{.phase = "restarts", .method = "measured:rapl", .scope = "node"};
  total.seconds = 4;
  total.joules = 400;
  total.net_joules = 40;
  total.restarts = 10;
  EXPECT_DOUBLE_EQ(total.busy_share(0.1), 0.25);
  EXPECT_DOUBLE_EQ(total.per_restart(0.1), 100 * 0.1);
  // Side by side, on five cores: each takes a part of the power.
  EXPECT_DOUBLE_EQ(total.busy_share(2.0), 1.0);
  EXPECT_DOUBLE_EQ(total.per_restart(2.0), 40.0);
  // Counted work is all the restarts', of the idle power their share.
  total.method = "modelled:cpu";
  EXPECT_DOUBLE_EQ(total.per_restart(0.1), 4 + 36 * 0.25);
  total.net_joules = not_known;
  EXPECT_DOUBLE_EQ(total.per_restart(0.1), 10.0);
}

}  // namespace
}  // namespace qhn
