#include "cli/health.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <hwloc.h>
#include <sys/statfs.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "campaign/memory.hpp"
#include "comm/launcher.hpp"
#include "core/error.hpp"

namespace qhn {
namespace fs = std::filesystem;
namespace {

constexpr double gib = 1024.0 * 1024.0 * 1024.0;

// Largest N whose cost table, 8 bytes for each of 2^N networks, fits.
int qubits_in(double bytes) { return bytes < 8 ? 0 : static_cast<int>(std::log2(bytes / 8)); }

std::string first_line(const std::string& path) {
  std::string line;
  std::getline(std::ifstream(path) >> std::ws, line);
  return line;
}

std::vector<std::string> entries(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error))
    names.push_back(entry.path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

void find_energy_counters(const std::string& root, NodeFacts& node) {
  std::vector<std::string> counters;
  for (const std::string& name : entries(root + "/sys/class/powercap"))
    if (name.starts_with("intel-rapl:"))
      counters.push_back("/sys/class/powercap/" + name + "/energy_uj");
  counters.emplace_back("/sys/cray/pm_counters/energy");
  for (const std::string& counter : counters) {
    if (!fs::exists(root + counter)) continue;
    (first_line(root + counter).empty() ? node.energy_kept : node.energy).push_back(counter);
  }
}

// Cores, NUMA domains and processors that the cpuset allows.
void find_cores(NodeFacts& node) {
  hwloc_topology_t topology = nullptr;
  if (hwloc_topology_init(&topology) != 0) throw RunError("hwloc cannot start");
  if (hwloc_topology_load(topology) == 0) {
    node.cores = std::max(1, hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_CORE));
    node.domains = std::max(1, hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_NUMANODE));
    const hwloc_const_cpuset_t set = hwloc_topology_get_allowed_cpuset(topology);
    for (int p = hwloc_bitmap_first(set); p >= 0; p = hwloc_bitmap_next(set, p))
      node.processors.push_back(p);
  }
  hwloc_topology_destroy(topology);
}

std::string in_gib(double bytes) { return fmt::format("{:.1f} GiB", bytes / gib); }

const NodeFacts* node_of(const RunFacts& facts, const std::string& host) {
  for (const NodeFacts& node : facts.nodes)
    if (node.host == host) return &node;
  return nullptr;
}

}  // namespace

std::string list_of(const std::vector<int>& processors) {
  std::string list;
  for (std::size_t i = 0; i < processors.size();) {
    std::size_t last = i;
    while (last + 1 < processors.size() && processors[last + 1] == processors[last] + 1) ++last;
    list += fmt::format("{}{}", list.empty() ? "" : ",", processors[i]);
    if (last > i) list += fmt::format("-{}", processors[last]);
    i = last + 1;
  }
  return list;
}

std::string file_system_name(long type) {
  static const std::map<long, const char*> names = {
      {0xEF53, "ext4"},      {0x58465342, "xfs"},     {0x9123683E, "btrfs"}, {0x01021994, "tmpfs"},
      {0x858458F6, "ramfs"}, {0x794C7630, "overlay"}, {0x6969, "nfs"},       {0x0BD00BD0, "lustre"},
      {0x47504653, "gpfs"},  {0x19830326, "beegfs"},  {0x00C36400, "ceph"},  {0x65735546, "fuse"},
      {0x2FC12FC1, "zfs"},   {0xFF534D42, "cifs"},    {0x01021997, "9p"},    {0xAAD7AAEA, "panfs"},
      {0x20030528, "pvfs2"}};
  const auto found = names.find(type);
  return found == names.end() ? fmt::format("type {:#x}", type) : found->second;
}

std::string why_no_single_copy() {
  // The child reads its parent: as between ranks, the process read is no descendant of the reader.
  int value = 17;
  const pid_t parent = ::getpid(), child = ::fork();
  if (child < 0) return fmt::format("fork: {}", std::strerror(errno));
  if (child == 0) {
    int copy = 0;
    iovec here{&copy, sizeof copy}, there{&value, sizeof value};
    const bool read = ::process_vm_readv(parent, &here, 1, &there, 1, 0) == sizeof copy;
    ::_exit(read ? 0 : errno);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  const int code = WIFEXITED(status) ? WEXITSTATUS(status) : EPERM;
  return code == 0 ? "" : std::strerror(code);
}

NodeFacts survey_node_facts(const std::string& root) {
  NodeFacts node;
  find_cores(node);
  std::string quota;
  double period = 0.0;
  std::ifstream(root + "/sys/fs/cgroup/cpu.max") >> quota >> period;
  if (period > 0 && quota != "max") node.quota = std::stod(quota) / period;
  std::ifstream(root + "/proc/loadavg") >> node.load;
  std::ifstream memory(root + "/proc/meminfo");
  std::string key;
  if (memory >> key >> node.memory) node.memory *= 1024;
  node.available = available_memory();
  struct statfs shm {};
  if (::statfs((root + "/dev/shm").c_str(), &shm) == 0) {
    node.shm_bytes = static_cast<double>(shm.f_blocks) * static_cast<double>(shm.f_bsize);
    node.shm_free = static_cast<double>(shm.f_bavail) * static_cast<double>(shm.f_bsize);
  }
  node.container = fs::exists(root + "/.dockerenv") || fs::exists(root + "/run/.containerenv") ||
                   fs::exists(root + "/.singularity.d");
  find_energy_counters(root, node);
  node.fabrics = entries(root + "/sys/class/infiniband");
  return node;
}

FolderFacts survey_folder(const std::string& path) {
  FolderFacts folder;
  std::error_code error;
  fs::path place = fs::absolute(path, error);
  while (!fs::exists(place, error) && place.has_relative_path()) place = place.parent_path();
  folder.path = place.string();
  struct statfs info {};
  if (::statfs(place.c_str(), &info) != 0) {
    folder.refusal = std::strerror(errno);
    return folder;
  }
  folder.type = file_system_name(static_cast<long>(info.f_type));
  folder.free = static_cast<double>(info.f_bavail) * static_cast<double>(info.f_bsize);
  std::string probe = (place / ".qhn-doctor-XXXXXX").string();
  const int fd = ::mkostemp(probe.data(), O_CLOEXEC);
  if (fd < 0) {
    folder.refusal = std::strerror(errno);
    return folder;
  }
  if (::write(fd, "\n", 1) != 1) folder.refusal = std::strerror(errno);
  ::close(fd);
  ::unlink(probe.c_str());
  return folder;
}

std::vector<Finding> diagnose_launcher(const Environment& environment) {
  const char* tasks = environment("SLURM_STEP_NUM_TASKS");
  if (tasks == nullptr || std::atoi(tasks) < 2) return {};
  for (const char* variable : {"PMIX_NAMESPACE", "PMI_RANK", "PMI_FD", "OMPI_COMM_WORLD_SIZE"})
    if (environment(variable) != nullptr) return {};
  return {{fmt::format("srun started {} tasks without a PMI that MPI can use: each task would run "
                       "alone, as rank 0 of 1 (srun --mpi=list shows the available kinds)",
                       tasks),
           fmt::format("srun --mpi=pmix --ntasks={} qhn doctor", tasks)}};
}

namespace {

// Collects findings, the most important first.
class Diagnosis {
 public:
  Diagnosis(const RunFacts& facts, const Environment& environment)
      : facts_(facts),
        environment_(environment),
        size_(static_cast<int>(facts.ranks.size())),
        job_(environment("SLURM_JOB_ID") != nullptr) {}

  std::vector<Finding> run() {
    check_launch();
    for (const NodeFacts& node : facts_.nodes) {
      check_threads(node);
      check_node(node);
    }
    check_links();
    check_folder(facts_.folder);
    return std::move(found_);
  }

 private:
  void add(std::string what, std::string line) {
    found_.push_back({std::move(what), std::move(line)});
  }

  int ranks_on(const NodeFacts& node) const {
    return static_cast<int>(
        std::count_if(facts_.ranks.begin(), facts_.ranks.end(),
                      [&](const RankFacts& rank) { return rank.host == node.host; }));
  }

  void check_launch() {
    try {
      refuse_lonely_rank(size_, environment_);
    } catch (const InputError& error) {
      add(error.what(),
          job_ ? fmt::format("srun --mpi=pmix --ntasks={} qhn doctor", launched_ranks(environment_))
               : "qhn --version");
    }
    if (facts_.login_node)
      add("this seems to be a login node (Slurm responds, but there is no job): use two cores at "
          "most",
          "salloc --nodes=1 --exclusive --time=00:30:00");
  }

  // What the ranks of a node compute with.
  void check_threads(const NodeFacts& node) {
    const int ranks = ranks_on(node);
    std::set<int> used;
    std::size_t threads = 0;
    for (const RankFacts& rank : facts_.ranks) {
      if (rank.host != node.host) continue;
      used.insert(rank.processors.begin(), rank.processors.end());
      threads += rank.threads.size();
      if (static_cast<int>(rank.threads.size()) > rank.cores)
        add(fmt::format("rank {} on {}: {} threads on {} core{} (processors {})", rank.rank,
                        rank.host, rank.threads.size(), rank.cores, rank.cores == 1 ? "" : "s",
                        list_of(rank.processors)),
            job_ ? fmt::format("export OMP_NUM_THREADS={0} SRUN_CPUS_PER_TASK={1}", rank.cores,
                               rank.threads.size())
                 : fmt::format("mpirun -n {} --map-by slot:PE={} qhn …", size_,
                               rank.threads.size()));
    }
    if (static_cast<int>(threads) > node.cores)
      add(fmt::format("{}: {} threads of {} ranks on {} cores", node.host, threads, ranks,
                      node.cores),
          fmt::format("export OMP_NUM_THREADS={}   # or at most {} ranks a node",
                      std::max(1, node.cores / std::max(1, ranks)), node.cores));
    if (node.quota > 0 && static_cast<double>(threads) > std::ceil(node.quota))
      add(fmt::format("{}: the control group grants {:.1f} processors to {} threads", node.host,
                      node.quota, threads),
          fmt::format("export OMP_NUM_THREADS={}",
                      std::max(1, static_cast<int>(node.quota) / std::max(1, ranks))));
    if (used.size() < node.processors.size() && !facts_.login_node) {
      const std::string what =
          fmt::format("{}: {} of {} processors are used by no rank (in use: {})", node.host,
                      node.processors.size() - used.size(), node.processors.size(),
                      list_of({used.begin(), used.end()}));
      const int each = std::max(1, node.cores / std::max(1, ranks));
      // The job may have requested only part of the node; then this is no problem.
      const char* mine = environment_("SLURM_CPUS_ON_NODE");
      if (!job_ || (mine != nullptr && static_cast<std::size_t>(std::atoi(mine)) > used.size()))
        add(what, job_ ? fmt::format("export SRUN_CPUS_PER_TASK={}", each)
                       : fmt::format("mpirun -n {} --map-by slot:PE={} qhn …   # or --bind-to none",
                                     size_, each));
    }
  }

  // Load, memory, messages and counters of a node.
  void check_node(const NodeFacts& node) {
    const int ranks = ranks_on(node);
    if (node.load > 0.5 * node.cores)
      add(fmt::format("{}: {:.1f} processes were running on {} cores in the last minute", node.host,
                      node.load, node.cores),
          "ps -eo user,pid,pcpu,comm --sort=-pcpu | head");
    if (node.available < 0.5 * gib * ranks)
      add(fmt::format("{}: only {} of memory for {} ranks", node.host, in_gib(node.available),
                      ranks),
          job_ ? "jobs/submit … --mem=0   # all memory of the node" : "free -h");
    if (node.shm_free < 0.25 * gib)
      add(fmt::format(
              "{}: only {} free in /dev/shm, which holds messages between ranks and the cost table",
              node.host, in_gib(node.shm_free)),
          node.container ? "docker run --shm-size=2g …" : "ls -l /dev/shm   # what fills it");
    const char* vader = environment_("OMPI_MCA_btl_vader_single_copy_mechanism");
    if (!node.single_copy.empty() && facts_.mpi.starts_with("Open MPI") &&
        (vader == nullptr || std::string(vader) != "none"))
      add(fmt::format("{}: ranks may not read each other's memory ({}){}", node.host,
                      node.single_copy, node.container ? ", as in many containers" : ""),
          "export OMPI_MCA_btl_vader_single_copy_mechanism=none   # Open MPI 5: "
          "OMPI_MCA_smsc=^cma,xpmem");
    // World-readable counters leak what other users compute, including keys.
    if (!node.energy_kept.empty())
      add(fmt::format(
              "{}: {} energy counter{} that only root can read: joules are modelled. Energy "
              "counters can reveal other users' secrets (CVE-2020-8694): never make them readable "
              "for everybody. Safe are a group of trusted users (below), a daemon that publishes "
              "averages, and the energy accounting of Slurm (AcctGatherEnergyType) or EAR",
              node.host, node.energy_kept.size(), node.energy_kept.size() == 1 ? "" : "s"),
          fmt::format(
              "sudo groupadd --system --force energy && sudo chgrp energy {0} && sudo chmod "
              "g+r {0}   # and: sudo usermod -aG energy USER; until the next boot",
              fmt::join(node.energy_kept, " ")));
  }

  void check_links() {
    for (const LinkFacts& link : facts_.links) {
      const NodeFacts* node = node_of(facts_, facts_.ranks.front().host);
      if (!link.same_node && link.microseconds > 15 && node != nullptr && !node->fabrics.empty())
        add(fmt::format("{:.0f} us between nodes although there is {}: MPI seems to use TCP",
                        link.microseconds, fmt::join(node->fabrics, ", ")),
            "export OMPI_MCA_pml=ucx   # Open MPI; ompi_info | grep ucx shows whether it is built "
            "in");
    }
  }

  void check_folder(const FolderFacts& folder) {
    if (!folder.refusal.empty())
      add(fmt::format("{}: cannot be written to ({})", folder.path, folder.refusal),
          "qhn doctor --out DIR   # another folder");
    else if (folder.type == "tmpfs" || folder.type == "ramfs" || folder.type == "overlay")
      add(fmt::format("{}: {}, whose files are lost when this {}", folder.path, folder.type,
                      folder.type == "overlay" ? "container ends" : "machine restarts"),
          "qhn train … --out DIR   # on a disk, or the cluster's scratch file system");
    if (folder.refusal.empty() && folder.free < gib)
      add(fmt::format("{}: only {} free", folder.path, in_gib(folder.free)),
          "df -h " + folder.path);
  }

  const RunFacts& facts_;
  const Environment& environment_;
  int size_;  // ranks
  bool job_;  // of Slurm
  std::vector<Finding> found_;
};

}  // namespace

std::vector<Finding> diagnose(const RunFacts& facts, const Environment& environment) {
  return Diagnosis(facts, environment).run();
}

std::string describe(const RunFacts& facts) {
  std::string text;
  const auto line = [&](const char* name, const std::string& value) {
    text += fmt::format("  {:<13} {}\n", name, value);
  };
  for (const NodeFacts& node : facts.nodes) {
    text += fmt::format("{}\n", node.host);
    line("cores", fmt::format("{} ({} processors, {} NUMA domain{}){}", node.cores,
                              node.processors.size(), node.domains, node.domains == 1 ? "" : "s",
                              node.quota > 0 ? fmt::format(", quota {:.1f}", node.quota) : ""));
    line("memory",
         fmt::format("{} available of {}: cost tables up to {} qubits", in_gib(node.available),
                     in_gib(node.memory), qubits_in(node.available)));
    line("/dev/shm", fmt::format("{} free of {}", in_gib(node.shm_free), in_gib(node.shm_bytes)));
    line("energy", !node.energy.empty() ? fmt::format("{}", fmt::join(node.energy, ", "))
                   : node.energy_kept.empty()
                       ? "no counters here: joules are modelled"
                       : fmt::format("not readable: {}", fmt::join(node.energy_kept, ", ")));
    line("single copy", node.single_copy.empty() ? "works" : node.single_copy);
    if (node.container) line("container", "yes");
    if (!node.fabrics.empty()) line("network", fmt::format("{}", fmt::join(node.fabrics, ", ")));
    for (const RankFacts& rank : facts.ranks) {
      if (rank.host != node.host) continue;
      line(fmt::format("rank {}", rank.rank).c_str(),
           fmt::format("processors {} ({} core{}), {} thread{}", list_of(rank.processors),
                       rank.cores, rank.cores == 1 ? "" : "s", rank.threads.size(),
                       rank.threads.size() == 1 ? "" : "s"));
      for (std::size_t t = 0; t < rank.threads.size(); ++t)
        if (rank.threads[t] != rank.processors)
          line("", fmt::format("thread {} on {}", t, list_of(rank.threads[t])));
    }
  }
  text += "run\n";
  line("MPI", fmt::format("{}, {} rank{}", facts.mpi, facts.ranks.size(),
                          facts.ranks.size() == 1 ? "" : "s"));
  for (const LinkFacts& link : facts.links)
    line("messages", fmt::format("rank 0 and {}, {}: {:.1f} us, {:.2f} GB/s", link.rank,
                                 link.same_node ? "same node" : "between nodes", link.microseconds,
                                 link.gigabytes));
  line("folder", fmt::format("{} ({}, {} free)", facts.folder.path, facts.folder.type,
                             in_gib(facts.folder.free)));
  return text;
}

}  // namespace qhn
