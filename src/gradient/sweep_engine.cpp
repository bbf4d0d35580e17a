#include "gradient/sweep_engine.hpp"

#include <algorithm>
#include <type_traits>

#include "core/aligned.hpp"
#include "core/chunks.hpp"
#include "gradient/adjoint.hpp"
#include "gradient/contract.hpp"
#include "state/register.hpp"

namespace qhn {
namespace {

constexpr Index piece = Index{1} << 14;  // amplitudes a thread takes at a time

template <class T>
class SweepEngine final : public Engine {
 public:
  SweepEngine(const Circuit& circuit, std::span<const double> cost, std::span<const Complex> start,
              const EngineOptions& options)
      : circuit_(circuit),
        threads_(options.threads),
        start_(start),
        program_(cut_circuit(circuit, circuit.qubits,
                             start.empty() ? Purpose::expectation : Purpose::any_expectation)
                     .low),
        adjoint_(program_),
        phi_(program_.elements()),
        lambda_(program_.elements() + cache_shift<T>),
        pieces_(cost.size(), piece, cost.size()),
        partial_(pieces_.count),
        best_(pieces_.count) {
    if constexpr (std::is_same_v<T, double>) {
      cost_ = cost.data();
    } else {
      own_cost_.assign(cost.begin(), cost.end());
      cost_ = own_cost_.data();
    }
  }

  EngineKind kind() const override { return EngineKind::sweep; }

  double expectation(std::span<const double> angles) override {
    forward(angles);
    return sum_cost();
  }

  double expectation_and_gradient(std::span<const double> angles,
                                  std::span<double> gradient) override {
    forward(angles);
    const double value = sum_cost();
    const Index size = pieces_.items;
    for_chunks(pieces_, threads_, [&](Index p) {
      const Index at = pieces_.begin(p), count = pieces_.end(p) - at;
      std::copy_n(phi_.data() + at, count, lambda() + at);
      std::copy_n(phi_.data() + size + at, count, lambda() + size + at);
      scale_pair(cost_ + at, count, lambda() + at, lambda() + size + at);
    });
    std::fill(gradient.begin(), gradient.end(), 0.0);
    adjoint_.run(phi_.data(), lambda(), gradient, threads_);
    return value;
  }

  MostProbable most_probable(std::span<const double> angles) override {
    forward(angles);
    for_chunks(pieces_, threads_, [&](Index p) {
      const Index at = pieces_.begin(p), count = pieces_.end(p) - at;
      T* re = phi_.data() + at;
      norms(re, re + pieces_.items, count);  // the state is made anew by the next call
      const T most = largest(re, count);
      best_[p] = {at + static_cast<Index>(std::find(re, re + count, most) - re),
                  static_cast<double>(most)};
    });
    MostProbable best = best_[0];
    for (const MostProbable& b : best_)
      if (b.probability > best.probability) best = b;
    return best;
  }

  void state(std::span<const double> angles, std::span<Complex> amplitudes) override {
    whole_state<T>(circuit_, angles, amplitudes, threads_);
  }

  std::size_t bytes() const override {
    return program_.bytes() + adjoint_.bytes() +
           (phi_.size() + lambda_.size() + own_cost_.size()) * sizeof(T);
  }

 private:
  void forward(std::span<const double> angles) {
    program_.set_angles(angles);
    if (start_.empty()) return program_.run(phi_.data(), threads_);
    for_chunks(pieces_, threads_, [&](Index p) {
      for (Index x = pieces_.begin(p); x < pieces_.end(p); ++x) {
        phi_[x] = static_cast<T>(start_[x].real());
        phi_[pieces_.items + x] = static_cast<T>(start_[x].imag());
      }
    });
    program_.run_from(phi_.data(), threads_);
  }

  double sum_cost() {
    for_chunks(pieces_, threads_, [&](Index p) {
      const Index at = pieces_.begin(p);
      partial_[p] = weighted_norm(cost_ + at, phi_.data() + at, phi_.data() + pieces_.items + at,
                                  pieces_.end(p) - at);
    });
    double sum = 0.0;
    for (double p : partial_) sum += p;
    return sum;
  }

  T* lambda() { return lambda_.data() + cache_shift<T>; }

  Circuit circuit_;
  int threads_;
  std::span<const Complex> start_;  ///< empty: |0…0⟩
  const T* cost_;
  AlignedVector<T> own_cost_;  ///< the table in T, where T is not double
  RegisterProgram<T> program_;
  Adjoint<T> adjoint_;
  AlignedVector<T> phi_, lambda_;
  Chunks pieces_;
  std::vector<double> partial_;
  std::vector<MostProbable> best_;
};

}  // namespace

std::unique_ptr<Engine> make_sweep_engine_from(const Circuit& circuit, std::span<const double> cost,
                                               std::span<const Complex> start,
                                               const EngineOptions& options) {
  if (options.precision == Precision::float32)
    return std::make_unique<SweepEngine<float>>(circuit, cost, start, options);
  return std::make_unique<SweepEngine<double>>(circuit, cost, start, options);
}

std::unique_ptr<Engine> make_sweep_engine(const Circuit& circuit, std::span<const double> cost,
                                          const EngineOptions& options) {
  return make_sweep_engine_from(circuit, cost, {}, options);
}

std::size_t sweep_engine_bytes(const Circuit& circuit, const EngineOptions& options) {
  const bool single = options.precision == Precision::float32;
  const Index size = dimension(circuit.qubits);
  return size * (single ? 5 * sizeof(float) : 4 * sizeof(double));
}

template <class T>
void whole_state(const Circuit& circuit, std::span<const double> angles,
                 std::span<Complex> amplitudes, int threads) {
  RegisterProgram<T> program(cut_circuit(circuit, circuit.qubits, Purpose::state).low);
  AlignedVector<T> data(program.elements());
  program.set_angles(angles);
  program.run(data.data(), threads);
  for (Index x = 0; x < amplitudes.size(); ++x)
    amplitudes[x] = Complex(data[x], data[amplitudes.size() + x]);
}

template void whole_state<double>(const Circuit&, std::span<const double>, std::span<Complex>, int);
template void whole_state<float>(const Circuit&, std::span<const double>, std::span<Complex>, int);

}  // namespace qhn
