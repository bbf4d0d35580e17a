#include "app/circuit_work.hpp"

#include <fmt/format.h>

#include <utility>

#include "core/error.hpp"
#include "farm/restart.hpp"
#include "farm/shot_restart.hpp"

namespace qhn {
namespace {

class CircuitWork : public Workload {
 public:
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
  MemoryNeed least_memory(int bits) const override { return least_memory_need(bits); }
  void prepare(std::shared_ptr<const Problem> problem) override {
    samples_ = problem->train_samples();
    circuit_ = make_circuit(experiment_, problem->qubits());
    if (measures() && experiment_.shots.gradient == ShotGradient::shift)
      require_single_gates(circuit_);
    expectation_ = expectation_work(circuit_, experiment_.engine);
    gradient_ = gradient_work(circuit_, experiment_.engine);
    most_probable_ = most_probable_work(circuit_, experiment_.engine);
  }

  std::string name() const override { return experiment_.name; }
  std::string what() const override { return fmt::format("{} angles", circuit_.angles); }
  std::string engine() const override {
    return to_string(experiment_.engine == EngineKind::automatic ? choose_engine(circuit_)
                                                                 : experiment_.engine);
  }
  std::string toml() const override { return to_toml(experiment_); }
  bool polls() const override { return costs_.table.size() >= long_table; }
  ThreadPlan plan(const Resources& resources, std::uint64_t restarts,
                  bool memory_for_all) const override {
    return plan_threads(evaluation_of(circuit_, engine_options({})), resources, restarts,
                        memory_for_all);
  }
  MemoryNeed memory(const ThreadPlan& plan, int workers_on_node) const override {
    MemoryNeed need = memory_need(circuit_, engine_options(plan), workers_on_node);
    if (measures())  // the amplitudes that are measured
      need.states += workers_on_node * static_cast<double>(sizeof(Complex)) *
                     static_cast<double>(dimension(circuit_.qubits));
    return need;
  }

  void take(const Costs& costs) override { costs_ = costs; }
  Work work(const RestartResult& r) const override {
    const double evaluations = r.evaluations;
    // Where shots are measured: amplitudes take about what their expectation takes, and that of
    // every iterate is looked at too.
    if (measures()) return (evaluations + r.iterations) * expectation_;
    int strings = r.iterations + 2;  // the last one is looked at again
    if (!r.string_crossings.empty() && r.string_crossings.back().iteration >= 0)
      strings = r.string_crossings.back().iteration + 2;
    return evaluations * gradient_ + strings * most_probable_;
  }
  RestartRunner make_runner(const ThreadPlan& plan) const override {
    const RestartOptions restart{.seed = experiment_.restart_seed,
                                 .angles = circuit_.angles,
                                 .epsilons = experiment_.epsilons,
                                 .keep_angles = experiment_.keep_angles,
                                 .optimizer = experiment_.optimizer};
    const std::shared_ptr<Engine> engine =
        make_engine(circuit_, costs_.table, engine_options(plan));
    if (measures()) {
      const ShotTask task{&circuit_, costs_.table, costs_.minimum, samples_, experiment_.shots};
      return [=](std::uint64_t id, const RestartHooks& hooks) {
        return run_shot_restart(*engine, task, restart, id, hooks);
      };
    }
    return [=, costs = costs_](std::uint64_t id, const RestartHooks& hooks) {
      return run_restart(*engine, costs.table, costs.minimum, restart, id, hooks);
    };
  }

 private:
  bool measures() const { return experiment_.optimizer_kind != OptimizerKind::lbfgs; }
  EngineOptions engine_options(const ThreadPlan& plan) const {
    return {experiment_.engine, experiment_.precision, plan.threads_per_state};
  }

  Experiment experiment_;
  Circuit circuit_;
  std::uint64_t samples_ = 0;
  Work expectation_, gradient_, most_probable_;  // of one evaluation
  Costs costs_;
};

}  // namespace

std::unique_ptr<Workload> make_circuit_work() { return std::make_unique<CircuitWork>(); }

}  // namespace qhn
