// What happens between the plan and the first restart: cost table, tuning, journals.
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <ctime>
#include <span>

#include "campaign/campaign_run.hpp"
#include "campaign/node_memory.hpp"
#include "campaign/signals.hpp"
#include "comm/distributed_engine.hpp"
#include "core/error.hpp"
#include "core/quantities.hpp"
#include "core/sha256.hpp"
#include "perf/operations.hpp"
#include "problem/data.hpp"
#include "problem/network.hpp"

namespace qhn {
namespace {

// The costs of all networks of `problem`; null: interrupted. Collective.
std::shared_ptr<const SharedCosts> enumerate(const CampaignRun& r, const Problem& problem) {
  std::shared_ptr<const SharedCosts> table;
  r.session.agree([&] {
    try {
      if (r.group)
        table = std::make_shared<SharedCosts>(r.session.world(), r.group->ranks().comm(),
                                              r.work->table_part(r.group->ranks().rank()),
                                              [&](const IndexMap& part, std::span<double> out) {
                                                if (interrupted) throw RunError("interrupted");
                                                problem.slice(part, out);
                                              });
      else
        table = std::make_shared<SharedCosts>(r.session.world(), dimension(r.summary.qubits),
                                              [&](Index first, std::span<double> out) {
                                                if (interrupted) throw RunError("interrupted");
                                                problem.costs(first, out);
                                              });
    } catch (const RunError&) {  // on all ranks
      if (!any_interrupted(r.session)) throw;
    }
  });
  return table;
}

// The losses of all networks on the test samples; null: interrupted. Collective.
std::shared_ptr<const SharedCosts> enumerate_test(const CampaignRun& r) {
  NodeMemory memory(r.session.world());
  std::unique_ptr<Problem> test;
  r.session.agree([&] {
    test =
        make_problem(r.experiment.problem, {.train = r.problem->data()->test, .test = {}}, memory);
  });
  return enumerate(r, *test);
}

// The test loss of the best network. Collective over a group.
double test_cost_of_best(const CampaignRun& r) {
  const Index best = r.table->best_index();
  const std::span<const double> table = r.test_table->costs();
  if (!r.group) return table[best];
  const Ranks& ranks = r.group->ranks();
  return DistributedCosts(ranks, r.work->table_part(ranks.rank()),
                          table)(BitString(r.summary.qubits, best));
}

// Computes the cost table, and that of the test losses if restarts are scored. False: interrupted.
// Collective.
bool make_table(CampaignRun& r, bool again = false) {
  const double began = MPI_Wtime();
  r.table.reset();
  r.test_table.reset();
  r.table = enumerate(r, *r.problem);
  if (r.table && r.work->scores()) r.test_table = enumerate_test(r);
  if (!r.table || (r.work->scores() && !r.test_table)) {
    r.table.reset();
    return false;
  }
  r.table_seconds = MPI_Wtime() - began;
  if (r.is_root() && !again && r.point.empty())
    spdlog::info("{} qubits: {} costs in {}, minimum {:.10g}, reached by {} network{}",
                 r.summary.qubits, dimension(r.summary.qubits), duration(r.table_seconds),
                 r.table->minimum(), r.table->minimizers(), r.table->minimizers() == 1 ? "" : "s");
  return true;
}

// The table of an earlier point, or a new one. False: interrupted. Collective.
bool take_table(CampaignRun& r) {
  if (!r.shared.table) return make_table(r);
  r.table = r.shared.table;
  r.test_table = r.shared.test_table;
  return true;
}

JournalHeader journal_header(const CampaignRun& r, const MethodSummary& method) {
  JournalHeader header;
  header.identity = r.folder->identity();
  header.identity_hash = sha256(header.identity);
  header.name = r.work->name();
  header.experiment = r.work->toml();
  header.restarts_requested = r.experiment.restart_count;
  header.rule = r.experiment.rule;
  header.epsilons = r.experiment.epsilons;
  header.table = r.summary;
  header.method = method;
  header.provenance = r.provenance;
  header.started = std::time(nullptr);
  if (r.before() && r.before()->table.reference.cost != header.table.reference.cost)
    throw RunError(fmt::format(
        "{}: the minimum of the costs is {:.17g} in its results and {:.17g} here: "
        "this machine computes different costs",
        r.folder_path.string(), r.before()->table.reference.cost, header.table.reference.cost));
  return header;
}

}  // namespace

bool load(CampaignRun& r) {
  if (r.work->needs_table()) {
    // Keep only the number of inputs: the data may be large.
    const int inputs = r.problem->data() ? r.problem->data()->train.inputs : 0;
    if (!take_table(r)) return false;
    if (r.is_root() && r.table_seconds > 0.0) {
      std::uint64_t samples = r.summary.samples;
      if (r.work->scores()) samples += r.problem->data()->test.size();
      r.table_work = table_work(r.experiment.problem, r.summary.qubits, samples, inputs);
    }
    if (r.energy)
      r.energy->end_phase("table", r.table_work, [&](int) {
        return make_table(r, true) ? std::optional(r.table_work) : std::nullopt;
      });
    if (!r.table) return false;
  }
  r.summary.reference = {Reference::Kind::target, r.experiment.problem.target.value_or(0.0)};
  std::span<const double> table;
  if (r.table) {
    table = r.table->costs();
    r.summary.reference = {Reference::Kind::enumerated, r.table->minimum()};
    r.summary.minimizers = r.table->minimizers();
    r.summary.best_index = r.table->best_index();
    r.summary.next_gaps = r.table->next_gaps();
    if (r.test_table) r.summary.best_test_cost = test_cost_of_best(r);
  }
  TestCosts test;
  if (r.test_table)
    test = {r.test_table->costs(), std::make_shared<Network>(*r.problem->network()),
            *r.problem->data()};
  r.problem.reset();  // a table read from a file is large
  std::vector<std::byte> header;
  r.session.agree([&] {
    if (r.test_table) r.work->take(test);
    r.work->take(table, r.summary.reference);
    if (!r.is_root()) return;
    const std::optional<MethodSummary> method =
        r.before() ? r.before()->method : r.work->tune(r.threads, interrupted);
    if (method) header = pack(journal_header(r, *method));
  });
  r.session.world().broadcast(header);
  if (header.empty()) return false;
  const JournalHeader agreed = unpack_header(header);
  int tuned = agreed.method.tuning.evaluations > 0 && !r.before();
  MPI_Bcast(&tuned, 1, MPI_INT, 0, r.session.world());
  if (tuned && r.energy)
    r.energy->end_phase("tuning", r.is_root() ? r.work->tuning_work(agreed.method) : Work{});
  r.session.agree([&] {
    r.work->take(agreed.method);
    if (r.is_root() && !r.options.announce.empty() && !r.announcements)
      r.announcements.emplace(r.options.announce, r.point);
    if (r.writes) r.journal.emplace(r.folder_path.string(), r.run, r.writer, agreed);
  });
  try {
    r.session.agree([&] {
      if (r.folder) r.folder->confirm();
    });
  } catch (...) {
    if (r.journal) r.journal->discard();
    throw;
  }
  return true;
}

}  // namespace qhn
