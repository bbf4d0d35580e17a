// Which limit of a job's memory is the least, on made-up /proc and /sys trees.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <map>
#include <string>

#include "../record/temporary_folder.hpp"
#include "campaign/memory_limits.hpp"
#include "core/error.hpp"

namespace qhn {
namespace {

/// A node with 64 GiB free; nothing limits a job but what a test adds.
class Node {
 public:
  Node() { write("proc/meminfo", "MemTotal: 99 kB\nMemAvailable: 67108864 kB\n"); }
  void write(const std::string& path, const std::string& text) {
    std::filesystem::create_directories(std::filesystem::path(folder_ / path).parent_path());
    folder_.write(path, text);
  }
  std::map<std::string, std::string> environment;

  AvailableMemory survey() const {
    return survey_memory({folder_ / "", [this](const char* name) -> const char* {
                            const auto found = environment.find(name);
                            return found == environment.end() ? nullptr : found->second.c_str();
                          }});
  }

 private:
  TemporaryFolder folder_;
};

constexpr double gib = 1073741824.0;

void mount_version_2(Node& node, const std::string& top, const std::string& group) {
  node.write("proc/self/mountinfo",
             "22 1 0:21 / /proc rw - proc proc rw\n30 22 0:27 " + top +
                 " /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n");
  node.write("proc/self/cgroup", "0::" + group + "\n");
}

void mount_version_1(Node& node, const std::string& top, const std::string& group) {
  node.write("proc/self/mountinfo",
             "31 30 0:28 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct\n34 30 0:31 " +
                 top + " /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n");
  node.write("proc/self/cgroup", "5:cpu,cpuacct:/elsewhere\n4:memory:" + group + "\n0::/\n");
}

TEST(Memory, IsWhatTheNodeHasWhereNothingLimitsIt) {
  const AvailableMemory memory = Node().survey();
  EXPECT_EQ(memory.bytes, 64 * gib);
  EXPECT_EQ(memory.limit, "free memory of the node");
}

// What batch systems limit with ulimit is of every process.
TEST(Memory, IsWhatTheProcessMayMap) {
  Node node;
  const auto limits = [&](const std::string& space, const std::string& data) {
    node.write("proc/self/limits",
               "Limit                     Soft Limit           Hard Limit           Units\n"
               "Max data size             " +
                   data +
                   "            unlimited            bytes\n"
                   "Max address space         " +
                   space + "            unlimited            bytes\n");
  };
  node.write("proc/self/status", "VmPeak:\t 9 kB\nVmSize:\t 1048576 kB\nVmData:\t 524288 kB\n");
  limits("unlimited", "unlimited");
  EXPECT_EQ(node.survey().bytes, 64 * gib);
  limits("4294967296", "unlimited");
  EXPECT_EQ(node.survey().bytes, 3 * gib);
  EXPECT_EQ(node.survey().limit, "ulimit -v 4194304 of a process");
  limits("4294967296", "1073741824");
  EXPECT_EQ(node.survey().bytes, 0.5 * gib);
  node.environment["OMPI_COMM_WORLD_LOCAL_SIZE"] = "4";
  EXPECT_EQ(node.survey().bytes, 2 * gib);
  limits("1024", "unlimited");  // less than is in use
  EXPECT_EQ(node.survey().bytes, 0.0);
}

TEST(Memory, OfTheJobsOwnGroupOfVersion2) {
  Node node;
  mount_version_2(node, "/", "/system.slice/slurmstepd.scope/job_7/step_0/user/task_0");
  const std::string job = "sys/fs/cgroup/system.slice/slurmstepd.scope/job_7";
  node.write(job + "/step_0/user/task_0/memory.max", "max\n");
  node.write(job + "/memory.max", "4294967296\n");
  node.write(job + "/memory.current", "3221225472\n");
  node.write(job + "/memory.stat", "anon 5\nfile 9\ninactive_file 1073741824\nslab 3\n");
  const AvailableMemory memory = node.survey();
  EXPECT_EQ(memory.bytes, 2 * gib);  // 4 − (3 − 1): what can be dropped does not count
  EXPECT_EQ(memory.limit,
            "memory.max 4294967296 of control group /system.slice/slurmstepd.scope/job_7");
}

TEST(Memory, OfTheTightestGroupAboveTheJob) {
  Node node;
  mount_version_2(node, "/", "/a/b");
  node.write("sys/fs/cgroup/a/b/memory.max", "8589934592\n");
  node.write("sys/fs/cgroup/a/b/memory.current", "0\n");
  node.write("sys/fs/cgroup/a/memory.max", "9663676416\n");
  node.write("sys/fs/cgroup/a/memory.current", "8589934592\n");  // another job of the same group
  EXPECT_EQ(node.survey().bytes, gib);
  node.write("sys/fs/cgroup/memory.max", "5368709120\n");  // the topmost, as in a container
  node.write("sys/fs/cgroup/memory.current", "5368709119\n");
  EXPECT_EQ(node.survey().bytes, 1.0);
  EXPECT_EQ(node.survey().limit, "memory.max 5368709120 of control group /");
}

TEST(Memory, OfVersion1) {
  Node node;
  mount_version_1(node, "/", "/slurm/uid_0/job_7");
  const std::string top = "sys/fs/cgroup/memory";
  node.write(top + "/memory.limit_in_bytes", "9223372036854771712\n");  // none
  node.write(top + "/memory.usage_in_bytes", "68719476736\n");
  const std::string job = top + "/slurm/uid_0/job_7";
  node.write(job + "/memory.limit_in_bytes", "2147483648\n");
  node.write(job + "/memory.usage_in_bytes", "1610612736\n");
  node.write(job + "/memory.stat", "inactive_file 1\ntotal_inactive_file 536870912\n");
  EXPECT_EQ(node.survey().bytes, gib);
  EXPECT_EQ(node.survey().limit,
            "memory.limit_in_bytes 2147483648 of control group /slurm/uid_0/job_7");
}

TEST(Memory, OfAContainerThatSeesItsOwnGroupOnly) {
  for (const std::string group : {"/docker/abc", "/../.."}) {
    Node node;
    mount_version_1(node, "/docker/abc", group);
    node.write("sys/fs/cgroup/memory/memory.limit_in_bytes", "1073741824\n");
    node.write("sys/fs/cgroup/memory/memory.usage_in_bytes", "0\n");
    EXPECT_EQ(node.survey().bytes, gib) << group;
  }
}

TEST(Memory, OfSlurm) {
  Node node;
  node.environment = {{"SLURM_MEM_PER_NODE", "2048"}};
  EXPECT_EQ(node.survey().bytes, 64 * gib);  // no job
  node.environment["SLURM_JOB_ID"] = "7";
  EXPECT_EQ(node.survey().bytes, 2 * gib);
  EXPECT_EQ(node.survey().limit, "SLURM_MEM_PER_NODE=2048");
  node.environment["SLURM_MEM_PER_NODE"] = "0";  // all of the node
  EXPECT_EQ(node.survey().bytes, 64 * gib);
  node.environment = {
      {"SLURM_JOB_ID", "7"}, {"SLURM_MEM_PER_CPU", "512"}, {"SLURM_CPUS_ON_NODE", "6"}};
  EXPECT_EQ(node.survey().bytes, 3 * gib);
  node.environment = {
      {"SLURM_JOB_ID", "7"}, {"SLURM_MEM_PER_GPU", "1024"}, {"SLURM_GPUS_ON_NODE", "4"}};
  EXPECT_EQ(node.survey().bytes, 4 * gib);
  node.environment["SLURM_MEM_PER_GPU"] = "plenty";
  EXPECT_EQ(node.survey().bytes, 64 * gib);
}

}  // namespace
}  // namespace qhn
