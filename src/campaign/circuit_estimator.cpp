#include "campaign/circuit_estimator.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numbers>
#include <set>
#include <utility>

#include "core/aligned.hpp"
#include "core/error.hpp"
#include "engine/measure.hpp"

namespace qhn {
namespace {

/// |⟨a|b⟩|²
double fidelity(std::span<const Complex> a, std::span<const Complex> b) {
  double re = 0.0, im = 0.0;
  for (std::size_t w = 0; w < a.size(); ++w) {
    re += a[w].real() * b[w].real() + a[w].imag() * b[w].imag();
    im += a[w].real() * b[w].imag() - a[w].imag() * b[w].real();
  }
  return re * re + im * im;
}

class ExactEstimator final : public CircuitEstimator {
 public:
  ExactEstimator(Engine& engine, const CostFunction& costs) : engine_(engine), costs_(costs) {}

  double value(std::span<const double> x) override { return counted(engine_.expectation(x)); }
  void gradient(std::span<const double> x, std::span<double> gradient) override {
    value_and_gradient(x, gradient);
  }
  double value_and_gradient(std::span<const double> x, std::span<double> gradient) override {
    return counted(engine_.expectation_and_gradient(x, gradient));
  }
  int evaluations() const override { return evaluations_; }
  std::vector<double> save() const override { return {static_cast<double>(evaluations_)}; }
  void restore(std::span<const double> numbers) override {
    if (numbers.size() != 1)
      throw RunError(fmt::format("a saved exact estimator has {} numbers, not 1", numbers.size()));
    evaluations_ = static_cast<int>(numbers[0]);
  }
  bool exact() const override { return true; }
  ReturnedNetwork select(std::span<const double> x) override {
    const MostProbable best = engine_.strings()->most_probable(x);
    const BitString network(costs_.bits(), best.index);
    return {network, costs_(network), best.probability};
  }

 private:
  double counted(double value) {
    ++evaluations_;
    return value;
  }

  Engine& engine_;
  const CostFunction& costs_;
  int evaluations_ = 0;
};

class ShotEstimator final : public CircuitEstimator, public MetricSource {
 public:
  ShotEstimator(const Circuit& circuit, const Sampler& sampler, const ShotOptions& options,
                std::uint64_t samples, std::uint64_t seed, std::uint64_t id,
                const Fidelities& fidelities)
      : qubits_(circuit.qubits),
        live_(live_angles(circuit)),
        sampler_(sampler),
        options_(options),
        samples_(std::max<std::uint64_t>(samples, 1)),
        seed_(seed),
        id_(id),
        fidelities_(fidelities) {}

  double value(std::span<const double> x) override {
    double sum = 0.0;
    for (const Measured& m : sampler_(x, options_.shots, next_stream())) {
      sum += static_cast<double>(m.count) * m.cost;
      seen_.insert(m.network);
    }
    ++circuits_;
    return sum / static_cast<double>(options_.shots);
  }
  void gradient(std::span<const double> x, std::span<double> gradient) override {
    if (options_.gradient == ShotGradient::spsa)
      estimate_by_perturbation(x, gradient);
    else
      estimate_by_shifts(x, gradient);
    ++gradients_;
  }
  MetricSource* metric() override { return fidelities_ ? this : nullptr; }
  void add_metric(std::span<const double> x, double weight, Eigen::MatrixXd& metric) override {
    CounterRng rng = next_stream();
    add_spsa_metric(
        [this](std::span<const double> at, const std::vector<std::vector<double>>& others) {
          return measured_fidelities(at, others);
        },
        x, options_.perturbation.perturbation(gradients_), rng, weight, metric);
  }
  /// A metric is asked for with every gradient.
  int evaluations() const override {
    return circuits_ + (fidelities_ ? fidelities_of_metric * gradients_ : 0);
  }
  std::vector<double> save() const override {
    std::vector<double> numbers{static_cast<double>(circuits_), static_cast<double>(gradients_),
                                static_cast<double>(streams_)};
    numbers.insert(numbers.end(), seen_.begin(), seen_.end());  // below 2^53
    return numbers;
  }
  void restore(std::span<const double> numbers) override {
    if (numbers.size() < 3)
      throw RunError(
          fmt::format("a saved shot estimator has {} numbers, not at least 3", numbers.size()));
    circuits_ = static_cast<int>(numbers[0]);
    gradients_ = static_cast<int>(numbers[1]);
    streams_ = static_cast<std::uint64_t>(numbers[2]);
    seen_.clear();
    for (const double w : numbers.subspan(3)) seen_.insert(static_cast<Index>(w));
  }
  bool exact() const override { return false; }
  ReturnedNetwork select(std::span<const double> x) override {
    const auto found = sampler_(x, options_.selection_shots, next_stream());
    const Measured& best = *std::ranges::min_element(found, {}, &Measured::cost);
    selected_ = {options_.selection_shots, found.size(), options_.selection_shots * samples_};
    return {BitString(qubits_, best.network), best.cost, best.probability};
  }
  OracleBill oracle() const override {
    const std::uint64_t shots = static_cast<std::uint64_t>(circuits_) * options_.shots;
    OracleBill bill;
    bill[OraclePhase::optimization] = {shots, seen_.size(), shots * samples_};
    bill[OraclePhase::selection] = selected_;
    return bill;
  }

 private:
  /// The share of shots that find U(y)†U(x)|0…0⟩ in |0…0⟩.
  std::vector<double> measured_fidelities(std::span<const double> x,
                                          const std::vector<std::vector<double>>& others) {
    std::vector<double> found = fidelities_(x, others);
    if (options_.fidelity_shots == 0) return found;
    for (double& fidelity : found) {
      CounterRng rng = next_stream();
      std::uint64_t zeros = 0;
      for (std::uint64_t k = 0; k < options_.fidelity_shots; ++k) zeros += rng.uniform() < fidelity;
      fidelity = static_cast<double>(zeros) / static_cast<double>(options_.fidelity_shots);
    }
    return found;
  }
  CounterRng next_stream() { return {seed_, Stream::training_shots, id_ << 32 | streams_++}; }
  void estimate_by_perturbation(std::span<const double> x, std::span<double> gradient) {
    CounterRng rng = next_stream();
    spsa_gradient([this](std::span<const double> at) { return value(at); }, x,
                  options_.perturbation.perturbation(gradients_), rng, gradient);
  }
  void estimate_by_shifts(std::span<const double> x, std::span<double> gradient) {
    std::vector<double> shifted(x.begin(), x.end());
    for (const int k : live_) {
      const auto at = static_cast<std::size_t>(k);
      shifted[at] = x[at] + std::numbers::pi / 2;
      const double ahead = value(shifted);
      shifted[at] = x[at] - std::numbers::pi / 2;
      gradient[at] = (ahead - value(shifted)) / 2;
      shifted[at] = x[at];
    }
  }

  const int qubits_;
  const std::vector<int> live_;
  const Sampler& sampler_;
  ShotOptions options_;
  std::uint64_t samples_, seed_, id_;
  Fidelities fidelities_;  ///< null: no metric
  int circuits_ = 0, gradients_ = 0;
  std::uint64_t streams_ = 0;  // drawn so far
  std::set<Index> seen_;       // networks that came up while optimizing
  OracleCount selected_;
};

}  // namespace

std::unique_ptr<CircuitEstimator> make_exact_estimator(Engine& engine, const CostFunction& costs) {
  return std::make_unique<ExactEstimator>(engine, costs);
}

std::unique_ptr<CircuitEstimator> make_shot_estimator(
    const Circuit& circuit, const Sampler& sampler, const ShotOptions& options,
    std::uint64_t samples, std::uint64_t seed, std::uint64_t id, const Fidelities& fidelities) {
  return std::make_unique<ShotEstimator>(circuit, sampler, options, samples, seed, id, fidelities);
}

Fidelities make_fidelities(Engine& engine, int qubits) {
  const auto first = std::make_shared<AlignedVector<Complex>>(dimension(qubits));
  const auto second = std::make_shared<AlignedVector<Complex>>(dimension(qubits));
  return [&engine, first, second](std::span<const double> x,
                                  const std::vector<std::vector<double>>& ys) {
    engine.amplitudes()->state(x, *first);
    std::vector<double> found;
    for (const auto& y : ys) {
      engine.amplitudes()->state(y, *second);
      found.push_back(fidelity(*first, *second));
    }
    return found;
  };
}

Sampler make_sampler(Engine& engine, std::span<const double> costs) {
  // Shared: a copy of the sampler is not to hold another state.
  const auto buffer = std::make_shared<AlignedVector<Complex>>(costs.size());
  return [&engine, costs, buffer](std::span<const double> angles, std::uint64_t shots,
                                  const CounterRng& rng) {
    AlignedVector<Complex>& amplitudes = *buffer;
    measurable_state(engine, angles, amplitudes);
    std::vector<Measured> found;
    for (const auto& [w, count] : measure(amplitudes, shots, rng, 1))
      found.push_back({w, count, costs[w], std::norm(amplitudes[w])});
    return found;
  };
}

std::vector<int> live_angles(const Circuit& circuit) {
  std::set<int> live;
  bool last = true;  // only diagonal gates and permutations follow
  for (auto gate = circuit.gates.rbegin(); gate != circuit.gates.rend(); ++gate) {
    if (!has_angle(gate->kind)) continue;
    if (!is_diagonal(gate->kind)) last = false;
    if (gate->angle >= 0 && !last) live.insert(gate->angle);
  }
  return {live.begin(), live.end()};
}

void require_single_gates(const Circuit& circuit) {
  std::set<int> seen;
  for (const Gate& gate : circuit.gates)
    if (gate.angle >= 0 && !seen.insert(gate.angle).second)
      throw InputError(fmt::format(
          "parameter shift: angle '{}' belongs to several gates; allowed: an angle for each, or "
          "optimizer.gradient = \"spsa\"",
          circuit.angle_names.empty() ? std::to_string(gate.angle)
                                      : circuit.angle_names[static_cast<std::size_t>(gate.angle)]));
}

}  // namespace qhn
