#include "campaign/circuit_work.hpp"

#include <fmt/format.h>

#include <utility>

#include "campaign/circuit_estimator.hpp"
#include "campaign/distributed_shots.hpp"
#include "campaign/memory.hpp"
#include "campaign/restart.hpp"
#include "comm/distributed_engine.hpp"
#include "comm/distributed_sweep.hpp"
#include "core/error.hpp"
#include "engine/execution_plan.hpp"
#include "perf/load.hpp"
#include "problem/reference.hpp"

namespace qhn {
namespace {

class CircuitWork : public Workload {
 public:
  explicit CircuitWork(int ranks_per_state) : ranks_(ranks_per_state) {}

  Experiment read(const std::string& path, const std::vector<std::string>& overrides) override {
    Experiment experiment = read_experiment(path, overrides);
    if (experiment.problem.target)
      throw InputError(fmt::format(
          "{}: found problem.target; allowed only for qhn baseline: circuits are trained on a cost "
          "table, whose minimum is known",
          path));
    experiment_ = experiment;
    return experiment;
  }
  MemoryNeed least_memory(int bits) const override {
    MemoryNeed need = least_memory_need(bits);
    need.table *= execution_request(experiment_, ranks_).tables;
    need.table /= ranks_;
    return need;
  }
  void prepare(std::shared_ptr<const Problem> problem, const EngineTerms& terms) override {
    samples_ = problem->train_samples();
    const Circuit circuit = make_circuit(experiment_, problem->bits());
    request_ = execution_request(experiment_, ranks_);
    request_.memory = terms.engine_memory;
    if (request_.shots && experiment_.shots.gradient == ShotGradient::shift)
      require_single_gates(circuit);
    keep_engine(terms.begun_with, !circuit.noise.none());
    plan_ = plan_execution(circuit, request_);
    expectation_ = evaluation_work(plan_, false);
    gradient_ = evaluation_work(plan_, true);
    most_probable_ = most_probable_work(plan_);
    // The statevector engine runs forward again; the cut engine sends the candidates only.
    if (plan_.engine.kind == EngineKind::sweep) most_probable_.exchanged = expectation_.exchanged;
  }

  std::string name() const override { return experiment_.name; }
  std::string what() const override { return fmt::format("{} angles", plan_.circuit.angles); }
  std::string engine() const override { return engine_name(plan_.engine.kind); }
  std::string toml() const override { return to_toml(experiment_); }
  std::string remark() const override {
    if (plan_.reason.empty()) return {};
    return fmt::format("engine {}: {}", to_string(plan_.engine.kind), plan_.reason);
  }
  IndexMap table_part(int rank) const override { return plan_.part(rank); }
  bool polls() const override { return table_.size() >= long_table; }
  bool scores() const override { return experiment_.keep_scores; }
  int assign_threads(const Resources& resources, std::uint64_t restarts) override {
    qhn::assign_threads(plan_, resources, restarts);
    return plan_.workers;
  }
  MemoryNeed memory(int workers_on_node) const override { return plan_.memory(workers_on_node); }
  std::string plan() const override { return describe(plan_); }
  std::string remedies(double available) const override {
    const bool kept = request_.engine.kind != experiment_.engine;
    return kept ? fmt::format("; the campaign was started with engine {} and continues with it",
                              engine())
                : qhn::remedies(plan_, request_, available);
  }

  void take(std::span<const double> table, const Reference& reference) override {
    table_ = table;
    reference_ = reference;
  }
  void take(const TestCosts& costs) override { test_ = costs; }
  Work work(const RestartResult& r) const override {
    const double evaluations = r.evaluations;
    const Work scoring = scores() ? expectation_ : Work{};
    // With shots, amplitudes cost about as much as an expectation; the exact expectation of every
    // iterate is computed as well. A metric takes a state more than it has fidelities, and the
    // eigenvectors of a matrix.
    const double metrics = plan_.fidelities ? r.iterations : 0.0;
    if (plan_.shots)
      return (evaluations + r.iterations + metrics) * expectation_ + scoring +
             Work{metrics * 9.0 * std::pow(plan_.circuit.angles, 3), 0.0};
    int strings = r.iterations + 2;  // of the last iterate twice
    if (!r.string_crossings.empty() && r.string_crossings.back().iteration >= 0)
      strings = r.string_crossings.back().iteration + 2;
    return evaluations * gradient_ + strings * most_probable_ + scoring;
  }
  RestartRunner make_runner(Group* group) const override {
    return group != nullptr ? runner_in_group(*group) : runner_alone();
  }

 private:
  RestartRunner runner_alone() const {
    const std::shared_ptr<Engine> engine = make_engine(plan_, table_);
    RestartScorer score;
    if (scores())
      score = scorer(make_engine(scoring_plan(), test_.table),
                     std::make_shared<CostsInMemory>(test_.table));
    return runner(engine, std::make_shared<CostsInMemory>(table_),
                  plan_.shots ? make_sampler(*engine, table_) : Sampler(), score,
                  plan_.fidelities ? make_fidelities(*engine, plan_.circuit.qubits) : Fidelities());
  }
  RestartRunner runner_in_group(Group& group) const {
    const Ranks& ranks = group.ranks();
    const IndexMap part = plan_.part(ranks.rank());
    const auto costs = std::make_shared<DistributedCosts>(ranks, part, table_);
    RestartScorer score;
    if (scores())
      score = scorer(group.together(make_distributed_engine(ranks, scoring_plan(), test_.table)),
                     std::make_shared<DistributedCosts>(ranks, part, test_.table));
    if (!plan_.shots)
      return runner(group.together(make_distributed_engine(ranks, plan_, table_)), costs, {},
                    score);
    auto sweep =
        make_distributed_sweep(ranks, plan_.circuit, plan_.exchanges, table_, plan_.engine);
    const Sampler sampler = distributed_sampler(group, *sweep, part, table_);
    return runner(group.together(std::move(sweep)), costs, sampler, score);
  }
  /// Of the engine for test losses, which computes no gradients.
  ExecutionPlan scoring_plan() const {
    ExecutionPlan plan = plan_;
    plan.engine.gradient = false;
    return plan;
  }
  /// `engine`, `costs`: of the test losses.
  RestartScorer scorer(std::shared_ptr<Engine> engine,
                       std::shared_ptr<const CostFunction> costs) const {
    return [this, engine = std::move(engine), costs = std::move(costs)](
               std::span<const double> angles, const BitString& best) {
      RestartScores found;
      found.test_expectation = engine->expectation(angles);
      found.best_test_cost = (*costs)(best);
      const auto accuracy = [&](const DataSet& data) {
        return reference_score(*test_.network, data, best.index()).accuracy;
      };
      found.best_accuracy = accuracy(test_.data.train);
      found.best_test_accuracy = accuracy(test_.data.test);
      return found;
    };
  }
  /// `sampler` where shots are measured; `score` may be null.
  RestartRunner runner(std::shared_ptr<Engine> engine, std::shared_ptr<const CostFunction> costs,
                       Sampler sampler, RestartScorer score, Fidelities fidelities = {}) const {
    const RestartOptions restart{.seed = experiment_.restart_seed,
                                 .angles = plan_.circuit.angles,
                                 .epsilons = experiment_.epsilons,
                                 .keep_angles = experiment_.keep_angles,
                                 .keep_history = experiment_.keep_history,
                                 .optimizer = experiment_.optimizer};
    return [this, restart, engine = std::move(engine), costs = std::move(costs),
            sampler = std::move(sampler), fidelities = std::move(fidelities),
            score = std::move(score)](std::uint64_t id, const RestartHooks& hooks) {
      const auto estimator = sampler
                                 ? make_shot_estimator(plan_.circuit, sampler, experiment_.shots,
                                                       samples_, restart.seed, id, fidelities)
                                 : make_exact_estimator(*engine, *costs);
      return run_restart({*engine, *costs, reference_.cost, score}, *estimator, restart, id, hooks);
    };
  }
  /// Part of a campaign's identity: the last bits of results depend on how a state is distributed.
  std::string engine_name(EngineKind kind) const {
    return ranks_ > 1 ? fmt::format("{} on {} ranks", to_string(kind), ranks_) : to_string(kind);
  }
  /// A campaign that is continued keeps its engine, independent of the memory of the new run.
  void keep_engine(const std::string& begun_with, bool noisy) {
    if (request_.engine.kind != EngineKind::automatic) return;
    for (const EngineKind kind : engine_kinds()) {
      if (noisy && kind != EngineKind::tensor)
        continue;  // another campaign, which is refused later
      if (kind != EngineKind::reference && begun_with == engine_name(kind))
        request_.engine.kind = kind;
    }
  }

  int ranks_;  ///< per state
  Experiment experiment_;
  ExecutionRequest request_;  ///< its engine may be that of earlier runs, see keep_engine()
  ExecutionPlan plan_;
  std::uint64_t samples_ = 0;
  Work expectation_, gradient_, most_probable_;  // of one evaluation
  std::span<const double> table_;
  TestCosts test_;  ///< if scores()
  Reference reference_;
};

}  // namespace

std::unique_ptr<Workload> make_circuit_work(int ranks_per_state) {
  return std::make_unique<CircuitWork>(ranks_per_state);
}

}  // namespace qhn
