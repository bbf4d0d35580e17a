#include <fmt/format.h>
#include <omp.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/health.hpp"
#include "cli/links.hpp"
#include "cli/verbs.hpp"
#include "comm/mpi_session.hpp"
#include "comm/processors.hpp"

namespace qhn {

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(RankFacts, rank, host, processors, cores, threads)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(NodeFacts, host, processors, cores, domains, quota, load, memory,
                                   available, shm_bytes, shm_free, container, single_copy, energy,
                                   energy_kept, fabrics)

namespace {

std::vector<int> my_processors() {
  const cpu_set_t set = allowed_processors();
  std::vector<int> list;
  for (int p = 0; p < CPU_SETSIZE; ++p)
    if (CPU_ISSET(p, &set)) list.push_back(p);
  return list;
}

// Processors of each thread that `qhn train` would start on this rank. The number of threads is
// OMP_NUM_THREADS, or the rank's share of the cores that the ranks of its node may use.
std::vector<std::vector<int>> thread_bindings(const Communicator& node) {
  const int threads = default_threads(share_of_cores(node));
  std::vector<std::vector<int>> bindings(static_cast<std::size_t>(threads));
#pragma omp parallel num_threads(threads)
  bindings[static_cast<std::size_t>(omp_get_thread_num())] = my_processors();
  return bindings;
}

// Returns on rank 0 the `mine` of all ranks that have one, in the order of ranks. Collective.
template <class T>
std::vector<T> gather(const MpiSession& session, const T& mine, bool has_one = true) {
  const std::string text =
      has_one ? nlohmann::json(mine).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)
              : "";
  std::vector<T> result;
  for (const std::string& part : session.world().gather(text))
    if (!part.empty()) result.push_back(nlohmann::json::parse(part).get<T>());
  return result;
}

LinkFacts survey_link(const MpiSession& session, int other, bool same_node) {
  constexpr std::size_t large = 4 << 20;
  LinkFacts link{other, same_node, 0.0, 0.0};
  link.microseconds = 1e6 * message_seconds(session.world(), other, 8, 200);
  link.gigabytes = 1e-9 * large / message_seconds(session.world(), other, large, 5);
  MPI_Barrier(session.world());
  return link;
}

// Slurm is installed and responds, but this process is not part of a job.
bool is_login_node() {
  return std::getenv("SLURM_JOB_ID") == nullptr &&
         std::system(
             "command -v salloc >/dev/null && timeout 5 sinfo --noheader >/dev/null 2>&1") == 0;
}

void tell(const RunFacts& facts, const std::vector<Finding>& findings) {
  fmt::print("{}", describe(facts));
  if (findings.empty()) fmt::print("Nothing to change.\n");
  for (const Finding& finding : findings)
    fmt::print("\nchange: {}\n    {}\n", finding.what, finding.line);
}

// Facts of this process alone, without MPI, which could not start.
RunFacts survey_alone(const std::string& folder, NodeFacts node) {
  RunFacts facts;
  node.host = host_name();
  facts.mpi = "not started";
  facts.ranks = {
      {0, node.host, my_processors(), count_cores(allowed_processors()), thread_bindings({})}};
  facts.nodes = {std::move(node)};
  facts.folder = survey_folder(folder);
  return facts;
}

RunFacts survey(MpiSession& session, const std::string& folder, NodeFacts node) {
  const Communicator shared = session.world().node();
  RunFacts facts;
  facts.mpi = mpi_version();
  node.host = host_name();
  const RankFacts mine{session.rank(), node.host, my_processors(),
                       count_cores(allowed_processors()), thread_bindings(shared)};
  facts.ranks = gather(session, mine);
  facts.nodes = gather(session, node, shared.rank() == 0);

  const std::vector<int> node_of = session.world().nodes();
  // One partner on rank 0's node and one on another node, if there are any.
  for (const bool same_node : {true, false}) {
    const int other = link_partners(node_of, same_node)[0];
    if (other >= 0) facts.links.push_back(survey_link(session, other, same_node));
  }
  if (session.rank() == 0) {
    facts.folder = survey_folder(folder);
    facts.login_node = is_login_node();
  }
  return facts;
}

void run_doctor(const std::string& folder) {
  const Environment environment = [](const char* name) -> const char* { return std::getenv(name); };
  // Before MPI starts: this forks, and the load measured must be that of other processes.
  NodeFacts node = survey_node_facts();
  node.single_copy = why_no_single_copy();
  const std::vector<Finding> mismatch = diagnose_launcher(environment);
  if (!mismatch.empty()) {
    const char* task = environment("SLURM_PROCID");
    if (task != nullptr && std::string(task) != "0") return;
    const RunFacts facts = survey_alone(folder, std::move(node));
    std::vector<Finding> findings = diagnose(facts, [&](const char* name) {
      return std::string(name) == "SLURM_STEP_NUM_TASKS" ? nullptr : environment(name);
    });
    findings.insert(findings.begin(), mismatch.begin(), mismatch.end());
    tell(facts, findings);
    return;
  }
  MpiSession session;
  const RunFacts facts = survey(session, folder, std::move(node));
  if (session.rank() == 0) tell(facts, diagnose(facts, environment));
}

}  // namespace

void add_doctor(CLI::App& app) {
  auto folder = std::make_shared<std::string>("results");
  CLI::App* verb = app.add_subcommand("doctor",
                                      "Check cores, memory, network and folders of this machine or "
                                      "allocation, and suggest changes");
  verb->add_option("--out", *folder, "Folder for results, to be checked")->capture_default_str();
  verb->footer(
      "Start it like qhn train, with the same launcher and number of ranks.\n"
      "Examples:\n  qhn doctor\n  mpirun -n 4 qhn doctor\n"
      "  srun --mpi=pmix --ntasks=4 qhn doctor --out /scratch/campaign");
  verb->callback([folder] { run_doctor(*folder); });
}

}  // namespace qhn
