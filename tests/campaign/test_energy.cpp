// The joules of a run from made-up counters whose power the test sets.
#include <gtest/gtest.h>
#include <mpi.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <memory>
#include <thread>

#include "campaign/energy_log.hpp"
#include "comm/processors.hpp"
#include "core/clock.hpp"
#include "core/error.hpp"

namespace qhn {
namespace {

/// A package that takes `watts` from the last change on. Microjoules.
class Package {
 public:
  explicit Package(double watts) : watts_(watts) {}
  void set(double watts) {
    const std::lock_guard lock(mutex_);
    advance();
    watts_ = watts;
  }
  void fail() { failed_ = true; }
  EnergySource source(double update = 1e-3, double most_watts = 1000.0) {
    EnergyCounter counter{"package-0", "package", [this] { return value(); }, 1e-6, 0, update};
    counter.most_watts = most_watts;
    return {"measured:rapl", {counter}, {}};
  }

 private:
  void advance() {
    const double now = read_clock(CLOCK_MONOTONIC);
    joules_ += watts_ * (now - since_);
    since_ = now;
  }
  std::uint64_t value() {
    if (failed_) throw RunError("package-0: cannot be read (No such file or directory)");
    const std::lock_guard lock(mutex_);
    advance();
    return static_cast<std::uint64_t>(1e6 * joules_);
  }
  std::mutex mutex_;
  double watts_, joules_ = 1.0, since_ = read_clock(CLOCK_MONOTONIC);
  std::atomic<bool> failed_ = false;
};

void work_for(int milliseconds) {
  std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
}

int rank_here() {
  int rank = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  return rank;
}
int ranks_here() {
  int ranks = 1;
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  return ranks;
}

const PhaseEnergy& row(const RunEnergy& run, const std::string& phase, bool all) {
  for (const PhaseEnergy& p : run.phases)
    if (p.phase == phase && (p.host == "all") == all) return p;
  throw std::runtime_error("no row of " + phase);
}

TEST(EnergyLog, AShortPhaseIsTheMeanOfItsTimesNetOfAnIdleNode) {
  Package package(10);
  EnergyLog log(MPI_COMM_WORLD, rank_here() == 0, {}, [&] { return package.source(); });
  log.begin();
  package.set(100);
  const double began = read_clock(CLOCK_MONOTONIC);
  work_for(50);
  int times = 1;
  // The first time executes 100 flops on each rank, the others 200, 300, …
  log.end_phase("table", {100, 10, 0, 1}, [&](int repetition) {
    EXPECT_EQ(repetition, times);
    ++times;
    work_for(50);
    return std::optional(Work{100.0 * times, 10.0 * times, 0, 1.0 * times});
  });
  const double took = read_clock(CLOCK_MONOTONIC) - began;
  package.set(10);
  const RunEnergy run = log.finish("run", 7);
  if (rank_here() != 0) return;

  EXPECT_EQ(run.run, "run");
  EXPECT_EQ(run.restarts, 7u);
  // 0.2 J at both ends are 1 % of 20 J, 0.2 s.
  EXPECT_GE(times, 2);
  EXPECT_LE(times, 4);
  ASSERT_EQ(run.phases.size(), 2u);
  const PhaseEnergy &here = row(run, "table", false), &all = row(run, "table", true);
  EXPECT_EQ(here.host, host_name());
  EXPECT_EQ(here.method, "measured:rapl");
  EXPECT_EQ(here.scope, "package");
  EXPECT_EQ(here.nodes, 1);
  for (const PhaseEnergy* p : {&here, &all}) {
    EXPECT_EQ(p->times, times);
    EXPECT_GE(p->seconds, 0.05);
    EXPECT_LE(p->seconds, took / times);
  }
  EXPECT_NEAR(here.joules / here.seconds, 100.0, 10.0);
  EXPECT_NEAR(here.uncertainty * times, 2 * (1e-6 + 100e-3), 0.02);
  EXPECT_EQ(here.tick, 1e-6);
  EXPECT_NEAR(here.net_joules / here.seconds, 90.0, 10.0);
  EXPECT_GT(here.net_uncertainty, here.uncertainty);
  EXPECT_LT(here.net_uncertainty, here.uncertainty + 2.0 * here.seconds);  // idle: ± 2 W at most
  EXPECT_TRUE(std::isnan(here.flops));
  // The mean of 100, 200, …; of all ranks.
  const double mean = (times + 1) / 2.0 * ranks_here();
  EXPECT_EQ(all.flops, 100 * mean);
  EXPECT_EQ(all.bytes, 10 * mean);
  EXPECT_EQ(all.exchanged, mean);
  EXPECT_EQ(all.method, "modelled:cpu");
  EXPECT_EQ(all.nodes, 1);
  const CpuModel model;
  EXPECT_EQ(all.joules, model.joules(all.flops, all.bytes, all.seconds));
  EXPECT_EQ(all.net_joules, model.joules(all.flops, all.bytes, 0));
  EXPECT_EQ(run.remarks, "");
}

TEST(EnergyLog, IsNotRepeatedWhereThatIsNotWantedOrBrokenOff) {
  for (const bool repeat : {false, true}) {
    Package package(50);
    EnergyOptions options;
    options.repeat = repeat;
    EnergyLog log(MPI_COMM_WORLD, rank_here() == 0, options, [&] { return package.source(); });
    log.begin();
    int asked = 0;
    work_for(20);
    log.end_phase("restarts", {100, 0, 0, 0}, [&](int) {
      ++asked;
      return std::optional<Work>();  // on all ranks
    });
    EXPECT_EQ(asked, repeat ? 1 : 0);
    const RunEnergy run = log.finish("run", 1);
    if (rank_here() != 0) continue;
    EXPECT_EQ(row(run, "restarts", false).times, 1);
    EXPECT_EQ(row(run, "restarts", true).flops, 100.0 * ranks_here());
  }
}

// Two of three ranks read as in two containers of one node: the node's joules are there once.
TEST(EnergyLog, ACounterThatTwoRanksReadCountsOnce) {
  Package package(50);
  EnergyLog log(MPI_COMM_WORLD, rank_here() != 1, {}, [&] { return package.source(); });
  log.begin();
  work_for(50);
  log.end_phase("table", {});
  work_for(20);
  log.end_phase("restarts", {});
  const RunEnergy run = log.finish("run", 1);
  if (rank_here() != 0) return;
  ASSERT_EQ(run.phases.size(), 4u);
  EXPECT_EQ(row(run, "table", true).nodes, 1);
  const CpuModel model;
  EXPECT_EQ(row(run, "table", true).joules,
            model.joules(0, 0, row(run, "table", true).seconds));  // one node idles
  // One phase begins where the other ends.
  EXPECT_GE(row(run, "table", false).seconds, 0.05);
  EXPECT_GE(row(run, "restarts", false).seconds, 0.02);
  EXPECT_LT(row(run, "restarts", false).seconds, row(run, "table", false).seconds);
  const auto totals = total_energy({run});
  EXPECT_EQ(totals.at(0).method, "measured:rapl");
  EXPECT_EQ(totals.at(0).joules, row(run, "table", false).joules);
}

TEST(EnergyLog, SaysWhichCounterFailedWhereAndWhy) {
  Package package(50);
  EnergyLog log(MPI_COMM_WORLD, rank_here() == 0, {}, [&] { return package.source(); });
  log.begin();
  work_for(20);
  log.end_phase("table", {});
  package.fail();
  work_for(20);
  bool again = false;
  log.end_phase("restarts", {}, [&](int) {
    again = true;
    return std::optional(Work{});
  });
  testing::internal::CaptureStdout();  // the log of this program
  const RunEnergy run = log.finish("run", 1);
  const std::string told = testing::internal::GetCapturedStdout();
  EXPECT_FALSE(again);
  if (rank_here() != 0) return;
  const std::string reason =
      host_name() + ": package-0: cannot be read (No such file or directory)";
  EXPECT_EQ(run.remarks, reason);
  EXPECT_NE(told.find("energy counters: " + reason), std::string::npos) << told;
  EXPECT_EQ(row(run, "table", false).method, "measured:rapl");
  EXPECT_TRUE(std::isnan(row(run, "restarts", false).joules));
  EXPECT_EQ(total_energy({run}).at(1).method, "modelled:cpu");
}

// As Slurm's: what a counter has gathered for long shows in a moment.
TEST(EnergyLog, JoulesOfAnotherIntervalAreDoubtful) {
  Package package(50);
  const bool reads = rank_here() == 0;
  EnergyLog log(MPI_COMM_WORLD, reads, {}, [&] { return package.source(1e-3, 400); });
  log.begin();
  package.set(50000);
  work_for(1);
  package.set(50);
  log.end_phase("table", {});
  work_for(100);
  log.end_phase("restarts", {});
  const RunEnergy run = log.finish("run", 1);
  if (!reads) return;
  // Where the counter itself says nothing: it saw 50 J in a millisecond, a jump.
  EXPECT_TRUE(std::isnan(row(run, "table", false).joules));

  EnergyOptions options;
  options.model.joules_per_flop = 1;  // 10 kW
  EnergyLog other(MPI_COMM_SELF, true, options, [&] { return package.source(30, 1e9); });
  other.begin();
  work_for(10);
  other.end_phase("table", {100, 0, 0, 0});
  other.end_phase("restarts", {1e9, 0, 0, 0});
  const RunEnergy slow = other.finish("run", 1);
  EXPECT_EQ(row(slow, "table", false).method, "doubtful:rapl");
  EXPECT_NE(slow.remarks.find(host_name() + ": package of table: "), std::string::npos);
  EXPECT_NE(slow.remarks.find(" s are too short for its counters"), std::string::npos)
      << slow.remarks;
  EXPECT_EQ(row(slow, "restarts", true).method, "doubtful:cpu");
  EXPECT_NE(slow.remarks.find(host_name() + ": model of restarts: "), std::string::npos);
  EXPECT_EQ(total_energy({slow}).at(1).method, "none");
}

TEST(EnergyLog, ASourceThatWasAskedForAndIsNotThereIsMissed) {
  EnergyOptions options;
  options.meter.source = MeterSource::powercap;
  options.meter.powercap = "/nowhere";
  EnergyLog log(MPI_COMM_WORLD, rank_here() == 0, options);
  log.begin();
  log.end_phase("table", {});
  EXPECT_EQ(log.finish("run", 1).remarks,
            rank_here() == 0 ? host_name() + ": powercap: no counter found in /nowhere" : "");
}

}  // namespace
}  // namespace qhn
