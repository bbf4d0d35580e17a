// The rows gradient and forward: E(θ) with and without ∇E, at fresh random angles every time.

#include <algorithm>
#include <cmath>
#include <memory>

#include "bench.hpp"
#include "engine/reference.hpp"
#include "engine/sweep_engine.hpp"
#include "falsify.hpp"
#include "truth.hpp"

namespace qhn {
namespace {

constexpr int most_naive_qubits = 17;  // beyond, one-body costs give the truth

struct Evaluation {
  Family family;
  int qubits, sublayers;
  bool random_start;
  bool gradient;
  int threads;
  bool apart = false;  ///< a state on each thread instead of one on all
};

class Evaluator {
 public:
  /// `cost` is filled here.
  Evaluator(const Evaluation& what, AlignedVector<double>& cost, bool broken)
      : what_(what),
        circuit_(make_circuit(what.family, what.qubits, what.sublayers)),
        cost_(cost),
        rng_(7, Stream::synthetic, static_cast<std::uint64_t>(what.qubits)),
        angles_(static_cast<std::size_t>(circuit_.angles)),
        gradient_(angles_.size()) {
    const EngineOptions options{EngineKind::automatic, Precision::float64,
                                what.apart ? 1 : what.threads};
    fill_random(cost_, 1, options.threads);
    if (what.random_start) {
      start_.resize(cost_.size());
      engine_ = make_sweep_engine_from(circuit_, cost_, start_, options);
    } else {
      engine_ = make_engine(circuit_, cost_, options);
    }
    if (broken) engine_ = falsify(std::move(engine_));
  }

  void run() {
    fill_angles(angles_, rng_);
    value_ = what_.gradient ? engine_->expectation_and_gradient(angles_, gradient_)
                            : engine_->expectation(angles_);
  }

  bool verify() {
    bool good;
    if (what_.qubits > most_naive_qubits) {
      // Where a register this wide can be checked: one-body costs, from |0…0⟩.
      std::vector<double> weights(static_cast<std::size_t>(what_.qubits));
      fill_random(weights, 2, 1);
      fill_one_body(cost_, weights, what_.threads);
      if (what_.random_start) std::ranges::fill(start_, Complex(0.0));
      if (what_.random_start) start_[0] = 1.0;
      run();
      good = agrees(one_body_truth(circuit_, weights, angles_));
      fill_random(cost_, 1, what_.threads);
      if (what_.random_start) fill_random_state(start_, 3, what_.threads);
    } else if (what_.random_start) {
      fill_random_state(start_, 3, what_.threads);
      run();
      good = agrees_from_start();
    } else {
      run();
      Derivatives truth;
      truth.gradient.resize(gradient_.size());
      auto reference = make_engine(circuit_, cost_, {EngineKind::reference});
      truth.value = what_.gradient ? reference->expectation_and_gradient(angles_, truth.gradient)
                                   : reference->expectation(angles_);
      good = agrees(truth);
    }
    return good;
  }

 private:
  bool agrees(const Derivatives& truth) const {
    bool good = near(value_, truth.value);
    if (what_.gradient)
      for (std::size_t k = 0; k < gradient_.size(); ++k)
        good = good && near(gradient_[k], truth.gradient[k]);
    return good;
  }

  /// All of E, and some derivatives spread over the angles.
  bool agrees_from_start() const {
    bool good = near(value_, reference_expectation(naive_state(circuit_, start_, angles_), cost_));
    if (what_.gradient)
      for (std::size_t k = 0; k < angles_.size(); k += angles_.size() / 4 + 1)
        good = good && near(gradient_[k], naive_derivative(circuit_, cost_, start_, angles_, k));
    return good;
  }

  Evaluation what_;
  Circuit circuit_;
  AlignedVector<double>& cost_;
  AlignedVector<Complex> start_;
  CounterRng rng_;
  std::vector<double> angles_, gradient_;
  double value_ = 0.0;
  std::unique_ptr<Engine> engine_;
};

/// The evaluators of a row, one or one on each thread, with the table that they share.
class Evaluators {
 public:
  Evaluators(const Evaluation& what, bool broken) : cost_(dimension(what.qubits)) {
    each_.resize(static_cast<std::size_t>(what.apart ? what.threads : 1));
    for_each([&](auto& one) { one = std::make_unique<Evaluator>(what, cost_, broken); });
  }
  void run() {
    for_each([](auto& one) { one->run(); });
  }
  bool verify() {  // this changes the table
    return std::ranges::all_of(each_, [](auto& one) { return one->verify(); });
  }

 private:
  template <class F>
  void for_each(F f) {
    if (each_.size() == 1) return f(each_[0]);  // whose engine may open threads of its own
#pragma omp parallel for num_threads(each_.size()) schedule(static, 1)
    for (auto& one : each_) f(one);
  }

  AlignedVector<double> cost_;
  std::vector<std::unique_ptr<Evaluator>> each_;
};

/// "gradient" and "forward" are the linear family; others carry its name.
std::string benchmark_name(const Evaluation& what) {
  const std::string name = what.gradient ? (what.apart ? "gradient-apart" : "gradient") : "forward";
  return what.family == Family::linear ? name : name + "-" + to_string(what.family);
}

/// `iterations`: in one repetition.
void add(const BenchOptions& options, const Evaluation& what, int iterations,
         std::vector<Case>& cases) {
  const Circuit circuit = make_circuit(what.family, what.qubits, what.sublayers);
  const ExecutionPlan plan =
      plan_execution(circuit, {{what.random_start ? EngineKind::sweep : EngineKind::automatic}});
  const double states = what.apart ? what.threads : 1.0;
  const Row row{.benchmark = benchmark_name(what),
                .start = what.random_start ? "random" : "zero",
                .qubits = what.qubits,
                .sublayers = what.sublayers,
                .threads = what.threads,
                .work = what.gradient ? gradient_work(plan, what.random_start)
                                      : expectation_work(plan, what.random_start),
                .batch = states,
                .detail = to_string(plan.engine.kind)};
  const double size = static_cast<double>(dimension(what.qubits));
  const bool broken = options.breaks(row.benchmark);
  const auto prepare = [=] {
    auto evaluator = std::make_shared<Evaluators>(what, broken);
    return Task{[=] { evaluator->run(); }, [=] { return evaluator->verify(); }, ""};
  };
  const double table = 8 * size, start = what.random_start ? 16 * size : 0;
  cases.push_back({row, iterations, table + states * (plan.engine_bytes + start), prepare});
}

}  // namespace

void add_evaluations(const BenchOptions& options, std::vector<Case>& cases) {
  const bool full = options.extent == Extent::full;
  const int all = options.threads;
  const auto linear = [&](int qubits, int sublayers, bool gradient, int threads, int from_zero,
                          int from_random) {
    add(options, {Family::linear, qubits, sublayers, false, gradient, threads}, from_zero, cases);
    if (from_random > 0)
      add(options, {Family::linear, qubits, sublayers, true, gradient, threads}, from_random,
          cases);
  };
  // A state on each thread and one on all, at the same size; of 0 iterations: none.
  const auto crossover = [&](int qubits, int sublayers, int from_zero, int from_random) {
    for (const bool random : {false, true})
      for (const bool apart : {false, true})
        if (const int iterations = random ? from_random : from_zero; all > 1 && iterations > 0)
          add(options, {Family::linear, qubits, sublayers, random, true, all, apart}, iterations,
              cases);
  };
  if (options.extent == Extent::smoke) {
    for (bool gradient : {true, false}) {
      linear(9, 4, gradient, 1, 2, 2);
      if (!gradient) linear(9, 4, gradient, all, 2, 2);
      for (Family family : {Family::product, Family::all_to_all})
        add(options, {family, 8, 3, false, gradient, 1}, 2, cases);
    }
    crossover(9, 4, 2, 2);
    linear(18, 3, true, 1, 1, 1);  // wide enough to take the one-body truth
    return;
  }
  linear(14, 4, true, 1, 1000, 40);
  linear(17, 4, true, 1, 400, 5);
  linear(20, 8, true, 1, 4, 1);
  crossover(14, 4, 1000, 40);
  crossover(17, 4, 400, 5);
  crossover(20, 8, 4, 1);
  if (full) crossover(18, 4, 200, 4);
  if (full) crossover(19, 6, 20, 2);
  if (full) crossover(22, 4, 8, 0);
  for (Family family : {Family::product, Family::all_to_all})
    add(options, {family, 14, 6, false, true, 1}, 100, cases);
  if (full) crossover(24, 4, 1, 1);

  linear(10, 4, false, 1, 2000, 0);
  linear(14, 4, false, 1, 1000, 100);
  linear(17, 4, false, 1, 400, 12);
  linear(24, 4, false, all, 2, 1);
  linear(26, 4, false, all, 1, full ? 1 : 0);
}

}  // namespace qhn
