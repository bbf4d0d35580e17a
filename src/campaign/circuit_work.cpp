#include "campaign/circuit_work.hpp"

#include <fmt/format.h>

#include <utility>

#include "campaign/circuit_estimator.hpp"
#include "campaign/distributed_shots.hpp"
#include "campaign/held_state.hpp"
#include "campaign/memory.hpp"
#include "campaign/restart.hpp"
#include "campaign/thread_plan.hpp"
#include "comm/distributed_engine.hpp"
#include "comm/distributed_sweep.hpp"
#include "core/error.hpp"
#include "engine/distribution.hpp"
#include "perf/load.hpp"

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
    need.table /= ranks_;
    return need;
  }
  void prepare(std::shared_ptr<const Problem> problem, const EngineTerms& terms) override {
    samples_ = problem->train_samples();
    state_ = HeldState(experiment_, problem->qubits());
    if (state_.measured && experiment_.shots.gradient == ShotGradient::shift)
      require_single_gates(state_.circuit);
    lay_out(terms);
    expectation_ = evaluation_work(false);
    gradient_ = evaluation_work(true);
    most_probable_ = most_probable_work(state_.circuit, layout_.kind);
    // The statevector engine runs forward again; the cut engine sends the candidates only.
    if (layout_.kind == EngineKind::sweep) most_probable_.exchanged = expectation_.exchanged;
  }

  std::string name() const override { return experiment_.name; }
  std::string what() const override { return fmt::format("{} angles", state_.circuit.angles); }
  std::string engine() const override { return engine_name(layout_.kind); }
  std::string toml() const override { return to_toml(experiment_); }
  std::string remark() const override { return remark_; }
  IndexMap table_part(int rank) const override { return layout_.part(rank); }
  bool polls() const override { return costs_.table.size() >= long_table; }
  ThreadPlan plan(const Resources& resources, std::uint64_t restarts,
                  bool memory_for_all) const override {
    if (ranks_ > 1) return {1, resources.threads};
    return plan_threads(evaluation_of(state_.circuit, engine_options({})), resources, restarts,
                        memory_for_all);
  }
  MemoryNeed memory(const ThreadPlan& plan, int workers_on_node) const override {
    return state_.need(layout_, engine_options(plan), workers_on_node);
  }
  std::string remedies(double available) const override {
    return kept_ ? fmt::format("; the campaign was started with engine {} and continues with it",
                               engine())
                 : state_.remedies(layout_, available);
  }

  void take(const Costs& costs) override { costs_ = costs; }
  Work work(const RestartResult& r) const override {
    const double evaluations = r.evaluations;
    // With shots, amplitudes cost about as much as an expectation; the exact expectation of every
    // iterate is computed as well.
    if (state_.measured) return (evaluations + r.iterations) * expectation_;
    int strings = r.iterations + 2;  // of the last iterate twice
    if (!r.string_crossings.empty() && r.string_crossings.back().iteration >= 0)
      strings = r.string_crossings.back().iteration + 2;
    return evaluations * gradient_ + strings * most_probable_;
  }
  RestartRunner make_runner(const ThreadPlan& plan, Group* group) const override {
    return group != nullptr ? runner_in_group(plan, *group) : runner(plan);
  }

 private:
  RestartRunner runner(const ThreadPlan& plan) const {
    const std::shared_ptr<Engine> engine =
        make_engine(state_.circuit, costs_.table, engine_options(plan));
    const CostOf cost_of = [table = costs_.table](Index w) { return table[w]; };
    return runner(engine, cost_of,
                  state_.measured ? make_sampler(*engine, costs_.table) : Sampler());
  }
  RestartRunner runner_in_group(const ThreadPlan& plan, Group& group) const {
    const Ranks& ranks = group.ranks();
    const IndexMap part = layout_.part(ranks.rank());
    const CostOf cost_of = [&ranks, part, table = costs_.table](Index w) {
      return distributed_cost(ranks, part, table, w);
    };
    const EngineOptions options = engine_options(plan);
    if (!state_.measured)
      return runner(group.together(make_distributed_engine(ranks, state_.circuit, layout_,
                                                           costs_.table, options)),
                    cost_of, {});
    auto sweep = make_distributed_sweep(ranks, state_.circuit, layout_.plan, costs_.table, options);
    const Sampler sampler = distributed_sampler(group, *sweep, part, costs_.table);
    return runner(group.together(std::move(sweep)), cost_of, sampler);
  }
  /// `sampler` where shots are measured.
  RestartRunner runner(std::shared_ptr<Engine> engine, CostOf cost_of, Sampler sampler) const {
    const RestartOptions restart{.seed = experiment_.restart_seed,
                                 .angles = state_.circuit.angles,
                                 .epsilons = experiment_.epsilons,
                                 .keep_angles = experiment_.keep_angles,
                                 .optimizer = experiment_.optimizer};
    return [this, restart, engine = std::move(engine), cost_of = std::move(cost_of),
            sampler = std::move(sampler)](std::uint64_t id, const RestartHooks& hooks) {
      const auto estimator = sampler
                                 ? make_shot_estimator(state_.circuit, sampler, experiment_.shots,
                                                       samples_, restart.seed, id)
                                 : make_exact_estimator(*engine, cost_of);
      return run_restart({*engine, cost_of, costs_.minimum}, *estimator, restart, id, hooks);
    };
  }
  /// Part of a campaign's identity: the last bits of results depend on how a state is distributed.
  std::string engine_name(EngineKind kind) const {
    return ranks_ > 1 ? fmt::format("{} on {} ranks", to_string(kind), ranks_) : to_string(kind);
  }
  /// A campaign that is continued keeps its engine, independent of the memory of the new run.
  void lay_out(const EngineTerms& terms) {
    HeldState asked = state_;
    for (const EngineKind kind : {EngineKind::sweep, EngineKind::cut})
      if (asked.engine.kind == EngineKind::automatic && terms.begun_with == engine_name(kind))
        asked.engine.kind = kind;
    kept_ = asked.engine.kind != state_.engine.kind;
    layout_ = asked.lay_out(ranks_, terms.engine_memory);
    const std::string reason = asked.reason(layout_, terms.engine_memory);
    if (!reason.empty()) remark_ = fmt::format("engine {}: {}", to_string(layout_.kind), reason);
  }
  /// Summed over the ranks that hold a state; flops and bytes of double precision.
  Work evaluation_work(bool gradient) const {
    if (ranks_ == 1)
      return gradient ? gradient_work(state_.circuit, layout_.kind)
                      : expectation_work(state_.circuit, layout_.kind);
    Work work = evaluation_load(state_.circuit, layout_, Precision::float64, gradient).work;
    const Precision sent = experiment_.precision;
    work.exchanged = gradient ? layout_.gradient_bytes(sent) : layout_.expectation_bytes(sent);
    return ranks_ * work;
  }
  EngineOptions engine_options(const ThreadPlan& plan) const {
    return {layout_.kind, experiment_.precision, plan.threads_per_state, state_.engine.gradient};
  }

  int ranks_;  ///< per state
  Experiment experiment_;
  HeldState state_;
  Distribution layout_;
  bool kept_ = false;  ///< the engine is that of earlier runs
  std::string remark_;
  std::uint64_t samples_ = 0;
  Work expectation_, gradient_, most_probable_;  // of one evaluation
  Costs costs_;
};

}  // namespace

std::unique_ptr<Workload> make_circuit_work(int ranks_per_state) {
  return std::make_unique<CircuitWork>(ranks_per_state);
}

}  // namespace qhn
