#include "app/circuit_work.hpp"

#include <fmt/format.h>

#include <utility>

#include "app/held_state.hpp"
#include "core/error.hpp"
#include "dist/engine.hpp"
#include "dist/sweep.hpp"
#include "farm/restart.hpp"
#include "farm/shot_restart.hpp"
#include "farm/spread_shots.hpp"
#include "predict/load.hpp"

namespace qhn {
namespace {

class CircuitWork : public Workload {
 public:
  explicit CircuitWork(int ranks_per_state) : ranks_(ranks_per_state) {}

  Experiment read(const std::string& path, const std::vector<std::string>& overrides) override {
    Experiment experiment = read_experiment(path, overrides);
    if (experiment.problem.target)
      throw InputError(fmt::format(
          "{}: problem.target is for qhn baseline; circuits are trained on a table, whose minimum "
          "is known",
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
    // A state is run forward again; of a cut nothing but the candidates is sent.
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
    return kept_ ? fmt::format("; the campaign was begun with engine {} and keeps to it", engine())
                 : state_.remedies(layout_, available);
  }

  void take(const Costs& costs) override { costs_ = costs; }
  Work work(const RestartResult& r) const override {
    const double evaluations = r.evaluations;
    // Where shots are measured: amplitudes take about what their expectation takes, and that of
    // every iterate is looked at too.
    if (state_.measured) return (evaluations + r.iterations) * expectation_;
    int strings = r.iterations + 2;  // the last one is looked at again
    if (!r.string_crossings.empty() && r.string_crossings.back().iteration >= 0)
      strings = r.string_crossings.back().iteration + 2;
    return evaluations * gradient_ + strings * most_probable_;
  }
  RestartRunner make_runner(const ThreadPlan& plan, Group* group) const override {
    const RestartOptions restart{.seed = experiment_.restart_seed,
                                 .angles = state_.circuit.angles,
                                 .epsilons = experiment_.epsilons,
                                 .keep_angles = experiment_.keep_angles,
                                 .optimizer = experiment_.optimizer};
    const ShotTask shots{&state_.circuit, costs_.minimum, samples_, experiment_.shots};
    if (group != nullptr) {
      const Ranks& ranks = group->ranks();
      const IndexMap part = layout_.part(ranks.rank());
      const CostOf cost_of = [&ranks, part, table = costs_.table](Index w) {
        return spread_cost(ranks, part, table, w);
      };
      if (state_.measured) {
        auto sweep = make_distributed_sweep(ranks, state_.circuit, layout_.plan, costs_.table,
                                            engine_options(plan));
        const Sampler sampler = spread_sampler(*group, *sweep, part, costs_.table);
        const std::shared_ptr<Engine> engine = group->together(std::move(sweep));
        return [=](std::uint64_t id, const RestartHooks& hooks) {
          return run_shot_restart(*engine, sampler, cost_of, shots, restart, id, hooks);
        };
      }
      const std::shared_ptr<Engine> engine = group->together(make_distributed_engine(
          ranks, state_.circuit, layout_, costs_.table, engine_options(plan)));
      return [=, minimum = costs_.minimum](std::uint64_t id, const RestartHooks& hooks) {
        return run_restart(*engine, cost_of, minimum, restart, id, hooks);
      };
    }
    const std::shared_ptr<Engine> engine =
        make_engine(state_.circuit, costs_.table, engine_options(plan));
    if (state_.measured)
      return [=, costs = costs_.table](std::uint64_t id, const RestartHooks& hooks) {
        return run_shot_restart(*engine, costs, shots, restart, id, hooks);
      };
    return [=, costs = costs_](std::uint64_t id, const RestartHooks& hooks) {
      return run_restart(*engine, costs.table, costs.minimum, restart, id, hooks);
    };
  }

 private:
  /// The last bits depend on how a state is spread, so this belongs to a campaign's identity.
  std::string engine_name(EngineKind kind) const {
    return ranks_ > 1 ? fmt::format("{} on {} ranks", to_string(kind), ranks_) : to_string(kind);
  }
  /// A campaign keeps to its engine, however much memory there is for those that go on with it.
  void lay_out(const EngineTerms& terms) {
    HeldState asked = state_;
    for (const EngineKind kind : {EngineKind::sweep, EngineKind::cut})
      if (asked.engine.kind == EngineKind::automatic && terms.begun_with == engine_name(kind))
        asked.engine.kind = kind;
    kept_ = asked.engine.kind != state_.engine.kind;
    layout_ = asked.spread(ranks_, terms.room);
    const std::string reason = asked.reason(layout_, terms.room);
    if (!reason.empty()) remark_ = fmt::format("engine {}: {}", to_string(layout_.kind), reason);
  }
  /// Of all ranks that hold a state; flops and bytes of double precision.
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

  int ranks_;  ///< that hold a state
  Experiment experiment_;
  HeldState state_;
  Distribution layout_;
  bool kept_ = false;  ///< its engine is that of the runs before
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
