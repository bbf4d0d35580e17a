#include "optim/lbfgs.hpp"

#include <cmath>
#include <string>
#include <utility>

#include "core/error.hpp"

namespace qhn {
namespace {

void check(const LbfgsOptions& o) {
  const auto require = [](bool fine, const char* what) {
    if (!fine) throw InputError(std::string("optimizer: ") + what);
  };
  require(o.memory >= 1, "memory must be at least 1");
  require(o.max_iterations >= 0, "max_iterations must not be negative");
  require(o.max_line_search_evaluations >= 1, "a line search needs at least 1 evaluation");
  require(o.gradient_tolerance >= 0.0, "gradient_tolerance must not be negative");
  require(o.approximate_slack >= 0.0, "approximate_slack must not be negative");
  require(0.0 < o.c1 && o.c1 < 0.5 && o.c1 < o.c2 && o.c2 < 1.0,
          "c1 and c2 must satisfy 0 < c1 < 1/2 and c1 < c2 < 1");
}

constexpr std::size_t header_length = 9;

void append(std::vector<double>& numbers, const double* data, Eigen::Index count) {
  numbers.insert(numbers.end(), data, data + count);
}

}  // namespace

std::vector<double> LbfgsState::flatten() const {
  std::vector<double> numbers{static_cast<double>(x.size()),
                              static_cast<double>(rho.size()),
                              static_cast<double>(static_cast<int>(status)),
                              static_cast<double>(iterations),
                              static_cast<double>(evaluations),
                              value,
                              gradient_norm,
                              static_cast<double>(pairs),
                              static_cast<double>(next_pair)};
  append(numbers, x.data(), x.size());
  append(numbers, gradient.data(), gradient.size());
  append(numbers, s.data(), s.size());
  append(numbers, y.data(), y.size());
  append(numbers, rho.data(), rho.size());
  return numbers;
}

LbfgsState LbfgsState::unflatten(std::span<const double> numbers) {
  const auto check_length = [&](std::size_t length) {
    if (numbers.size() < length || (length > header_length && numbers.size() > length))
      throw RunError("a saved optimizer state has " + std::to_string(numbers.size()) +
                     " numbers, not " + std::to_string(length));
  };
  check_length(header_length);
  const auto n = static_cast<Eigen::Index>(numbers[0]);
  const auto memory = static_cast<Eigen::Index>(numbers[1]);
  check_length(header_length + static_cast<std::size_t>(2 * n + 2 * n * memory + memory));

  LbfgsState state;
  state.status = static_cast<OptimizerStatus>(static_cast<int>(numbers[2]));
  state.iterations = static_cast<int>(numbers[3]);
  state.evaluations = static_cast<int>(numbers[4]);
  state.value = numbers[5];
  state.gradient_norm = numbers[6];
  state.pairs = static_cast<int>(numbers[7]);
  state.next_pair = static_cast<int>(numbers[8]);
  const double* next = numbers.data() + header_length;
  const auto take = [&next](Eigen::Index count) { return std::exchange(next, next + count); };
  state.x = Eigen::Map<const Eigen::VectorXd>(take(n), n);
  state.gradient = Eigen::Map<const Eigen::VectorXd>(take(n), n);
  state.s = Eigen::Map<const Eigen::MatrixXd>(take(n * memory), n, memory);
  state.y = Eigen::Map<const Eigen::MatrixXd>(take(n * memory), n, memory);
  state.rho = Eigen::Map<const Eigen::VectorXd>(take(memory), memory);
  return state;
}

Lbfgs::Lbfgs(Objective objective, const LbfgsOptions& options, std::span<const double> start)
    : objective_(std::move(objective)), options_(options) {
  check(options_);
  const auto n = static_cast<Eigen::Index>(start.size());
  state_.x = Eigen::Map<const Eigen::VectorXd>(start.data(), n);
  state_.gradient.setZero(n);
  state_.s.setZero(n, options_.memory);
  state_.y.setZero(n, options_.memory);
  state_.rho.setZero(options_.memory);
  prepare(start.size());

  state_.value = evaluate(state_.x, state_.gradient);
  state_.gradient_norm = state_.gradient.norm();
  check_stop();
}

Lbfgs::Lbfgs(Objective objective, const LbfgsOptions& options, LbfgsState state)
    : objective_(std::move(objective)), options_(options), state_(std::move(state)) {
  check(options_);
  if (state_.rho.size() != options_.memory)
    throw RunError("a saved optimizer state has memory " + std::to_string(state_.rho.size()) +
                   ", the experiment " + std::to_string(options_.memory));
  prepare(static_cast<std::size_t>(state_.x.size()));
}

void Lbfgs::prepare(std::size_t n) {
  const auto size = static_cast<Eigen::Index>(n);
  direction_.setZero(size);
  trial_x_.setZero(size);
  trial_gradient_.setZero(size);
  alpha_.setZero(options_.memory);
  phi_ = [this](double step) {
    trial_step_ = step;
    trial_x_.noalias() = state_.x + step * direction_;
    trial_value_ = evaluate(trial_x_, trial_gradient_);
    return LinePoint{step, trial_value_, trial_gradient_.dot(direction_)};
  };
}

double Lbfgs::evaluate(const Eigen::VectorXd& x, Eigen::VectorXd& gradient) {
  ++state_.evaluations;
  const auto n = static_cast<std::size_t>(x.size());
  return objective_({x.data(), n}, {gradient.data(), n});
}

OptimizerStatus Lbfgs::iterate() {
  if (state_.status != OptimizerStatus::running) return state_.status;
  const int evaluations = state_.evaluations, pairs = state_.pairs;
  SearchOutcome outcome;
  try {
    choose_direction();
    outcome = search();
  } catch (...) {  // thrown by the objective
    state_.evaluations = evaluations;
    state_.pairs = pairs;
    throw;
  }
  switch (outcome) {
    case SearchOutcome::not_finite:
      return state_.status = OptimizerStatus::diverged;
    case SearchOutcome::stalled:
      return state_.status = OptimizerStatus::stalled_line_search;
    case SearchOutcome::accepted:
      break;
  }
  keep_pair();
  state_.x.swap(trial_x_);
  state_.gradient.swap(trial_gradient_);
  state_.value = trial_value_;
  state_.gradient_norm = state_.gradient.norm();
  ++state_.iterations;
  check_stop();
  return state_.status;
}

void Lbfgs::choose_direction() {
  const Eigen::VectorXd& g = state_.gradient;
  if (state_.pairs > 0) {
    const auto column = [this](int age) {
      return (state_.next_pair - age + options_.memory) % options_.memory;
    };
    direction_ = -g;
    for (int age = 1; age <= state_.pairs; ++age) {
      const int k = column(age);
      alpha_[k] = state_.rho[k] * state_.s.col(k).dot(direction_);
      direction_.noalias() -= alpha_[k] * state_.y.col(k);
    }
    const int newest = column(1);
    direction_ *= 1.0 / (state_.rho[newest] * state_.y.col(newest).squaredNorm());
    for (int age = state_.pairs; age >= 1; --age) {
      const int k = column(age);
      const double beta = state_.rho[k] * state_.y.col(k).dot(direction_);
      direction_.noalias() += (alpha_[k] - beta) * state_.s.col(k);
    }
    slope_ = g.dot(direction_);
    if (slope_ < 0.0) return;
    state_.pairs = 0;  // happens only through rounding
  }
  direction_ = g / -state_.gradient_norm;
  slope_ = g.dot(direction_);
}

SearchOutcome Lbfgs::search() {
  // Without a descent (a gradient tolerance of 0 at a stationary point) no step can be better.
  if (!(slope_ < 0.0)) return SearchOutcome::stalled;
  LineSearchOptions line;
  line.c1 = options_.c1;
  line.c2 = options_.c2;
  line.approximate_slack = options_.approximate_slack;
  line.max_evaluations = options_.max_line_search_evaluations;
  const SearchOutcome outcome = hager_zhang_search(phi_, {0.0, state_.value, slope_}, 1.0, line);
  // A component of the gradient may be infinite while the slope is finite.
  if (outcome == SearchOutcome::accepted && !std::isfinite(trial_gradient_.squaredNorm()))
    return SearchOutcome::not_finite;
  return outcome;
}

// Turns direction_ and the old gradient, which are no longer needed, into s and y.
void Lbfgs::keep_pair() {
  direction_ *= trial_step_;
  state_.gradient = trial_gradient_ - state_.gradient;
  const auto& s = direction_;
  const auto& y = state_.gradient;
  const double sy = s.dot(y);
  if (!(sy > options_.curvature_floor * trial_gradient_.norm() * s.squaredNorm())) return;
  const int k = state_.next_pair;
  state_.s.col(k) = s;
  state_.y.col(k) = y;
  state_.rho[k] = 1.0 / sy;
  state_.next_pair = (k + 1) % options_.memory;
  if (state_.pairs < options_.memory) ++state_.pairs;
}

void Lbfgs::check_stop() {
  if (!std::isfinite(state_.value) || !std::isfinite(state_.gradient_norm))
    state_.status = OptimizerStatus::diverged;
  else if (state_.gradient_norm <= options_.gradient_tolerance)
    state_.status = OptimizerStatus::converged;
  else if (state_.iterations >= options_.max_iterations)
    state_.status = OptimizerStatus::iteration_limit;
}

}  // namespace qhn
