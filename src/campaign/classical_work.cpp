#include "campaign/classical_work.hpp"

#include <fmt/format.h>
#include <omp.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cmath>

#include "baseline/method.hpp"
#include "campaign/memory.hpp"
#include "core/costs.hpp"
#include "core/error.hpp"
#include "perf/operations.hpp"
#include "problem/data.hpp"
#include "problem/network.hpp"
#include "record/energy.hpp"

namespace qhn {
namespace {

class ClassicalWork : public Workload {
 public:
  Experiment read(const std::string& path, const std::vector<std::string>& overrides) override {
    Experiment experiment = read_experiment(path, overrides);
    // Costs that differ from the target by rounding only reach it.
    if (const auto target = experiment.problem.target)
      experiment.epsilons = {target_slack(*target)};
    if (experiment.baseline.method == Method::enumeration) {
      experiment.restart_count = 1;  // all restarts would be the same
      experiment.rule = {};
    }
    experiment_ = experiment;
    return experiment;
  }
  MemoryNeed least_memory(int bits) const override { return need(bits); }
  void prepare(std::shared_ptr<const Problem> problem, const EngineTerms&) override {
    constexpr int most_bits = 48;  // takes days at 1e9 networks per second
    if (experiment_.baseline.method == Method::enumeration && problem->bits() > most_bits)
      throw InputError(fmt::format("enumeration evaluates all 2^{} networks; allowed: up to 2^{}",
                                   problem->bits(), most_bits));
    problem_ = std::move(problem);
  }

  std::string name() const override {
    return fmt::format("{} {}", experiment_.name, describe(experiment_.baseline));
  }
  std::string what() const override { return describe(experiment_.baseline); }
  std::string engine() const override { return "classical"; }
  std::string toml() const override { return to_baseline_toml(experiment_); }
  bool needs_table() const override { return !experiment_.problem.target; }
  bool polls() const override { return true; }
  bool tunes() const override { return true; }
  int assign_threads(const Resources& resources, std::uint64_t) override {
    return resources.threads;
  }
  MemoryNeed memory(int) const override { return need(problem_->bits()); }

  void take(std::span<const double> table, const Reference& reference) override {
    task_.samples = problem_->train_samples();
    task_.network = problem_->network();
    task_.data = problem_->data() ? &problem_->data()->train : nullptr;
    task_.costs = problem_.get();
    if (!table.empty()) task_.costs = &table_.emplace(table);
    run_ = {experiment_.baseline, default_settings(experiment_.baseline), experiment_.restart_seed,
            reference.cost, experiment_.epsilons};
  }
  std::optional<MethodSummary> tune(int threads, const std::atomic<bool>& stop) override {
    omp_set_num_threads(threads);
    const std::optional<Tuning> tuning = qhn::tune(task_, run_, stop);
    if (!tuning) return std::nullopt;
    if (tuning->bill.evaluations > 0)
      spdlog::info("tuned with {} evaluations ({} samples): {}", tuning->bill.evaluations,
                   tuning->bill.samples, to_string(tuning->settings));
    run_.settings = tuning->settings;
    const bool nested = experiment_.baseline.method == Method::nested;
    return MethodSummary{describe(experiment_.baseline), to_string(tuning->settings), tuning->bill,
                         nested ? inner_training_samples(task_, run_) : 0};
  }
  void take(const MethodSummary& method) override {
    run_.settings = parse_settings(method.settings);
  }
  Work work(const RestartResult& result) const override { return work_of(result.oracle.total()); }
  Work tuning_work(const MethodSummary& method) const override { return work_of(method.tuning); }
  RestartRunner make_runner(Group*) const override {
    return [this](std::uint64_t id, const RestartHooks&) -> std::optional<RestartResult> {
      try {
        return run_baseline(task_, run_, id);
      } catch (const Abandoned&) {
        return std::nullopt;  // stopped; classical methods save no checkpoint
      }
    };
  }

 private:
  MemoryNeed need(int bits) const {
    return {bits, needs_table() ? std::ldexp(8.0, bits) : 0.0, 0.0};
  }

  // A loss from the table reads 8 bytes; otherwise each counted sample is one forward pass.
  Work work_of(const OracleCount& count) const {
    if (needs_table() && !trains_networks(experiment_.baseline.method))
      return {0.0, 8.0 * static_cast<double>(count.evaluations)};
    const double flops = task_.network ? forward_flops(task_.network->resolve(0)) : not_known;
    return {flops * static_cast<double>(count.samples), 0.0};
  }

  Experiment experiment_;
  std::shared_ptr<const Problem> problem_;
  std::optional<CostsInMemory> table_;
  BaselineTask task_;
  BaselineRun run_;
};

}  // namespace

std::unique_ptr<Workload> make_classical_work() { return std::make_unique<ClassicalWork>(); }

}  // namespace qhn
