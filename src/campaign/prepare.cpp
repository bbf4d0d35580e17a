// What happens before any work: input is read and validated, restarts are claimed, memory and
// threads are planned.
#include <fmt/format.h>
#include <omp.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <thread>
#include <vector>

#include "campaign/campaign_run.hpp"
#include "campaign/memory.hpp"
#include "campaign/node_memory.hpp"
#include "campaign/same_input.hpp"
#include "campaign/signals.hpp"
#include "campaign/slice.hpp"
#include "comm/processors.hpp"
#include "core/error.hpp"
#include "core/sha256.hpp"
#include "core/simd.hpp"
#include "problem/data.hpp"
#include "record/identity.hpp"

namespace qhn {
namespace {

namespace fs = std::filesystem;

/// Ranks and processors of one node.
struct Node {
  int ranks = 1;
  int threads = 1;     ///< this rank's cores, shared fairly where ranks overlap
  double cache = 0.0;  ///< last_level_cache() of all ranks' processors
};

// Collective over `world`.
Node survey_node(const Communicator& world) {
  const Communicator node = world.node();
  return {node.size(), share_of_cores(node), last_level_cache(processors_of(node))};
}

// The hosts of all ranks, each once, on rank 0. Collective over `world`.
std::vector<std::string> host_names(const Communicator& world) {
  std::vector<std::string> names;
  for (const std::string& host : world.gather(host_name()))
    if (std::find(names.begin(), names.end(), host) == names.end()) names.push_back(host);
  return names;
}

// Sets the SIMD level of all ranks to `asked` or, if empty, to that of rank 0. Collective.
void agree_on_simd(MpiSession& session, const std::string& asked) {
  int level = 0;
  session.agree([&] {
    if (!asked.empty()) force_simd_level(parse_simd_level(asked));
    level = static_cast<int>(simd_level());
  });
  MPI_Bcast(&level, 1, MPI_INT, 0, session.world());
  session.agree([&] { force_simd_level(static_cast<SimdLevel>(level)); });
}

// Reads the experiment and checks that all ranks have read the same as rank 0: local copies and
// working folders may differ between nodes.
void read_alike(CampaignRun& r) {
  const std::vector<std::string> changes = overrides_of(r.options);
  std::vector<Given> mine;
  r.session.agree([&] {
    require_readable(r.options.experiment, r.session.size());
    r.experiment = r.work->read(r.options.experiment, changes);
    r.slice = asked_slice(r.options, r.experiment);
    r.folder_path =
        r.options.out.empty() ? fs::path("results") / r.experiment.name : fs::path(r.options.out);
    if (r.session.size() == 1) return;
    mine = given_experiment(r.experiment, r.options.experiment, changes);
    mine.push_back(given_place("the folder of the campaign", r.folder_path.string()));
  });
  require_same(r.session, mine);
}

// The least memory of all ranks, and the engine in rank 0's folder. Collective.
EngineTerms engine_terms(const CampaignRun& r, const Node& node) {
  EngineTerms terms;
  terms.engine_memory =
      memory_for_engine(r.available, node.ranks, r.problem->bits(),
                        execution_request(r.experiment, r.options.ranks_per_state));
  MPI_Allreduce(MPI_IN_PLACE, &terms.engine_memory, 1, MPI_DOUBLE, MPI_MIN, r.session.world());
  if (r.before()) terms.begun_with = r.before()->provenance.engine;
  r.session.world().broadcast(terms.begun_with);
  return terms;
}

void describe_run(CampaignRun& r) {
  r.provenance = collect_provenance();
  r.provenance.mpi = mpi_version();
  r.provenance.ranks = r.session.size();
  r.provenance.threads = r.threads;
  r.provenance.engine = r.work->engine();
  r.provenance.precision = to_string(r.experiment.precision);
  r.provenance.seed = r.experiment.restart_seed;
  r.provenance.data_sha256 = r.data_sha256;
}

/// What makes this campaign the same as another.
std::string identity(const CampaignRun& r) {
  const ProblemKind kind = r.experiment.problem.kind;
  const bool test_file = kind == ProblemKind::csv || kind == ProblemKind::images;
  const DataSplit* data = r.problem->data();
  return campaign_identity(
      r.work->toml(), r.provenance.data_sha256,
      test_file && data && !data->test.labels.empty() ? sha256(data->test) : std::string(),
      r.provenance.simd, r.provenance.engine);
}

void plan(CampaignRun& r, const Node& node) {
  r.workers = r.work->assign_threads(
      {r.threads, r.session.size(), node.ranks, node.cache, r.available}, r.missing);
  r.need = r.work->memory(r.workers * node.ranks);
  require_memory(r.options.experiment, r.need, r.available,
                 [&] { return r.work->remedies(r.available); });
  r.provenance.plan = r.work->plan();
  if (r.is_root() && !r.work->remark().empty() && r.point.empty())
    spdlog::info("{}", r.work->remark());
}

// The problem, of an earlier point or from its files. Collective.
void take_problem(CampaignRun& r) {
  // A point that is scored needs a test table too, which that of another point may lack.
  r.problem_key = to_problem_toml(r.experiment) + (r.work->scores() ? "scored" : "");
  if (r.tables && r.tables->contains(r.problem_key)) r.shared = r.tables->at(r.problem_key);
  if (r.shared.problem) {
    r.problem = r.shared.problem;
    r.data_sha256 = r.shared.data_sha256;
  } else {
    r.problem = load_problem(r.session, r.experiment.problem, r.data_sha256);
  }
}

void elect_writer(CampaignRun& r) {
  const int rank = r.crew().rank();
  const int each = std::max(1, r.options.ranks_per_writer / r.options.ranks_per_state);
  r.writer = r.options.ranks_per_writer > 0 ? rank / each * each : r.crew().first_on_node();
  r.writes = r.writer == rank;
}

// Checks that all writers see rank 0's folder: journals in a folder of the same name on a node's
// own disk would be lost. Writers look for the claim that rank 0 has just made, for up to 10 s,
// as a network file system may show it late.
void require_common_folder(CampaignRun& r) {
  r.session.world().broadcast(r.run);
  r.session.agree([&] {
    if (!r.writes || r.is_root()) return;
    const std::string folder = r.folder_path.string();
    const auto is_seen = [&] {
      const auto claims = list_claims(folder, r.options.stale);
      return std::any_of(claims.begin(), claims.end(),
                         [&](const ClaimState& c) { return c.holder.run == r.run; });
    };
    const double began = MPI_Wtime();
    while (!is_seen()) {
      if (MPI_Wtime() - began > 10.0)
        throw InputError(
            fmt::format("on {}: {}: is not the folder that rank 0 writes to; allowed: --out DIR "
                        "with a folder that all nodes share",
                        host_name(), r.folder_path.string()));
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
  });
}

}  // namespace

std::vector<std::string> overrides_of(const CampaignOptions& options) {
  std::vector<std::string> all = options.overrides;
  if (options.restarts == 0)
    throw InputError("--restarts: found 0; allowed: an integer of at least 1");
  if (options.restarts) all.push_back(fmt::format("restarts.count={}", *options.restarts));
  if (options.seed) all.push_back(fmt::format("restarts.seed={}", *options.seed));
  return all;
}

IdRange asked_slice(const CampaignOptions& options, const Experiment& experiment) {
  if (experiment.rule.active() && !(options.ids.empty() && options.array_task.empty()))
    throw InputError(
        "--ids and --array-task divide a fixed number of restarts; allowed: restarts.count "
        "instead of restarts.halfwidth and .relative_tts");
  return slice_of(options.ids, options.array_task, experiment.restart_count);
}

void prepare(CampaignRun& r) {
  const Node node = survey_node(r.session.world());
  read_alike(r);
  r.session.agree([&] {
    if (r.is_root()) r.folder.emplace(r.folder_path, r.options.stale);
    const ProblemOptions& problem = r.experiment.problem;
    const double available = available_memory();
    require_memory_for_data(r.options.experiment, problem, available);
    if (const int bits = problem.kind == ProblemKind::csv ? 0 : network_bits(problem); bits > 0)
      require_memory(r.options.experiment, r.work->least_memory(bits), available);
    r.threads = r.options.threads > 0 ? r.options.threads : default_threads(node.threads);
    if (r.threads > omp_get_thread_limit())
      throw InputError(fmt::format("--threads {}: OpenMP allows {} (OMP_THREAD_LIMIT)", r.threads,
                                   omp_get_thread_limit()));
  });
  agree_on_simd(r.session, r.options.simd);
  take_problem(r);
  r.session.agree([&] {
    r.available = r.memory > 0.0 ? r.memory : available_memory();
    if (r.is_root()) r.folder->read_header();
  });
  const EngineTerms terms = engine_terms(r, node);
  r.session.agree([&] {
    r.work->prepare(r.problem, terms);
    if (r.is_root() && !r.shared.problem) print_remarks(*r.problem);
    r.summary.qubits = r.problem->bits();
    r.summary.samples = r.problem->train_samples();
    describe_run(r);
    if (!r.is_root()) return;
    r.gave_up = !r.folder->take_up(identity(r), r.experiment, r.slice, interrupted);
    r.missing = r.folder->missing_count();
    r.run = r.folder->self().run;
    // Open an existing file now: it may be a FIFO without a reader. A new file is created later.
    std::error_code ignored;
    if (r.missing > 0 && fs::exists(r.options.announce, ignored))
      r.announcements.emplace(r.options.announce, r.point);
  });
  MPI_Bcast(&r.missing, 1, MPI_UINT64_T, 0, r.session.world());
  if (r.missing == 0) return;
  r.session.agree([&] { plan(r, node); });
  if (r.leads()) elect_writer(r);
  require_common_folder(r);
  omp_set_num_threads(r.threads);
  if (r.is_root() && r.threads > node.threads && r.point.empty())
    spdlog::warn("each rank runs {} threads on {} core{}", r.threads, node.threads,
                 node.threads == 1 ? "" : "s");
  r.provenance.hosts = host_names(r.session.world());
}

std::unique_ptr<EnergyLog> make_energy_log(const CampaignRun& r) {
  EnergyOptions options = r.experiment.energy;
  options.meter.slurm = r.options.sstat;
  return std::make_unique<EnergyLog>(
      r.session.world(), r.session.rank() == r.session.world().first_on_node(), options);
}

}  // namespace qhn
