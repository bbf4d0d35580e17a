#include <fmt/format.h>
#include <omp.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <thread>

#include "campaign/energy_log.hpp"
#include "campaign/experiment.hpp"
#include "campaign/farm.hpp"
#include "campaign/group.hpp"
#include "campaign/memory.hpp"
#include "campaign/node_memory.hpp"
#include "campaign/output_folder.hpp"
#include "campaign/progress.hpp"
#include "campaign/same_input.hpp"
#include "campaign/signals.hpp"
#include "campaign/slice.hpp"
#include "campaign/workload.hpp"
#include "comm/launcher.hpp"
#include "comm/mpi_session.hpp"
#include "comm/processors.hpp"
#include "comm/shared_costs.hpp"
#include "core/error.hpp"
#include "core/paths.hpp"
#include "core/quantities.hpp"
#include "core/sha256.hpp"
#include "core/simd.hpp"
#include "perf/operations.hpp"
#include "problem/data.hpp"
#include "record/atomic_file.hpp"
#include "record/campaign_folder.hpp"
#include "record/claims.hpp"
#include "record/folder_identity.hpp"
#include "record/identity.hpp"
#include "record/journal.hpp"

namespace qhn {
namespace {

namespace fs = std::filesystem;

// The range of restarts of this run.
IdRange asked_slice(const CampaignOptions& options, const Experiment& experiment) {
  if (experiment.rule.active() && !(options.ids.empty() && options.array_task.empty()))
    throw InputError(
        "--ids and --array-task divide a fixed number of restarts; allowed: restarts.count "
        "instead of restarts.halfwidth and .relative_tts");
  return slice_of(options.ids, options.array_task, experiment.restart_count);
}

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

// The command line's changes to the experiment.
std::vector<std::string> overrides(const CampaignOptions& options) {
  std::vector<std::string> all = options.overrides;
  if (options.restarts == 0)
    throw InputError("--restarts: found 0; allowed: an integer of at least 1");
  if (options.restarts) all.push_back(fmt::format("restarts.count={}", *options.restarts));
  if (options.seed) all.push_back(fmt::format("restarts.seed={}", *options.seed));
  return all;
}

/// One run of a campaign, the same steps on every rank.
class Campaign {
 public:
  Campaign(MpiSession& session, const CampaignOptions& options, Workload& work,
           const MergeCampaign& merge)
      : session_(session), options_(options), work_(work), merge_(merge) {
    if (options.ranks_per_state > 1)
      group_.emplace(
          session.world(), options.ranks_per_state, interrupted,
          [](const std::string& message) { abort_parallel_run(message, 1); },
          [&session] { session.call_for_a_stop(); });
  }

  int run() {
    prepare();
    if (missing_count_ > 0) energy_->begin();
    if (missing_count_ > 0 && load()) {
      if (is_root())
        spdlog::info("{}: {}{} restarts of {}, {}", work_.name(),
                     experiment_.rule.active() ? "at most " : "", missing_count_, work_.what(),
                     describe_workers());
      const std::uint64_t finished = train();
      if (is_root() && finished > 0)
        spdlog::info("{} restart{} in {}", finished, finished == 1 ? "" : "s",
                     duration(restarts_seconds_));
    }
    return report();
  }

 private:
  bool is_root() const { return session_.rank() == 0; }
  bool leads() const { return !group_ || group_->leads(); }
  // Ranks of the farm: all, or the leaders of their groups.
  const Communicator& crew() const { return group_ ? group_->leaders() : session_.world(); }

  std::string describe_workers() const {
    const int ranks = session_.size(), each = options_.ranks_per_state;
    if (each > 1) return fmt::format("{} at once on {} ranks each", ranks / each, each);
    return ranks == 1 ? fmt::format("{} at once", workers_)
                      : fmt::format("{} on each of {} ranks at once", workers_, ranks);
  }

  // Validates all input before any work. Collective.
  void prepare() {
    const Node node = survey_node(session_.world());
    read_alike();
    session_.agree([&] {
      if (is_root()) folder_.emplace(folder_path_);
      const ProblemOptions& problem = experiment_.problem;
      const double available = available_memory();
      require_memory_for_data(options_.experiment, problem, available);
      if (const int bits = problem.kind == ProblemKind::csv ? 0 : network_bits(problem); bits > 0)
        require_memory(options_.experiment, work_.least_memory(bits), available);
      threads_ = options_.threads > 0 ? options_.threads : default_threads(node.threads);
      if (threads_ > omp_get_thread_limit())
        throw InputError(fmt::format("--threads {}: OpenMP allows {} (OMP_THREAD_LIMIT)", threads_,
                                     omp_get_thread_limit()));
    });
    agree_on_simd(session_, options_.simd);
    problem_ = load_problem(session_, experiment_.problem, data_sha256_);
    session_.agree([&] {
      available_ = available_memory();
      if (is_root()) before_ = campaign_header(folder_path_.string());
    });
    const EngineTerms terms = engine_terms(node);
    session_.agree([&] {
      work_.prepare(problem_, terms);
      if (is_root()) print_remarks(*problem_);
      summary_ = {problem_->bits(), 0.0, 0, 0, problem_->train_samples()};
      describe_run();
      if (!is_root()) return;
      take_up();
      // Open an existing file now: it may be a FIFO without a reader. A new file is created later.
      std::error_code ignored;
      if (missing_count_ > 0 && fs::exists(options_.announce, ignored))
        announcements_.emplace(options_.announce);
    });
    MPI_Bcast(&missing_count_, 1, MPI_UINT64_T, 0, session_.world());
    if (missing_count_ == 0) return;
    session_.agree([&] { plan(node); });
    if (leads()) elect_writer();
    require_common_folder();
    omp_set_num_threads(threads_);
    if (is_root() && threads_ > node.threads)
      spdlog::warn("each rank runs {} threads on {} core{}", threads_, node.threads,
                   node.threads == 1 ? "" : "s");
    provenance_.hosts = host_names(session_.world());
    experiment_.energy.meter.slurm = options_.sstat;
    energy_.emplace(session_.world(), session_.rank() == session_.world().first_on_node(),
                    experiment_.energy);
  }

  // Reads the experiment and checks that all ranks have read the same as rank 0: local copies and
  // working folders may differ between nodes.
  void read_alike() {
    const std::vector<std::string> changes = overrides(options_);
    std::vector<Given> mine;
    session_.agree([&] {
      require_readable(options_.experiment, session_.size());
      experiment_ = work_.read(options_.experiment, changes);
      slice_ = asked_slice(options_, experiment_);
      folder_path_ =
          options_.out.empty() ? fs::path("results") / experiment_.name : fs::path(options_.out);
      if (session_.size() == 1) return;
      mine = given_experiment(experiment_, options_.experiment, changes);
      mine.push_back(given_place("the folder of the campaign", folder_path_.string()));
    });
    require_same(session_, mine);
  }

  void elect_writer() {
    const int rank = crew().rank();
    const int each = std::max(1, options_.ranks_per_writer / options_.ranks_per_state);
    writer_ = options_.ranks_per_writer > 0 ? rank / each * each : crew().first_on_node();
    writes_ = writer_ == rank;
  }

  // Checks that all writers see rank 0's folder: journals in a folder of the same name on a node's
  // own disk would be lost. Writers look for the claim that rank 0 has just made, for up to 10 s,
  // as a network file system may show it late.
  void require_common_folder() {
    std::string run = self_.run;
    session_.world().broadcast(run);
    session_.agree([&] {
      if (!writes_ || is_root()) return;
      const std::string folder = folder_path_.string();
      const auto is_seen = [&] {
        const auto claims = list_claims(folder, options_.stale);
        return std::any_of(claims.begin(), claims.end(),
                           [&](const ClaimState& c) { return c.holder.run == run; });
      };
      const double began = MPI_Wtime();
      while (!is_seen()) {
        if (MPI_Wtime() - began > 10.0)
          throw InputError(
              fmt::format("on {}: {}: is not the folder that rank 0 writes to; allowed: --out DIR "
                          "with a folder that all nodes share",
                          host_name(), folder_path_.string()));
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
      }
    });
  }

  void describe_run() {
    provenance_ = collect_provenance();
    provenance_.mpi = mpi_version();
    provenance_.ranks = session_.size();
    provenance_.threads = threads_;
    provenance_.engine = work_.engine();
    provenance_.precision = to_string(experiment_.precision);
    provenance_.seed = experiment_.restart_seed;
    provenance_.data_sha256 = data_sha256_;
  }

  // Rank 0: claims the slice for this run and finds the restarts that the folder's journals lack.
  void take_up() {
    const std::string folder = folder_path_.string();
    const std::uint64_t count = experiment_.restart_count;
    const ProblemKind kind = experiment_.problem.kind;
    const bool test_file = kind == ProblemKind::csv || kind == ProblemKind::images;
    identity_ =
        campaign_identity(work_.toml(), provenance_.data_sha256,
                          test_file && problem_->data() && !problem_->data()->test.labels.empty()
                              ? sha256(problem_->data()->test)
                              : "",
                          provenance_.simd, provenance_.engine);
    if (before_ && !same_campaign(before_->identity, identity_))
      throw InputError(another_campaign(folder, before_->identity, identity_));

    self_ = this_process(slice_);
    try {
      std::string waits_for;
      claim_.emplace(
          folder, self_, options_.stale,
          [](const ClaimState& other) {
            spdlog::warn("taking over from a run whose heartbeat was lost {:.0f} s ago: {}",
                         other.age, describe(other.holder));
          },
          [&](const ClaimState& other) {
            if (interrupted) throw Abandoned{};
            if (waits_for == other.holder.run || other.age < 1.0) return;
            waits_for = other.holder.run;
            spdlog::info(
                "{}: waiting for another run that is claiming restarts, {:.0f} s at most: {}",
                folder, options_.stale, describe(other.holder));
          });
    } catch (const Abandoned&) {
      gave_up_ = true;
      return;
    } catch (const InputError&) {  // prefer a message of what differs between campaigns
      const std::string there = folder_identity(folder, 1.0);
      if (there.empty() || same_campaign(there, identity_)) throw;
      throw InputError(another_campaign(folder, there, identity_));
    }
    whose_.emplace(folder, identity_, before_.has_value(), [&] {
      const auto claims = list_claims(folder, options_.stale);
      return journal_paths(folder).empty() &&
             std::none_of(claims.begin(), claims.end(), [&](const ClaimState& other) {
               return other.live && other.holder.run != self_.run;
             });
    });
    before_ = campaign_header(folder);  // again: another run may have started it meanwhile
    if (before_ && !same_campaign(before_->identity, identity_))
      throw InputError(another_campaign(folder, before_->identity, identity_));

    prefix_ =
        PrefixCount(slice_.first, slice_.end(), experiment_.epsilons.back(), experiment_.rule);
    IdSet done;
    if (before_) {
      FolderScan scan = scan_campaign(folder, [this](FoundRecord&& found) {
        const RestartResult& result = found.record.result;
        if (!found.again) prefix_.add(result.id, result.gap);
      });
      for (const std::string& line :
           describe_damage(scan, liveness(list_claims(folder, options_.stale))))
        spdlog::warn("{}", line);
      done = std::move(scan.done);
      checkpoints_ = std::move(scan.begun);
    }
    if (done.end() > count)
      throw InputError(
          fmt::format("{}: {} restarts requested, but restart {} is already finished; allowed: at "
                      "least {} (the number of restarts can be raised, not lowered)",
                      folder, count, done.end() - 1, done.end()));
    missing_ = done.missing({slice_.first, prefix_.end() - slice_.first});
    for (const IdRange& range : missing_) missing_count_ += range.count;
    done_before_ = done.count(slice_);
    if (done.size() > 0)
      spdlog::info("{}: {} of {} restarts are already finished{}", folder, done.count({0, count}),
                   count,
                   checkpoints_.empty()
                       ? std::string()
                       : fmt::format(", {} continue from a checkpoint", checkpoints_.size()));
  }

  // The least memory of all ranks, and the engine in rank 0's folder. Collective.
  EngineTerms engine_terms(const Node& node) const {
    EngineTerms terms;
    terms.engine_memory =
        memory_for_engine(available_, node.ranks, problem_->bits(), options_.ranks_per_state);
    MPI_Allreduce(MPI_IN_PLACE, &terms.engine_memory, 1, MPI_DOUBLE, MPI_MIN, session_.world());
    if (before_) terms.begun_with = before_->provenance.engine;
    session_.world().broadcast(terms.begun_with);
    return terms;
  }

  void plan(const Node& node) {
    workers_ = work_.assign_threads({threads_, session_.size(), node.ranks, node.cache, available_},
                                    missing_count_);
    require_memory(options_.experiment, work_.memory(workers_ * node.ranks), available_,
                   [&] { return work_.remedies(available_); });
    if (is_root() && !work_.remark().empty()) spdlog::info("{}", work_.remark());
  }

  // Computes the cost table, tunes, and opens the journals. False: interrupted. Collective.
  bool load() {
    if (work_.needs_table()) {
      // Keep only the number of inputs: the data may be large.
      const int inputs = problem_->data() ? problem_->data()->train.inputs : 0;
      if (!make_table()) return false;
      const Work work =
          is_root() ? table_work(experiment_.problem, summary_.qubits, summary_.samples, inputs)
                    : Work{};
      energy_->end_phase("table", work, [&](int) {
        return make_table(true) ? std::optional(work) : std::nullopt;
      });
      if (!table_) return false;
    }
    Costs costs{{}, experiment_.problem.target.value_or(0.0)};
    if (table_) costs = {table_->costs(), table_->minimum()};
    summary_.minimum = costs.minimum;
    if (table_) {
      summary_.minimizers = table_->minimizers();
      summary_.best_index = table_->best_index();
      summary_.next_gaps = table_->next_gaps();
    }
    problem_.reset();  // a table read from a file is large
    std::vector<std::byte> header;
    session_.agree([&] {
      work_.take(costs);
      if (!is_root()) return;
      const std::optional<MethodSummary> method =
          before_ ? before_->method : work_.tune(threads_, interrupted);
      if (method) header = pack(journal_header(*method));
    });
    session_.world().broadcast(header);
    if (header.empty()) return false;
    session_.world().broadcast(self_.run);
    const JournalHeader agreed = unpack_header(header);
    int tuned = agreed.method.tuning.evaluations > 0 && !before_;
    MPI_Bcast(&tuned, 1, MPI_INT, 0, session_.world());
    if (tuned) energy_->end_phase("tuning", is_root() ? work_.tuning_work(agreed.method) : Work{});
    session_.agree([&] {
      work_.take(agreed.method);
      if (is_root() && !options_.announce.empty() && !announcements_)
        announcements_.emplace(options_.announce);
      if (writes_) journal_.emplace(folder_path_.string(), self_.run, writer_, agreed);
    });
    try {
      session_.agree([&] {
        if (whose_) whose_->confirm();
      });
    } catch (...) {
      if (journal_) journal_->discard();
      throw;
    }
    return true;
  }

  // Computes the cost table. False: interrupted. Collective.
  bool make_table(bool again = false) {
    const double began = MPI_Wtime();
    session_.agree([&] {
      try {
        if (group_)
          table_.emplace(session_.world(), group_->ranks().comm(),
                         work_.table_part(group_->ranks().rank()),
                         [&](const IndexMap& part, std::span<double> out) {
                           if (interrupted) throw RunError("interrupted");
                           problem_->slice(part, out);
                         });
        else
          table_.emplace(session_.world(), dimension(summary_.qubits),
                         [&](Index first, std::span<double> out) {
                           if (interrupted) throw RunError("interrupted");
                           problem_->costs(first, out);
                         });
      } catch (const RunError&) {  // on all ranks
        if (!any_interrupted()) throw;
      }
    });
    if (!table_) return false;
    if (is_root() && !again)
      spdlog::info("{} qubits: {} costs in {}, minimum {:.10g}, reached by {} network{}",
                   summary_.qubits, dimension(summary_.qubits), duration(MPI_Wtime() - began),
                   table_->minimum(), table_->minimizers(), table_->minimizers() == 1 ? "" : "s");
    return true;
  }

  JournalHeader journal_header(const MethodSummary& method) const {
    JournalHeader header;
    header.identity = identity_;
    header.identity_hash = sha256(identity_);
    header.name = work_.name();
    header.experiment = work_.toml();
    header.restarts_requested = experiment_.restart_count;
    header.rule = experiment_.rule;
    header.epsilons = experiment_.epsilons;
    header.table = summary_;
    header.method = method;
    header.provenance = provenance_;
    header.started = std::time(nullptr);
    if (before_ && before_->table.minimum != header.table.minimum)
      throw RunError(
          fmt::format("{}: the minimum of the costs is {:.17g} in its results and {:.17g} here: "
                      "this machine computes different costs",
                      folder_path_.string(), before_->table.minimum, header.table.minimum));
    return header;
  }

  bool any_interrupted() const {
    int mine = interrupted, any = 0;
    MPI_Allreduce(&mine, &any, 1, MPI_INT, MPI_MAX, session_.world());
    return any != 0;
  }

  std::uint64_t train() {
    FarmOptions farm;
    farm.ids = missing_;
    farm.workers = workers_;
    farm.writer = writer_;
    farm.called = session_.rank();
    farm.poll_inside = work_.polls();
    farm.checkpoints = std::move(checkpoints_);
    Work work;  // of the records that this rank has written
    Progress progress(slice_.count, done_before_, prefix_);
    const FarmCallbacks callbacks{
        .records =
            [&](std::vector<RestartRecord>&& records) {
              journal_->append(records);
              for (const RestartRecord& record : records) work += work_.work(record.result);
            },
        .tick =
            [&] {
              if (session_.called_for_a_stop()) interrupted = true;
              claim_->check();
              progress.tick();
            },
        .checkpoint = [&](RestartCheckpoint&& checkpoint) { journal_->append(checkpoint); },
        .finished =
            [&](const std::vector<FinishedRestart>& finished) {
              if (announcements_) announcements_->tell(finished);
              for (const auto& [id, gap] : finished) prefix_.add(id, gap);
              progress.count(finished.size());
              if (prefix_.satisfied() && !interrupted.exchange(true)) enough_ = true;
            }};
    RestartRunner together;  // all ranks know of a failure here before any of them waits
    session_.agree([&] {
      if (group_) together = work_.make_runner(&*group_);
    });
    const auto run = [&](const FarmOptions& farm, const FarmCallbacks& callbacks) {
      std::uint64_t finished = 0;
      session_.agree([&] {
        finished = group_ ? run_farm(*group_, together, farm, interrupted, callbacks)
                          : run_farm(
                                crew(), [&] { return work_.make_runner(nullptr); }, farm,
                                interrupted, callbacks);
      });
      MPI_Bcast(&finished, 1, MPI_UINT64_T, 0, session_.world());
      return finished;
    };
    const double began = MPI_Wtime();
    const std::uint64_t finished = run(farm, callbacks);
    restarts_seconds_ = MPI_Wtime() - began;  // without the measurement of idle power
    if (is_root()) progress.finish();
    if (std::exchange(enough_, false)) interrupted = false;
    // A repetition only measures energy: its records are discarded.
    const auto again = [&](int repetition) -> std::optional<Work> {
      Work extra;
      FarmOptions fresh = farm;
      fresh.ids = fresh_ids(farm.ids, finished, repetition);
      fresh.checkpoints.clear();
      const FarmCallbacks only_count{.records =
                                         [&](std::vector<RestartRecord>&& records) {
                                           for (const RestartRecord& record : records)
                                             extra += work_.work(record.result);
                                         },
                                     .tick =
                                         [&] {
                                           if (session_.called_for_a_stop()) interrupted = true;
                                           claim_->check();
                                         },
                                     .checkpoint = [](RestartCheckpoint&&) {},
                                     .finished = [](const std::vector<FinishedRestart>&) {}};
      try {
        if (any_interrupted() || run(fresh, only_count) < finished) return std::nullopt;
      } catch (const std::exception& error) {  // on all ranks; the campaign itself is finished
        if (is_root()) spdlog::warn("the restarts were not repeated: {}", error.what());
        return std::nullopt;
      }
      return extra;
    };
    energy_->end_phase("restarts", work, finished > 0 ? EnergyLog::Again(again) : nullptr);
    const RunEnergy energy = energy_->finish(self_.run, finished);
    session_.agree([&] {
      if (is_root()) journal_->append(energy);
      if (journal_) journal_->close();
    });
    return finished;
  }

  // Writes campaign.h5 and prints the results. Returns the exit code, 0 on all ranks but rank 0:
  // launchers kill the other ranks, with output unwritten, if one exits with another code.
  int report() {
    int code = 0;
    session_.agree([&] {
      if (!is_root()) return;
      const std::string folder = folder_path_.string();
      if (gave_up_) {
        spdlog::warn("interrupted while waiting for another run: nothing was done");
        code = incomplete;
        return;
      }
      journal_.reset();
      whose_.reset();
      claim_.reset();  // before list_claims(): of two runs that end at once, one sees both ended
      const auto claims = list_claims(folder, options_.stale);
      const auto live =
          std::count_if(claims.begin(), claims.end(), [](const ClaimState& c) { return c.live; });
      std::uint64_t missing = 0;
      if (!campaign_header(folder)) {
        spdlog::warn("interrupted: no restart is finished, nothing is written");
        missing = missing_count_;
      } else if (live > 0) {
        spdlog::info(
            "{} other run{} on {}: the last one to end writes campaign.h5 (or qhn merge {})", live,
            live == 1 ? " works" : "s work", folder, shell_quoted(folder));
        missing = missing_in(scan_campaign(folder));
      } else {
        const FolderScan scan = merge_(folder);
        missing = missing_in(scan);
        if (missing > 0)
          spdlog::warn(
              "interrupted: {} of {} restarts are finished and kept, the estimates use the first "
              "{}",
              scan.done.size(), scan.prefix.end(), scan.prefix.restarts());
      }
      if (missing > 0) code = incomplete;
    });
    return code;
  }

  std::uint64_t missing_in(const FolderScan& scan) const {
    const IdRange mine{slice_.first, prefix_.end() - slice_.first};
    return mine.count - scan.done.count(mine);
  }

  MpiSession& session_;
  const CampaignOptions& options_;
  Workload& work_;
  const MergeCampaign& merge_;
  Experiment experiment_;
  IdRange slice_;
  int threads_ = 1;
  double available_ = 0.0;  // bytes of this rank's node, not counting the problem's data
  std::shared_ptr<const Problem> problem_;
  std::string data_sha256_;
  int workers_ = 1;             // restarts that this rank runs at once
  std::optional<Group> group_;  // if several ranks hold a state
  int writer_ = 0;              // rank of crew() that writes this rank's records
  bool writes_ = false;         // whether this rank writes
  fs::path folder_path_;
  Provenance provenance_;
  std::optional<SharedCosts> table_;
  TableSummary summary_;
  std::uint64_t missing_count_ = 0;
  double restarts_seconds_ = 0.0;  // run time of the restarts
  std::optional<EnergyLog> energy_;

  // Rank 0. Destroyed in this order after an error: journal, identity, claim, folder.
  std::optional<OutputFolder> folder_;
  std::string identity_;
  std::optional<JournalHeader> before_;  // header of the newest run
  ClaimHolder self_;                     // its `run` is set on all ranks
  std::vector<IdRange> missing_;
  std::uint64_t done_before_ = 0;
  std::map<std::uint64_t, RestartCheckpoint> checkpoints_;
  PrefixCount prefix_{0, 0, 0.0};
  std::optional<Claim> claim_;
  bool gave_up_ = false;  // interrupted while waiting for the claim
  bool enough_ = false;   // the stopping rule is satisfied
  std::optional<FolderIdentity> whose_;
  std::optional<Announcements> announcements_;
  std::optional<Journal> journal_;  // on every writer
};

}  // namespace

int run_campaign(MpiSession& session, const CampaignOptions& options, Workload& work,
                 const MergeCampaign& merge) {
  end_cleanly_on_signals();
  require_same_launch(session);
  session.agree([&] {
    refuse_lonely_rank(session.size(), std::getenv);
    require_ranks_per_state(options.ranks_per_state, session.size());
  });
  if (!session.narrow(session.size() / options.ranks_per_state * options.ranks_per_state,
                      &interrupted))
    return 0;
  return Campaign(session, options, work, merge).run();
}

}  // namespace qhn
