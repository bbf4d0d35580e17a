#include "optim/optimizer.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <tuple>
#include <utility>

#include "core/error.hpp"

namespace qhn {
namespace {

class LbfgsOptimizer final : public Optimizer {
 public:
  LbfgsOptimizer(const LbfgsOptions& options, Estimator& estimator)
      : options_(options),
        objective_([&estimator](std::span<const double> x, std::span<double> gradient) {
          return estimator.value_and_gradient(x, gradient);
        }) {}

  void start(std::span<const double> x) override { lbfgs_.emplace(objective_, options_, x); }
  void restore(std::span<const double> numbers) override {
    lbfgs_.emplace(objective_, options_, LbfgsState::unflatten(numbers));
  }
  std::vector<double> save() const override { return state().flatten(); }
  void iterate() override { lbfgs_->iterate(); }
  OptimizerStatus status() const override { return state().status; }
  int iterations() const override { return state().iterations; }
  std::span<const double> x() const override {
    return {state().x.data(), static_cast<std::size_t>(state().x.size())};
  }
  std::optional<double> value() const override { return state().value; }
  double gradient_norm() const override { return state().gradient_norm; }

 private:
  const LbfgsState& state() const { return lbfgs_->state(); }

  LbfgsOptions options_;
  Objective objective_;
  std::optional<Lbfgs> lbfgs_;
};

bool all_finite(std::span<const double> numbers) {
  return std::all_of(numbers.begin(), numbers.end(), [](double x) { return std::isfinite(x); });
}

/// Steps along estimated gradients until an iteration limit. A step that leads to no finite x, or
/// comes from no finite gradient, is not taken and ends it as diverged.
class GradientDescent : public Optimizer {
 public:
  GradientDescent(int max_iterations, Estimator& estimator)
      : max_iterations_(max_iterations), estimator_(estimator) {}

  void start(std::span<const double> x) override {
    x_.assign(x.begin(), x.end());
    gradient_.assign(x.size(), 0.0);
    begin(x.size());
  }
  std::vector<double> save() const override {
    std::vector<double> numbers{static_cast<double>(iterations_), static_cast<double>(x_.size()),
                                diverged_ ? 1.0 : 0.0};
    numbers.insert(numbers.end(), x_.begin(), x_.end());
    numbers.insert(numbers.end(), gradient_.begin(), gradient_.end());
    const std::vector<double> rule = save_rule();
    numbers.insert(numbers.end(), rule.begin(), rule.end());
    return numbers;
  }
  void restore(std::span<const double> numbers) override {
    const auto require = [&](bool fine) {
      if (!fine)
        throw RunError("a saved optimizer state of " + std::to_string(numbers.size()) +
                       " numbers is not complete");
    };
    require(numbers.size() >= 3 && numbers[1] >= 0);
    const auto n = static_cast<std::size_t>(numbers[1]);
    require((numbers.size() - 3) / 2 >= n);
    iterations_ = static_cast<int>(numbers[0]);
    diverged_ = numbers[2] != 0.0;
    const auto x = numbers.subspan(3, n), gradient = numbers.subspan(3 + n, n);
    x_.assign(x.begin(), x.end());
    gradient_.assign(gradient.begin(), gradient.end());
    begin(n);
    restore_rule(numbers.subspan(3 + 2 * n));
  }
  void iterate() override {
    if (status() != OptimizerStatus::running) return;
    trial_x_ = x_;
    trial_gradient_ = gradient_;
    estimator_.gradient(trial_x_, trial_gradient_);
    step(iterations_, trial_gradient_, trial_x_);
    diverged_ = !all_finite(trial_x_) || !all_finite(trial_gradient_);
    if (diverged_) return;
    x_.swap(trial_x_);
    gradient_.swap(trial_gradient_);
    ++iterations_;
  }
  OptimizerStatus status() const override {
    if (diverged_) return OptimizerStatus::diverged;
    return iterations_ >= max_iterations_ ? OptimizerStatus::iteration_limit
                                          : OptimizerStatus::running;
  }
  int iterations() const override { return iterations_; }
  std::span<const double> x() const override { return x_; }
  std::optional<double> value() const override { return std::nullopt; }
  double gradient_norm() const override {
    return std::sqrt(
        std::inner_product(gradient_.begin(), gradient_.end(), gradient_.begin(), 0.0));
  }

 protected:
  /// The rule: moves `x` by one step along `gradient`.
  virtual void begin(std::size_t dimensions) = 0;
  virtual void step(int iteration, std::span<const double> gradient, std::span<double> x) = 0;
  Estimator& estimator() { return estimator_; }
  virtual std::vector<double> save_rule() const = 0;
  virtual void restore_rule(std::span<const double> numbers) = 0;

 private:
  int max_iterations_;
  Estimator& estimator_;
  int iterations_ = 0;
  bool diverged_ = false;
  std::vector<double> x_, gradient_, trial_x_, trial_gradient_;
};

class AdamOptimizer final : public GradientDescent {
 public:
  AdamOptimizer(const OptimizerOptions& options, Estimator& estimator)
      : GradientDescent(options.max_iterations, estimator), options_(options.adam) {}

 private:
  void begin(std::size_t dimensions) override { adam_.emplace(options_, dimensions); }
  void step(int, std::span<const double> gradient, std::span<double> x) override {
    adam_->step(gradient, x);
  }
  std::vector<double> save_rule() const override { return adam_->flatten(); }
  void restore_rule(std::span<const double> numbers) override { adam_->restore(numbers); }

  AdamOptions options_;
  std::optional<Adam> adam_;
};

class SpsaOptimizer final : public GradientDescent {
 public:
  SpsaOptimizer(const OptimizerOptions& options, Estimator& estimator)
      : GradientDescent(options.max_iterations, estimator), options_(options.spsa) {}

 private:
  void begin(std::size_t) override {}
  void step(int iteration, std::span<const double> gradient, std::span<double> x) override {
    const double gain = options_.step(iteration);
    for (std::size_t k = 0; k < x.size(); ++k) x[k] -= gain * gradient[k];
  }
  std::vector<double> save_rule() const override { return {}; }
  void restore_rule(std::span<const double> numbers) override {
    if (!numbers.empty()) throw RunError("a saved state of SPSA has numbers that it does not know");
  }

  SpsaOptions options_;
};

/// With blocking: f is estimated first_estimates times at the start, then once at every trial step.
/// A step that raises it by more than twice the standard deviation of the first estimates is
/// refused: x stays.
class QnSpsaOptimizer final : public GradientDescent {
 public:
  QnSpsaOptimizer(const OptimizerOptions& options, Estimator& estimator)
      : GradientDescent(options.max_iterations, estimator), options_(options.qnspsa) {
    if (!estimator.metric()) throw InputError("qnspsa needs an estimator that has a metric");
  }

 private:
  static constexpr int trials = QnSpsaOptions::first_estimates;
  static constexpr std::size_t own_numbers = 2;

  void begin(std::size_t dimensions) override {
    rule_.emplace(options_, dimensions);
    value_ = tolerance_ = 0.0;
  }
  void step(int iteration, std::span<const double> gradient, std::span<double> x) override {
    // If an estimate throws, the rule is as before.
    Eigen::MatrixXd metric = rule_->metric_so_far();
    estimator().metric()->add_metric(x, rule_->own_weight(), metric);
    QnSpsa next = *rule_;
    double value = value_, tolerance = tolerance_;
    if (options_.blocking && iteration == 0) std::tie(value, tolerance) = first_estimate(x);
    std::vector<double> moved(x.begin(), x.end());
    next.step(std::move(metric), gradient, moved);
    bool refused = false;
    if (options_.blocking && all_finite(moved)) {
      const double there = estimator().value(moved);
      refused = there > value + tolerance;
      if (!refused) value = there;
    }
    rule_ = std::move(next);
    value_ = value;
    tolerance_ = tolerance;
    if (!refused) std::ranges::copy(moved, x.begin());
  }
  std::pair<double, double> first_estimate(std::span<const double> x) {
    std::vector<double> values(trials);
    for (double& value : values) value = estimator().value(x);
    const double mean = std::accumulate(values.begin(), values.end(), 0.0) / trials;
    double squares = 0.0;
    for (const double value : values) squares += (value - mean) * (value - mean);
    return {mean, 2.0 * std::sqrt(squares / (trials - 1))};
  }
  std::vector<double> save_rule() const override {
    std::vector<double> numbers{value_, tolerance_};
    const std::vector<double> rule = rule_->flatten();
    numbers.insert(numbers.end(), rule.begin(), rule.end());
    return numbers;
  }
  void restore_rule(std::span<const double> numbers) override {
    if (numbers.size() < own_numbers) throw RunError("a saved state of QN-SPSA is not complete");
    rule_->restore(numbers.subspan(own_numbers));
    value_ = numbers[0];
    tolerance_ = numbers[1];
  }

  QnSpsaOptions options_;
  std::optional<QnSpsa> rule_;
  double value_ = 0.0, tolerance_ = 0.0;  ///< of blocking: f at x as estimated, and 2 σ
};

}  // namespace

const char* to_string(OptimizerKind kind) {
  constexpr const char* names[] = {"lbfgs", "adam", "spsa", "qnspsa"};
  return names[static_cast<std::size_t>(kind)];
}

std::unique_ptr<Optimizer> make_optimizer(const OptimizerOptions& options, Estimator& estimator) {
  switch (options.kind) {
    case OptimizerKind::adam:
      return std::make_unique<AdamOptimizer>(options, estimator);
    case OptimizerKind::spsa:
      return std::make_unique<SpsaOptimizer>(options, estimator);
    case OptimizerKind::qnspsa:
      return std::make_unique<QnSpsaOptimizer>(options, estimator);
    case OptimizerKind::lbfgs:
      break;
  }
  return std::make_unique<LbfgsOptimizer>(options.lbfgs, estimator);
}

}  // namespace qhn
