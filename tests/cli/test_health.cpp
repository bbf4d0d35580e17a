#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>

#include "../record/temporary_folder.hpp"
#include "cli/health.hpp"
#include "cli/thread_environment.hpp"
#include "core/error.hpp"

namespace qhn {
namespace {

using Variables = std::map<std::string, std::string>;

// All findings and their lines, one a line.
std::string findings(const RunFacts& facts, const Variables& variables = {}) {
  std::string text;
  for (const Finding& f : diagnose(facts, [&](const char* name) -> const char* {
         const auto found = variables.find(name);
         return found == variables.end() ? nullptr : found->second.c_str();
       }))
    text += f.what + " -> " + f.line + "\n";
  return text;
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// A node of four cores with two ranks of two threads each, as it should be.
RunFacts healthy() {
  RunFacts facts;
  facts.mpi = "Open MPI v4.1.4";
  facts.ranks = {{0, "n1", {0, 1}, 2, {{0}, {1}}}, {1, "n1", {2, 3}, 2, {{2}, {3}}}};
  NodeFacts node;
  node.host = "n1";
  node.processors = {0, 1, 2, 3};
  node.cores = 4;
  node.memory = node.available = node.shm_bytes = node.shm_free = 64e9;
  facts.nodes = {node};
  facts.links = {{1, true, 0.5, 8.0}};
  facts.folder = {"/scratch", "lustre", 1e12, ""};
  return facts;
}

TEST(Health, NothingIsFoundWhereNothingIsWrong) { EXPECT_EQ(findings(healthy()), ""); }

TEST(Health, ThreadsOnOneCore) {
  RunFacts facts = healthy();
  facts.ranks[1] = {1, "n1", {2}, 1, {{2}, {2}}};
  const std::string text = findings(facts);
  EXPECT_TRUE(has(text,
                  "rank 1 on n1: 2 threads on 1 core (processors 2) -> mpirun -n 2 --map-by "
                  "slot:PE=2"))
      << text;
  EXPECT_TRUE(has(text, "1 of 4 processors are used by no rank (in use: 0-2)")) << text;
  // Inside a job the rest of the node may be somebody else's, and srun is what binds.
  const std::string job = findings(facts, {{"SLURM_JOB_ID", "7"}, {"SLURM_CPUS_ON_NODE", "3"}});
  EXPECT_TRUE(has(job, "SRUN_CPUS_PER_TASK=2")) << job;
  EXPECT_FALSE(has(job, "used by no rank")) << job;
  EXPECT_TRUE(has(findings(facts, {{"SLURM_JOB_ID", "7"}, {"SLURM_CPUS_ON_NODE", "4"}}),
                  "used by no rank"));
}

TEST(Health, Oversubscription) {
  RunFacts facts = healthy();
  facts.ranks[0].threads.resize(5, {0});
  EXPECT_TRUE(has(findings(facts), "7 threads of 2 ranks on 4 cores -> export OMP_NUM_THREADS=2"));
  facts = healthy();
  facts.nodes[0].quota = 1.5;
  EXPECT_TRUE(has(findings(facts), "1.5 processors to 4 threads -> export OMP_NUM_THREADS=1"));
  facts = healthy();
  facts.nodes[0].load = 3.5;
  EXPECT_TRUE(has(findings(facts), "3.5 processes were running on 4 cores"));
}

TEST(Health, MemoryShmAndSingleCopy) {
  RunFacts facts = healthy();
  facts.nodes[0].available = 0.5e9;
  facts.nodes[0].shm_free = 64e6;
  facts.nodes[0].container = true;
  facts.nodes[0].single_copy = "Operation not permitted";
  const std::string text = findings(facts);
  EXPECT_TRUE(has(text, "0.5 GiB of memory for 2 ranks")) << text;
  EXPECT_TRUE(has(text, "--shm-size")) << text;
  const std::string line = "export OMPI_MCA_btl_vader_single_copy_mechanism=none";
  EXPECT_TRUE(has(text, line)) << text;
  EXPECT_FALSE(has(findings(facts, {{"OMPI_MCA_btl_vader_single_copy_mechanism", "none"}}), line));
  facts.mpi = "MPICH Version: 4.0.2";
  EXPECT_FALSE(has(findings(facts), line));
}

TEST(Health, LaunchersTransportsAndLoginNodes) {
  RunFacts facts = healthy();
  EXPECT_TRUE(has(findings(facts, {{"PMI_SIZE", "4"}}), "different MPI libraries"));
  facts.login_node = true;
  EXPECT_TRUE(has(findings(facts), "-> salloc --nodes=1"));
  facts = healthy();
  facts.links = {{1, false, 40.0, 1.0}};
  EXPECT_EQ(findings(facts), "");  // Ethernet is all there is
  facts.nodes[0].fabrics = {"mlx5_0"};
  EXPECT_TRUE(has(findings(facts), "although there is mlx5_0"));

  const auto launcher = [](const Variables& variables) {
    return diagnose_launcher([&](const char* name) -> const char* {
             const auto found = variables.find(name);
             return found == variables.end() ? nullptr : found->second.c_str();
           })
        .size();
  };
  EXPECT_EQ(launcher({{"SLURM_STEP_NUM_TASKS", "4"}}), 1);
  EXPECT_EQ(launcher({{"SLURM_STEP_NUM_TASKS", "1"}}), 0);
  EXPECT_EQ(launcher({{"SLURM_STEP_NUM_TASKS", "4"}, {"PMIX_NAMESPACE", "x"}}), 0);
  EXPECT_EQ(launcher({{"SLURM_STEP_NUM_TASKS", "2"}, {"OMPI_COMM_WORLD_SIZE", "8"}}), 0);
}

TEST(Health, Folders) {
  RunFacts facts = healthy();
  facts.folder.type = "tmpfs";
  EXPECT_TRUE(has(findings(facts), "tmpfs, whose files are lost when"));
  facts.folder = {"/full", "ext4", 1e6, ""};
  EXPECT_TRUE(has(findings(facts), "-> df -h /full"));
  facts.folder = {"/locked", "ext4", 1e12, "Permission denied"};
  EXPECT_TRUE(has(findings(facts), "/locked: cannot be written to (Permission denied)"));

  const TemporaryFolder folder;
  const FolderFacts facts_here = survey_folder(folder / "not/there/yet");
  EXPECT_TRUE(std::filesystem::equivalent(facts_here.path, folder / ""));
  EXPECT_EQ(facts_here.refusal, "");
  EXPECT_GT(facts_here.free, 0.0);
  EXPECT_TRUE(std::filesystem::is_empty(folder / ""));  // the probe is gone
  EXPECT_NE(survey_folder("/proc/nowhere").refusal, "");
  EXPECT_EQ(file_system_name(0x0BD00BD0), "lustre");
  EXPECT_EQ(file_system_name(0x1234), "type 0x1234");
}

void write(const std::string& path, const std::string& text) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  std::ofstream(path) << text;
}

TEST(Health, ReadsANodeFromItsFiles) {
  const TemporaryFolder root;
  write(root / "sys/class/powercap/intel-rapl:0/energy_uj", "12345\n");
  write(root / "sys/class/powercap/intel-rapl:1/energy_uj", "");  // as if kept: gives nothing
  write(root / "sys/class/powercap/dtpm/energy_uj", "1\n");
  write(root / "sys/cray/pm_counters/energy", "77 J 5 us\n");
  write(root / "sys/class/infiniband/mlx5_0", "");
  write(root / "sys/fs/cgroup/cpu.max", "150000 100000\n");
  write(root / "proc/loadavg", "2.50 1.0 1.0 1/100 42\n");
  write(root / "proc/meminfo", "MemTotal:   2048 kB\n");
  write(root / ".dockerenv", "");
  const NodeFacts node = survey_node_facts(root / "");
  EXPECT_EQ(node.energy, (std::vector<std::string>{"/sys/class/powercap/intel-rapl:0/energy_uj",
                                                   "/sys/cray/pm_counters/energy"}));
  EXPECT_EQ(node.energy_kept,
            std::vector<std::string>{"/sys/class/powercap/intel-rapl:1/energy_uj"});
  EXPECT_EQ(node.fabrics, std::vector<std::string>{"mlx5_0"});
  EXPECT_EQ(node.quota, 1.5);
  EXPECT_EQ(node.load, 2.5);
  EXPECT_EQ(node.memory, 2048.0 * 1024);
  EXPECT_TRUE(node.container);
  EXPECT_GE(node.cores, 1);
  EXPECT_FALSE(node.processors.empty());

  const TemporaryFolder bare;
  const NodeFacts nothing = survey_node_facts(bare / "");
  EXPECT_TRUE(nothing.energy.empty() && nothing.energy_kept.empty() && nothing.fabrics.empty());
  EXPECT_EQ(nothing.quota, 0.0);
  EXPECT_FALSE(nothing.container);
}

TEST(Health, ListsProcessors) {
  EXPECT_EQ(list_of({}), "");
  EXPECT_EQ(list_of({3}), "3");
  EXPECT_EQ(list_of({0, 1, 2, 8, 10, 11}), "0-2,8,10-11");
}

TEST(Health, DescribesEveryRankAndThread) {
  const std::string text = describe(healthy());
  for (const char* part : {"rank 0", "processors 2-3 (2 cores), 2 threads", "thread 1 on 3",
                           "Open MPI v4.1.4, 2 ranks", "0.5 us", "/scratch (lustre"})
    EXPECT_TRUE(has(text, part)) << part << " in\n" << text;
}

TEST(ThreadEnvironment, WhatOpenMPWouldMisreadIsRefused) {
  const auto check = [](const char* name, const char* value) {
    check_thread_environment([&](const char* asked) -> const char* {
      return std::string(asked) == name ? value : nullptr;
    });
  };
  for (const char* good : {"1", "4", " 8 ", "4096", "4,2", "4, 2 ,1", "+3", ""})
    EXPECT_NO_THROW(check("OMP_NUM_THREADS", good)) << good;
  for (const char* bad : {"0", "-1", "4097", "3000000000", "99999999999999999999", "two", "4,",
                          ",4", "4,,2", "4,0", "4;2", "1e3", "0x10", "4 2", " "})
    EXPECT_THROW(check("OMP_NUM_THREADS", bad), InputError) << bad;
  for (const char* good : {"1", "2147483647", ""})
    EXPECT_NO_THROW(check("OMP_THREAD_LIMIT", good)) << good;
  for (const char* bad : {"0", "-4", "none", "4,2", "2147483648"})
    EXPECT_THROW(check("OMP_THREAD_LIMIT", bad), InputError) << bad;
}

// Counters are closed because they give secrets away: no advice may open them to everybody.
TEST(Health, ClosedEnergyCountersAreOpenedToAGroupAtMost) {
  RunFacts facts = healthy();
  const std::string counter = "/sys/class/powercap/intel-rapl:0/energy_uj";
  facts.nodes[0].energy_kept = {counter};
  const std::string text = findings(facts);
  for (const char* word : {"CVE-2020-8694", "group", "daemon", "Slurm", "EAR"})
    EXPECT_TRUE(has(text, word)) << text;
  EXPECT_TRUE(has(text, "chgrp energy " + counter + " && sudo chmod g+r " + counter)) << text;
  for (const char* open : {"a+r", "o+r", "+r", "444", "644"})
    EXPECT_FALSE(has(text, std::string("chmod ") + open)) << text;
}

}  // namespace
}  // namespace qhn
