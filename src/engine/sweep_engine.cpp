#include "engine/sweep_engine.hpp"

#include <algorithm>

#include "core/aligned.hpp"
#include "core/chunks.hpp"
#include "core/error.hpp"
#include "engine/adjoint.hpp"
#include "engine/block_engine.hpp"
#include "engine/diagonal_cost.hpp"
#include "engine/register.hpp"

namespace qhn {
namespace {

template <class T>
class SweepEngine final : public Engine, public StringSearch, public AmplitudeSource {
 public:
  SweepEngine(const Circuit& circuit, std::span<const double> cost, std::span<const Complex> start,
              const EngineOptions& options)
      : circuit_(circuit),
        threads_(options.threads),
        start_(start),
        schedule_(cut_circuit(circuit, circuit.qubits,
                              start.empty() ? Purpose::expectation : Purpose::any_expectation)
                      .low),
        adjoint_(schedule_),
        phi_(schedule_.elements()),
        lambda_(options.gradient ? schedule_.elements() + cache_shift<T> : 0),
        cost_(cost, options.threads) {}

  EngineKind kind() const override { return EngineKind::sweep; }

  double expectation(std::span<const double> angles) override {
    forward(angles);
    return cost_.expectation(phi_.data());
  }

  double expectation_and_gradient(std::span<const double> angles,
                                  std::span<double> gradient) override {
    if (lambda_.empty()) throw RunError("this engine was made for expectations only");
    forward(angles);
    const double value = cost_.apply(phi_.data(), lambda());
    std::fill(gradient.begin(), gradient.end(), 0.0);
    adjoint_.run(phi_.data(), lambda(), gradient, threads_);
    return value;
  }

  StringSearch* strings() override { return this; }
  AmplitudeSource* amplitudes() override { return this; }

  MostProbable most_probable(std::span<const double> angles) override {
    forward(angles);
    return cost_.most_probable(phi_.data());  // overwrites the state; the next call recomputes it
  }

  void state(std::span<const double> angles, std::span<Complex> amplitudes) override {
    whole_state<T>(circuit_, angles, amplitudes, threads_);
  }

  std::size_t bytes() const override {
    return schedule_.bytes() + adjoint_.bytes() + cost_.bytes() +
           (phi_.size() + lambda_.size()) * sizeof(T);
  }

 private:
  void forward(std::span<const double> angles) {
    schedule_.set_angles(angles);
    if (start_.empty()) return schedule_.run(phi_.data(), threads_);
    const Chunks pieces(start_.size(), 1 << 14);
    for_chunks(pieces, threads_, [&](Index p) {
      for (Index x = pieces.begin(p); x < pieces.end(p); ++x) {
        phi_[x] = static_cast<T>(start_[x].real());
        phi_[pieces.items + x] = static_cast<T>(start_[x].imag());
      }
    });
    schedule_.run_from(phi_.data(), threads_);
  }

  T* lambda() { return lambda_.data() + cache_shift<T>; }

  Circuit circuit_;
  int threads_;
  std::span<const Complex> start_;  ///< empty: |0…0⟩
  RegisterSchedule<T> schedule_;
  Adjoint<T> adjoint_;
  AlignedVector<T> phi_, lambda_;
  DiagonalCost<T> cost_;
};

}  // namespace

std::unique_ptr<Engine> make_sweep_engine_from(const Circuit& circuit, std::span<const double> cost,
                                               std::span<const Complex> start,
                                               const EngineOptions& options) {
  if (const int block = sweep_block_qubits(circuit.qubits, options.block_qubits))
    return make_block_engine(circuit, block, cost, start, options);
  if (options.precision == Precision::float32)
    return std::make_unique<SweepEngine<float>>(circuit, cost, start, options);
  return std::make_unique<SweepEngine<double>>(circuit, cost, start, options);
}

std::unique_ptr<Engine> make_sweep_engine(const Circuit& circuit, std::span<const double> cost,
                                          const EngineOptions& options) {
  return make_sweep_engine_from(circuit, cost, {}, options);
}

int sweep_block_qubits(int qubits, int asked) {
  if (asked > 0) return asked < qubits ? asked : 0;
  // In double precision φ and λ of a block take 1 MiB, of the smallest state where blocks pay 32.
  constexpr int block = 15, least = 20;
  return qubits < least ? 0 : block;
}

std::size_t sweep_engine_bytes(const Circuit& circuit, const EngineOptions& options) {
  if (const int block = sweep_block_qubits(circuit.qubits, options.block_qubits))
    return block_engine_bytes(circuit, block, options);
  const bool single = options.precision == Precision::float32;
  const Index size = dimension(circuit.qubits);
  const Index planes = (options.gradient ? 4 : 2) + (single ? 1 : 0);
  const Schedule schedule = cut_circuit(circuit, circuit.qubits, Purpose::expectation).low;
  return single ? size * planes * sizeof(float) + register_bytes<float>(schedule)
                : size * planes * sizeof(double) + register_bytes<double>(schedule);
}

template <class T>
void whole_state(const Circuit& circuit, std::span<const double> angles,
                 std::span<Complex> amplitudes, int threads) {
  RegisterSchedule<T> schedule(cut_circuit(circuit, circuit.qubits, Purpose::state).low);
  AlignedVector<T> data(schedule.elements());
  schedule.set_angles(angles);
  schedule.run(data.data(), threads);
  for (Index x = 0; x < amplitudes.size(); ++x)
    amplitudes[x] = Complex(data[x], data[amplitudes.size() + x]);
}

template void whole_state<double>(const Circuit&, std::span<const double>, std::span<Complex>, int);
template void whole_state<float>(const Circuit&, std::span<const double>, std::span<Complex>, int);

}  // namespace qhn
