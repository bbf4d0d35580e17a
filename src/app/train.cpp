#include <fmt/format.h>
#include <omp.h>
#include <spdlog/spdlog.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>

#include "app/experiment.hpp"
#include "app/machine.hpp"
#include "app/mpi_session.hpp"
#include "app/progress.hpp"
#include "app/stats.hpp"
#include "app/verbs.hpp"
#include "core/error.hpp"
#include "core/simd.hpp"
#include "farm/farm.hpp"
#include "farm/launch.hpp"
#include "farm/shared_costs.hpp"
#include "io/campaign_file.hpp"

namespace qhn {
namespace {

namespace fs = std::filesystem;

constexpr int incomplete = 75;  // exit code (spec section 10)

struct TrainOptions {
  std::string experiment;
  std::vector<std::string> overrides;
  std::string out;
  std::optional<std::uint64_t> restarts;
  std::optional<std::uint64_t> seed;
  std::string engine, precision, simd;
  int threads = 0;  // 0: default_threads()
};

std::atomic<bool> interrupted = false;
static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler sets it");

// Ctrl-C, or the SIGTERM that launchers and batch systems send. It may well come twice, to the
// group of processes and through the launcher, so a second one means no more than the first.
void end_cleanly_on_signals() {
  struct sigaction action {};
  action.sa_handler = [](int) { interrupted = true; };
  action.sa_flags = SA_RESTART;
  for (const int signal : {SIGINT, SIGTERM}) sigaction(signal, &action, nullptr);
}

/// The folder a campaign goes to: refused unless it is new or empty and can be written; taken away
/// again where nothing came of it. Rank 0 only.
class OutputFolder {
 public:
  explicit OutputFolder(const fs::path& path) {
    std::error_code error;  // whatever it is, the probe below fails too
    if (fs::exists(path, error) && !(fs::is_directory(path, error) && fs::is_empty(path, error)))
      throw InputError(fmt::format("{}: is not empty; allowed: a new or empty folder (--out DIR)",
                                   path.string()));
    for (fs::path p = path; !p.empty() && !fs::exists(p, error); p = p.parent_path())
      created_.push_back(p);
    error.clear();
    fs::create_directories(path, error);
    const fs::path probe = path / "campaign.h5.probe";
    const bool writable = !error && std::ofstream(probe).put('\n').flush().good();
    fs::remove(probe, error);
    if (!writable) {
      remove_empty();
      throw InputError(fmt::format(
          "{}: cannot be written to; allowed: --out DIR with a folder that can", path.string()));
    }
  }
  ~OutputFolder() { remove_empty(); }
  OutputFolder(const OutputFolder&) = delete;
  OutputFolder& operator=(const OutputFolder&) = delete;

 private:
  void remove_empty() const {
    std::error_code error;
    for (const fs::path& p : created_)
      if (fs::is_empty(p, error)) fs::remove(p, error);
  }
  std::vector<fs::path> created_;  // innermost first
};

/// Ranks and processors of one node.
struct Node {
  int ranks = 1;
  int threads = 1;  ///< this rank's cores, shared fairly where ranks overlap
};

// Collective over `world`.
Node survey_node(MPI_Comm world) {
  MPI_Comm comm = MPI_COMM_NULL;
  MPI_Comm_split_type(world, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &comm);
  Node node;
  MPI_Comm_size(comm, &node.ranks);
  const cpu_set_t mine = allowed_processors();
  cpu_set_t all = mine;
  MPI_Allreduce(&mine, &all, sizeof mine, MPI_BYTE, MPI_BOR, comm);
  const int processors = CPU_COUNT(&mine);
  int claimed = 0;
  MPI_Allreduce(&processors, &claimed, 1, MPI_INT, MPI_SUM, comm);
  MPI_Comm_free(&comm);
  node.threads = std::max(1, count_cores(mine) * CPU_COUNT(&all) / claimed);
  return node;
}

// Collective over `world`; the list is rank 0's.
std::vector<std::string> host_names(MPI_Comm world) {
  char name[MPI_MAX_PROCESSOR_NAME] = {};
  int length = 0, rank = 0, size = 1;
  MPI_Get_processor_name(name, &length);
  MPI_Comm_rank(world, &rank);
  MPI_Comm_size(world, &size);
  std::vector<char> all(rank == 0 ? static_cast<std::size_t>(size) * sizeof name : 0);
  MPI_Gather(name, sizeof name, MPI_CHAR, all.data(), sizeof name, MPI_CHAR, 0, world);
  std::vector<std::string> names;
  for (std::size_t at = 0; at < all.size(); at += sizeof name) {
    const std::string host = &all[at];
    if (std::find(names.begin(), names.end(), host) == names.end()) names.push_back(host);
  }
  return names;
}

std::string mpi_version() {
  char text[MPI_MAX_LIBRARY_VERSION_STRING] = {};
  int length = 0;
  MPI_Get_library_version(text, &length);
  const std::string version(text, static_cast<std::size_t>(length));
  return version.substr(0, version.find_first_of("\n,"));
}

// All ranks compute with rank 0's instructions, or the one asked for. Collective over `world`.
void agree_on_simd(MpiSession& session, const std::string& asked) {
  int level = 0;
  session.agree([&] {
    if (!asked.empty()) force_simd_level(parse_simd_level(asked));
    level = static_cast<int>(simd_level());
  });
  MPI_Bcast(&level, 1, MPI_INT, 0, session.world());
  session.agree([&] { force_simd_level(static_cast<SimdLevel>(level)); });
}

Experiment read(const TrainOptions& options) {
  std::vector<std::string> overrides = options.overrides;
  if (options.restarts == 0)
    throw InputError("--restarts: found 0; allowed: an integer of at least 1");
  if (options.restarts) overrides.push_back(fmt::format("restarts.count={}", *options.restarts));
  if (options.seed) overrides.push_back(fmt::format("restarts.seed={}", *options.seed));
  if (!options.engine.empty()) overrides.push_back("engine.kind=" + options.engine);
  if (!options.precision.empty()) overrides.push_back("engine.precision=" + options.precision);
  return read_experiment(options.experiment, overrides);
}

/// One run of `qhn train`, the same steps on every rank.
class Training {
 public:
  Training(MpiSession& session, const TrainOptions& options)
      : session_(session), options_(options) {}

  int run() {
    prepare();
    load();
    const double began = MPI_Wtime();
    if (is_root())
      spdlog::info("{}: {} restarts of {} angles, {} at once", experiment_.name,
                   experiment_.restart_count, circuit_.angles,
                   provenance_.ranks == 1
                       ? fmt::format("{}", plan_.workers)
                       : fmt::format("{} on each of {} ranks", plan_.workers, provenance_.ranks));
    const std::uint64_t finished = train();
    if (is_root() && finished > 0)
      spdlog::info("{} restarts in {:.1f} s", finished, MPI_Wtime() - began);
    return report(finished);
  }

 private:
  bool is_root() const { return session_.rank() == 0; }

  // Everything that may be refused, before any work.
  void prepare() {
    session_.agree([&] { refuse_lonely_rank(session_.size(), std::getenv); });
    const Node node = survey_node(session_.world());
    session_.agree([&] {
      experiment_ = read(options_);
      folder_path_ =
          options_.out.empty() ? fs::path("results") / experiment_.name : fs::path(options_.out);
      if (is_root()) folder_.emplace(folder_path_);
      const int bits = network_bits(experiment_.problem);
      if (bits > 0)
        require_memory(options_.experiment, least_memory_need(bits), available_memory());
      threads_ = options_.threads > 0 ? options_.threads : default_threads(node.threads);
      if (threads_ > omp_get_thread_limit())
        throw InputError(fmt::format("--threads {}: OpenMP allows {} (OMP_THREAD_LIMIT)", threads_,
                                     omp_get_thread_limit()));
    });
    agree_on_simd(session_, options_.simd);
    session_.agree([&] {
      problem_ = make_problem(experiment_.problem);
      circuit_ = make_circuit(experiment_, problem_->qubits());
      plan(node);
      folder_path_ =
          options_.out.empty() ? fs::path("results") / experiment_.name : fs::path(options_.out);
      if (is_root()) folder_.emplace(folder_path_);
    });
    omp_set_num_threads(threads_);
    if (is_root() && threads_ > node.threads)
      spdlog::warn("{} threads on each rank, which has {} core{}", threads_, node.threads,
                   node.threads == 1 ? "" : "s");

    provenance_ = collect_provenance();
    provenance_.mpi = mpi_version();
    provenance_.ranks = session_.size();
    provenance_.threads = threads_;
    provenance_.hosts = host_names(session_.world());
    provenance_.engine = to_string(
        experiment_.engine == EngineKind::automatic ? choose_engine(circuit_) : experiment_.engine);
    provenance_.precision = to_string(experiment_.precision);
    provenance_.seed = experiment_.restart_seed;
    provenance_.data_sha256 = problem_->data_sha256();
  }

  void plan(const Node& node) {
    const double available = available_memory();
    const auto need = [&](const ThreadPlan& p) {
      return memory_need(circuit_, engine_options(p), p.workers * node.ranks);
    };
    const bool all_fit = need({threads_, 1}).total() <= available;
    plan_ = plan_threads(threads_, session_.size(), experiment_.restart_count, all_fit);
    require_memory(options_.experiment, need(plan_), available);
  }

  EngineOptions engine_options(const ThreadPlan& p) const {
    return {experiment_.engine, experiment_.precision, p.threads_per_state};
  }

  void load() {
    const double began = MPI_Wtime();
    session_.agree([&] {
      table_.emplace(session_.world(), dimension(circuit_.qubits),
                     [&](Index first, std::span<double> out) { problem_->costs(first, out); });
    });
    problem_.reset();  // a table read from a file is large
    if (is_root())
      spdlog::info("{} qubits: {} costs in {:.2f} s, minimum {:.10g}, {} network{} there",
                   circuit_.qubits, table_->costs().size(), MPI_Wtime() - began, table_->minimum(),
                   table_->minimizers(), table_->minimizers() == 1 ? "" : "s");
  }

  std::uint64_t train() {
    FarmOptions farm;
    farm.restarts = experiment_.restart_count;
    farm.workers = plan_.workers;
    farm.restart = {.seed = experiment_.restart_seed,
                    .angles = circuit_.angles,
                    .epsilons = experiment_.epsilons,
                    .keep_angles = experiment_.keep_angles,
                    .optimizer = experiment_.optimizer};
    // The tightest gap of the ladder.
    Progress progress(farm.restarts, experiment_.epsilons.back());
    const FarmCallbacks callbacks{[&](RestartRecord&& record) {
                                    progress.count(record.result);
                                    records_.push_back(std::move(record));
                                  },
                                  [&] { progress.tick(); }};
    end_cleanly_on_signals();
    std::uint64_t finished = 0;
    session_.agree([&] {
      finished = run_farm(
          session_.world(),
          [&] { return make_engine(circuit_, table_->costs(), engine_options(plan_)); },
          table_->costs(), table_->minimum(), farm, interrupted, callbacks);
    });
    if (is_root()) progress.finish();
    return finished;
  }

  // Writes and prints what came of it; returns the exit code, which is rank 0's to give: launchers
  // end the other ranks, output unwritten, when one exits with anything but 0.
  int report(std::uint64_t finished) {
    const std::uint64_t restarts = experiment_.restart_count;
    if (finished == 0) {
      if (is_root()) spdlog::warn("interrupted: no restart is finished, nothing is written");
      return is_root() ? incomplete : 0;
    }
    session_.agree([&] {
      if (!is_root()) return;
      const std::string path = (folder_path_ / "campaign.h5").string();
      std::sort(records_.begin(), records_.end(),
                [](const auto& a, const auto& b) { return a.result.id < b.result.id; });
      provenance_.finished = utc_now();
      const CampaignFile campaign{
          .name = experiment_.name,
          .experiment = to_toml(experiment_),
          .restarts_requested = restarts,
          .epsilons = experiment_.epsilons,
          .table = {circuit_.qubits, table_->minimum(), table_->minimizers(), table_->best_index()},
          .records = std::move(records_),
          .provenance = provenance_};
      write_campaign(path, campaign);
      const CampaignStatistics statistics = summarize(path, campaign);
      if (statistics.restarts > 0) fmt::print("{}\n", success_text({statistics}));
      fmt::print("{}\n", path);
      if (finished < restarts)
        spdlog::warn(
            "interrupted: {} of {} restarts are finished and kept, the estimates use the "
            "first {}",
            finished, restarts, statistics.restarts);
    });
    return is_root() && finished < restarts ? incomplete : 0;
  }

  MpiSession& session_;
  const TrainOptions& options_;
  Experiment experiment_;
  int threads_ = 1;
  std::unique_ptr<Problem> problem_;
  Circuit circuit_;
  ThreadPlan plan_;
  fs::path folder_path_;
  std::optional<OutputFolder> folder_;
  Provenance provenance_;
  std::optional<SharedCosts> table_;
  std::vector<RestartRecord> records_;  // rank 0
};

int run_train(const TrainOptions& options) {
  MpiSession session;
  return Training(session, options).run();
}

}  // namespace

void add_train(CLI::App& app) {
  auto options = std::make_shared<TrainOptions>();
  CLI::App* verb = app.add_subcommand("train", "Run the restarts of an experiment");
  verb->add_option("EXPERIMENT", options->experiment, "Experiment file (TOML)")->required();
  verb->add_option("--out", options->out, "Folder for campaign.h5 (default: results/NAME)");
  verb->add_option("--restarts", options->restarts, "Number of restarts in place of the file's");
  verb->add_option("--seed", options->seed, "Seed of the restarts in place of the file's");
  verb->add_option("--set", options->overrides, "key=value in place of the file's")
      ->type_size(1)
      ->allow_extra_args(false);
  verb->add_option("--threads", options->threads,
                   "Threads of a rank (default: OMP_NUM_THREADS, or its cores)")
      ->check(CLI::Range(1, max_threads));
  verb->add_option("--engine", options->engine, "automatic, reference, sweep or cut");
  verb->add_option("--simd", options->simd, "Instruction set (default: the best of rank 0)");
  verb->add_option("--precision", options->precision, "float64 or float32");
  verb->footer(
      "Examples:\n  qhn train jobs/experiments/gaussian.toml --restarts 50\n"
      "  mpirun -n 4 qhn train jobs/experiments/mnist-01.toml --out results/mnist-01");
  verb->callback([options] {
    const int code = run_train(*options);
    if (code != 0) throw CLI::RuntimeError(code);
  });
}

}  // namespace qhn
