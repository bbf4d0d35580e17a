#include "engine/block_engine.hpp"

#include <algorithm>
#include <vector>

#include "core/aligned.hpp"
#include "core/error.hpp"
#include "engine/amplitude_kernels.hpp"
#include "engine/block_stages.hpp"
#include "engine/sweep_engine.hpp"

namespace qhn {
namespace {

Purpose purpose_of(bool from_zero) {
  return from_zero ? Purpose::expectation : Purpose::any_expectation;
}

template <class T>
class BlockEngine final : public Engine, public StringSearch, public AmplitudeSource {
 public:
  BlockEngine(const Circuit& circuit, int block_qubits, std::span<const double> cost,
              std::span<const Complex> start, const EngineOptions& options)
      : circuit_(circuit),
        threads_(options.threads),
        cost_(cost),
        start_(start),
        stages_(circuit, block_qubits, purpose_of(start.empty()), false, options.threads,
                options.gradient),
        size_(dimension(circuit.qubits)),
        block_(dimension(block_qubits)),
        phi_(2 * size_),
        lambda_(options.gradient ? 2 * size_ + cache_shift<T> : 0),
        partial_(stages_.blocks().items),
        best_(stages_.blocks().count) {
    for (int t = 0; t < threads_; ++t) costs_.emplace_back(block_);
  }

  EngineKind kind() const override { return EngineKind::sweep; }

  double expectation(std::span<const double> angles) override {
    forward(angles, [this](Worker& w, Index, Index block) { weigh(w, block); });
    return sum();
  }

  double expectation_and_gradient(std::span<const double> angles,
                                  std::span<double> gradient) override {
    if (lambda_.empty()) throw RunError("this engine was made for expectations only");
    stages_.begin_derivatives();
    forward(angles, [&](Worker& w, Index chunk, Index block) {
      const T* cost = weigh(w, block);
      T* back = w.lambda();
      std::copy(w.phi.begin(), w.phi.end(), back);
      scale_pair(cost, block_, back, back + block_);
      stages_.undo_last(w, chunk, block, phi_.data(), lambda());
    });
    stages_.undo(angles, stages_.count() - 1, phi_.data(), lambda());
    std::fill(gradient.begin(), gradient.end(), 0.0);
    stages_.add_derivatives(gradient);
    return sum();
  }

  StringSearch* strings() override { return this; }
  AmplitudeSource* amplitudes() override { return this; }

  MostProbable most_probable(std::span<const double> angles) override {
    std::fill(best_.begin(), best_.end(), MostProbable{0, -1.0});
    forward(angles, [this](Worker& w, Index chunk, Index block) {
      T* re = w.phi.data();
      norms(re, re + block_, block_);
      const T most = largest(re, block_);
      const auto entry = static_cast<Index>(std::find(re, re + block_, most) - re);
      best_[chunk] = std::max(
          best_[chunk], MostProbable{stages_.last_map()(block, entry), static_cast<double>(most)},
          less_probable);
    });
    return *std::max_element(best_.begin(), best_.end(), less_probable);
  }

  void state(std::span<const double> angles, std::span<Complex> amplitudes) override {
    whole_state<T>(circuit_, angles, amplitudes, threads_);
  }

  std::size_t bytes() const override {
    return stages_.bytes() +
           (phi_.size() + lambda_.size() + costs_.size() * costs_[0].size()) * sizeof(T);
  }

 private:
  using Worker = typename BlockStages<T>::Worker;

  T* lambda() { return lambda_.data() + cache_shift<T>; }

  /// Runs all stages; calls finish(worker, chunk, block) for the blocks of the last one.
  template <class Finish>
  void forward(std::span<const double> angles, Finish finish) {
    if (start_.empty()) stages_.begin_from_zero(angles, 1.0);
    stages_.forward(
        angles, phi_.data(), [this](Worker& w, Index block) { start(w, block); }, finish);
  }

  void start(Worker& w, Index block) {
    if (start_.empty()) return stages_.start(w, block);
    T* re = w.phi.data();
    const BlockMap& map = stages_.first_map();
    const Index run = map.run();
    map.for_runs(block, [&](Index at, Index x) {
      for (Index i = 0; i < run; ++i) {
        re[x + i] = static_cast<T>(start_[at + i].real());
        re[block_ + x + i] = static_cast<T>(start_[at + i].imag());
      }
    });
  }

  /// partial_[block] = Σ C |φ|² over the block; returns its costs.
  const T* weigh(Worker& w, Index block) {
    T* cost = costs_[static_cast<std::size_t>(w.thread)].data();
    const BlockMap& map = stages_.last_map();
    const Index run = map.run();
    map.for_runs(block, [&](Index at, Index x) { std::copy_n(cost_.data() + at, run, cost + x); });
    partial_[block] = weighted_norm(cost, w.phi.data(), w.phi.data() + block_, block_);
    return cost;
  }

  double sum() const {
    double sum = 0.0;
    for (double p : partial_) sum += p;
    return sum;
  }

  Circuit circuit_;
  int threads_;
  std::span<const double> cost_;
  std::span<const Complex> start_;  ///< empty: |0…0⟩
  BlockStages<T> stages_;
  Index size_, block_;  ///< amplitudes of the state and of a block
  AlignedVector<T> phi_, lambda_;
  std::vector<AlignedVector<T>> costs_;  ///< of a block, by thread
  std::vector<double> partial_;          ///< by block
  std::vector<MostProbable> best_;       ///< by chunk
};

template <class T>
std::size_t block_bytes(const Circuit& circuit, int block_qubits, const EngineOptions& options) {
  const Index planes = options.gradient ? 4 : 2;
  const auto threads = static_cast<Index>(options.threads);
  return BlockStages<T>::planned_bytes(circuit, block_qubits, purpose_of(true), options.threads,
                                       options.gradient) +
         (planes * dimension(circuit.qubits) + threads * dimension(block_qubits)) * sizeof(T);
}

}  // namespace

std::unique_ptr<Engine> make_block_engine(const Circuit& circuit, int block_qubits,
                                          std::span<const double> cost,
                                          std::span<const Complex> start,
                                          const EngineOptions& options) {
  if (options.precision == Precision::float32)
    return std::make_unique<BlockEngine<float>>(circuit, block_qubits, cost, start, options);
  return std::make_unique<BlockEngine<double>>(circuit, block_qubits, cost, start, options);
}

std::size_t block_engine_bytes(const Circuit& circuit, int block_qubits,
                               const EngineOptions& options) {
  return options.precision == Precision::float32
             ? block_bytes<float>(circuit, block_qubits, options)
             : block_bytes<double>(circuit, block_qubits, options);
}

}  // namespace qhn
