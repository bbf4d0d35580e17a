#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "core/error.hpp"
#include "record/claims.hpp"
#include "temporary_folder.hpp"

namespace qhn {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

const auto no_takeover = [](const ClaimState& c) { FAIL() << describe(c.holder); };

TEST(Claim, RefusesOverlappingRangesWithTheHolder) {
  const TemporaryFolder folder;
  ClaimHolder first = this_process({0, 100});
  first.host = "n17";
  first.job = "123_4";
  first.started = "2024-05-06T07:08:09Z";
  const Claim claim(folder / "", first, 60, no_takeover);
  const std::string message = message_of<InputError>([&] {
    const Claim overlapping(folder / "", this_process({99, 10}), 60, no_takeover);
  });
  for (const char* word : {"0 to 99", "n17", "123_4", "2024-05-06T07:08:09Z"})
    EXPECT_NE(message.find(word), std::string::npos) << message;
  const Claim beside(folder / "", this_process({100, 10}), 60, no_takeover);
  EXPECT_EQ(list_claims(folder / "", 60).size(), 2u);
}

TEST(Claim, EndsWithItsScope) {
  const TemporaryFolder folder;
  for (int turn = 0; turn < 3; ++turn)
    const Claim claim(folder / "", this_process({0, 100}), 60, no_takeover);
  EXPECT_TRUE(fs::is_empty(folder / "claims"));
}

/// A claim of a run on another machine: its process cannot be asked.
ClaimHolder far_away(IdRange ids) {
  ClaimHolder holder = this_process(ids);
  holder.host = "far";
  holder.machine = "another boot";
  return holder;
}

/// The files of `holder`'s claim, left behind without a heart.
void leave_behind(const TemporaryFolder& folder, const ClaimHolder& holder) {
  fs::create_directories(folder / "kept");
  {
    const Claim claim(folder / "", holder, 60, no_takeover);
    fs::copy(folder / "claims", folder / "kept");
  }
  fs::copy(folder / "kept", folder / "claims");
}

TEST(Claim, TakesOverWhatHasNoHeartbeat) {
  const TemporaryFolder folder;
  leave_behind(folder, far_away({0, 100}));
  // Fresh: it may be alive.
  EXPECT_THROW(Claim(folder / "", this_process({0, 10}), 60, no_takeover), InputError);
  std::this_thread::sleep_for(1200ms);
  std::vector<std::string> taken;
  const Claim claim(folder / "", this_process({0, 10}), 1.0,
                    [&](const ClaimState& c) { taken.push_back(c.holder.host); });
  EXPECT_EQ(taken, std::vector<std::string>{"far"});
  EXPECT_EQ(list_claims(folder / "", 60).size(), 1u);
}

// On the same machine a dead process needs no waiting for.
TEST(Claim, TakesOverFromADeadProcessAtOnce) {
  const TemporaryFolder folder;
  ClaimHolder dead = this_process({0, 100});
  dead.pid_started -= 1;  // another process had this pid
  leave_behind(folder, dead);
  int taken = 0;
  const Claim claim(folder / "", this_process({0, 10}), 60, [&](const ClaimState&) { ++taken; });
  EXPECT_EQ(taken, 1);
}

// Slurm is asked about jobs of other machines; only a clear answer counts.
TEST(Claim, TakesOverFromAJobThatSlurmSaysHasEnded) {
  const TemporaryFolder folder;
  ClaimHolder holder = far_away({0, 100});
  holder.job = "777_3";
  leave_behind(folder, holder);
  const std::string path = std::getenv("PATH");
  fs::create_directory(folder / "bin");
  ::setenv("PATH", (folder / "bin:" + path).c_str(), 1);
  const auto live_if_squeue = [&](const std::string& answers) {
    folder.write("bin/squeue", "#!/bin/sh\necho \"$*\" >\"$0.asked\"\n" + answers + "\n");
    fs::permissions(folder / "bin/squeue", fs::perms::owner_all);
    return list_claims(folder / "", 60).at(0).live;
  };
  EXPECT_TRUE(live_if_squeue("echo RUNNING"));
  EXPECT_TRUE(live_if_squeue("echo COMPLETING"));
  EXPECT_TRUE(live_if_squeue("echo 'Unable to contact slurm controller' >&2; exit 1"));
  EXPECT_FALSE(live_if_squeue("exit 0"));
  EXPECT_FALSE(
      live_if_squeue("echo 'slurm_load_jobs error: Invalid job id specified' >&2; exit 1"));
  std::string asked;
  std::getline(std::ifstream(folder / "bin/squeue.asked"), asked);
  EXPECT_NE(asked.find("-j 777_3"), std::string::npos) << asked;
  int taken = 0;
  const Claim claim(folder / "", this_process({0, 10}), 60, [&](const ClaimState&) { ++taken; });
  EXPECT_EQ(taken, 1);
  ::setenv("PATH", path.c_str(), 1);
}

// A claim is a file that others can write; its job goes into a shell's command line.
TEST(Claim, RunsNothingThatItsJobNames) {
  const std::string path = std::getenv("PATH");
  for (const char* job : {"1_$(touch X)", "1_`touch X`", "1_2;touch X", "1_2\ntouch X", "1;touch X",
                          "1_", "_1", "1_2_3", "1 -x", "$(touch X)"}) {
    const TemporaryFolder folder;
    fs::create_directory(folder / "bin");
    folder.write("bin/squeue", "#!/bin/sh\nexit 0\n");
    fs::permissions(folder / "bin/squeue", fs::perms::owner_all);
    ::setenv("PATH", (folder / "bin:" + path).c_str(), 1);
    ClaimHolder holder = far_away({0, 100});
    holder.job = job;
    if (const auto at = holder.job.find('X'); at != std::string::npos)
      holder.job.replace(at, 1, folder / "hacked");
    leave_behind(folder, holder);
    EXPECT_TRUE(list_claims(folder / "", 60).at(0).live) << job;  // Slurm said nothing of it
    EXPECT_FALSE(fs::exists(folder / "hacked")) << job;
    ::setenv("PATH", path.c_str(), 1);
  }
}

// Who counts as alive, with a fresh heartbeat, by what its claim says of its process and its job.
TEST(Claim, IsAliveByItsMachineItsJobAndItsRestart) {
  ::setenv("SLURM_JOB_ID", "900", 1);
  ::unsetenv("SLURM_ARRAY_JOB_ID");
  ::setenv("SLURM_RESTART_COUNT", "1", 1);
  const std::string path = std::getenv("PATH");
  ::setenv("PATH", "/nowhere", 1);  // no Slurm to ask
  const auto live = [](const std::function<void(ClaimHolder&)>& change) {
    const TemporaryFolder folder;
    ClaimHolder holder = this_process({0, 100});
    change(holder);
    leave_behind(folder, holder);
    return list_claims(folder / "", 60).at(0).live;
  };
  EXPECT_TRUE(live([](ClaimHolder&) {}));  // this process itself
  // The same machine: the process says it, whatever the job.
  EXPECT_FALSE(live([](ClaimHolder& h) { h.pid_started += 1; }));
  EXPECT_FALSE(live([](ClaimHolder& h) { h.pid = 1 << 30; }));
  EXPECT_TRUE(live([](ClaimHolder& h) { h.job = "another"; }));
  // Another node of the same job: nobody can look at its process. It lives, unless the job was
  // requeued since.
  const auto elsewhere = [](ClaimHolder& h) {
    h.machine = "another boot";
    h.host = "far";
    h.pid = 1 << 30;
  };
  EXPECT_TRUE(live(elsewhere));
  for (const char* restart : {"", "0", "2"})
    EXPECT_FALSE(live([&](ClaimHolder& h) {
      elsewhere(h);
      h.job_restart = restart;
    })) << restart;
  // Another job's, and none's: nothing is known, so it lives.
  for (const char* job : {"901", "900_1", ""})
    EXPECT_TRUE(live([&](ClaimHolder& h) {
      elsewhere(h);
      h.job = job;
      h.job_restart = "0";
    })) << job;
  // Where the kernel does not say which boot this is, two unknowns are not the same machine.
  EXPECT_TRUE(live([](ClaimHolder& h) {
    h.machine = "";
    h.pid = 1 << 30;
  }));
  // The same host after another boot, outside of jobs: only the heartbeat can tell.
  EXPECT_TRUE(live([](ClaimHolder& h) {
    h.machine = "another boot";
    h.job = "";
  }));
  ::setenv("PATH", path.c_str(), 1);
  ::unsetenv("SLURM_JOB_ID");
  ::unsetenv("SLURM_RESTART_COUNT");
}

// Whoever may write into the folder can put anything there: it is no claim, and nothing waits for
// it.
TEST(Claim, WhatIsNoneIsPassedOver) {
  const TemporaryFolder folder;
  fs::create_directories(folder / "claims");
  leave_behind(folder, far_away({0, 100}));
  const auto only = list_claims(folder / "", 60);
  ASSERT_EQ(only.size(), 1u);
  const fs::path claim = folder / ("claims/" + only[0].holder.run + ".claim");
  std::ifstream file(claim);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const auto with = [&](const std::string& first, const std::string& count) {
    std::string changed = text;
    changed.replace(changed.find(": 0"), 3, ": " + first);
    return changed.replace(changed.find(": 100"), 5, ": " + count);
  };
  int k = 0;
  for (const auto& [first, count] : {std::pair("-1", "1"),
                                     {"0", "1e300"},
                                     {"0", "-5"},
                                     {"0.5", "1"},
                                     {"\"0\"", "1"},
                                     {"18446744073709551615", "18446744073709551615"},
                                     {"9223372036854775808", "1"}})
    folder.write("claims/wrong" + std::to_string(++k) + ".claim", with(first, count));
  folder.write("claims/large.claim", text + std::string(1 << 20, ' '));
  ASSERT_EQ(::mkfifo((folder / "claims/fifo.claim").c_str(), 0600), 0);
  fs::create_symlink(claim, folder / "claims/link.claim");
  fs::create_directory(folder / "claims/folder.claim");
  EXPECT_EQ(list_claims(folder / "", 60).size(), 1u);
}

// A run that was ended between its claim and holding it is waited for, not without a word, and not
// by one that is told to end.
TEST(Claim, WaitsForOneThatIsNotHeldYetUntilToldToStop) {
  const TemporaryFolder folder;
  ClaimHolder other = far_away({0, 100});
  other.run = "zzzz";  // the later name: it would step back, were it alive
  leave_behind(folder, other);
  fs::remove(folder / "claims/zzzz.held");
  int waited = 0;
  struct Stop {};
  EXPECT_THROW(Claim(folder / "", this_process({0, 10}), 60, no_takeover,
                     [&](const ClaimState& state) {
                       EXPECT_EQ(state.holder.run, "zzzz");
                       if (++waited == 3) throw Stop{};
                     }),
               Stop);
  EXPECT_EQ(waited, 3);
  EXPECT_EQ(list_claims(folder / "", 60).size(), 1u) << "its own claim was left behind";
}

TEST(Claim, KeepsItselfAlive) {
  const TemporaryFolder folder;
  const Claim claim(folder / "", far_away({0, 100}), 1.0, no_takeover);
  std::this_thread::sleep_for(2s);
  EXPECT_TRUE(list_claims(folder / "", 1.0).at(0).live);
  claim.check();
  EXPECT_THROW(Claim(folder / "", this_process({0, 10}), 1.0, no_takeover), InputError);
}

TEST(Claim, NoticesThatItWasTakenOver) {
  const TemporaryFolder folder;
  const Claim claim(folder / "", this_process({0, 100}), 1.0, no_takeover);
  for (const auto& file : fs::directory_iterator(folder / "claims")) fs::remove(file);
  std::this_thread::sleep_for(500ms);
  EXPECT_THROW(claim.check(), RunError);
}

// Many at once, ranges overlapping in a chain: whoever holds overlaps with nobody who holds, and
// everybody else was refused.
TEST(Claim, OfManyThatOverlapNoTwoHold) {
  for (int round = 0; round < 5; ++round) {
    const TemporaryFolder folder;
    std::mutex mutex;
    std::vector<std::pair<IdRange, std::unique_ptr<Claim>>> held;
    std::atomic<int> refused = 0;
    std::vector<std::thread> threads;
    for (std::uint64_t t = 0; t < 8; ++t)
      threads.emplace_back([&, t] {
        const IdRange ids{t % 4 * 10, 15};
        try {
          auto claim = std::make_unique<Claim>(folder / "", this_process(ids), 60, no_takeover);
          const std::lock_guard lock(mutex);
          held.emplace_back(ids, std::move(claim));
        } catch (const InputError&) {
          ++refused;
        }
      });
    for (std::thread& thread : threads) thread.join();
    EXPECT_GE(held.size(), 1u);
    EXPECT_EQ(held.size() + static_cast<std::size_t>(refused), 8u);
    for (std::size_t a = 0; a < held.size(); ++a)
      for (std::size_t b = 0; b < a; ++b) EXPECT_FALSE(held[a].first.overlaps(held[b].first));
  }
}

}  // namespace
}  // namespace qhn
