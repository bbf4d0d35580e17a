#include "gradient/block_engine.hpp"

#include <algorithm>
#include <cmath>
#include <deque>
#include <vector>

#include "circuit/block_plan.hpp"
#include "core/aligned.hpp"
#include "core/chunks.hpp"
#include "core/error.hpp"
#include "gradient/adjoint.hpp"
#include "gradient/contract.hpp"
#include "gradient/sweep_engine.hpp"
#include "state/blocks.hpp"
#include "state/register.hpp"

namespace qhn {
namespace {

constexpr Index most_shares = 64;  // of blocks; each has its own sums of the derivatives

BlockPlan plan_for(const Circuit& circuit, int block_qubits, bool from_zero) {
  return plan_blocks(circuit, block_qubits,
                     from_zero ? Purpose::expectation : Purpose::any_expectation);
}

/// The plan's stages as one thread runs them on its block.
template <class T>
struct Worker {
  struct Stage {
    RegisterProgram<T> program;
    Adjoint<T> adjoint;
    explicit Stage(const Program& p) : program(p), adjoint(program) {}
  };
  std::deque<Stage> stages;  // an Adjoint holds on to its program
  AlignedVector<T> phi, lambda, cost;
  std::vector<double> values, derivatives;  ///< of a stage's angles

  Worker(const BlockPlan& plan, bool gradient) {
    const Index size = dimension(plan.block_qubits);
    std::size_t angles = 0;
    for (const BlockStage& stage : plan.stages) {
      stages.emplace_back(stage.spread.program);
      angles = std::max(angles, stage.spread.angles.size() + 1);
    }
    phi.resize(2 * size);
    lambda.resize(gradient ? 2 * size + cache_shift<T> : 0);
    cost.resize(size);
    values.resize(angles);
    derivatives.resize(angles);
  }

  T* back() { return lambda.data() + cache_shift<T>; }

  std::size_t bytes() const {
    std::size_t sum = (phi.size() + lambda.size() + cost.size()) * sizeof(T);
    for (const Stage& stage : stages) sum += stage.program.bytes() + stage.adjoint.bytes();
    return sum;
  }
};

template <class T>
class BlockEngine final : public Engine {
 public:
  BlockEngine(const Circuit& circuit, int block_qubits, std::span<const double> cost,
              std::span<const Complex> start, const EngineOptions& options)
      : circuit_(circuit),
        threads_(options.threads),
        cost_(cost),
        start_(start),
        plan_(plan_for(circuit, block_qubits, start.empty())),
        blocks_(plan_.blocks(), 1, most_shares),
        size_(dimension(circuit.qubits)),
        block_(dimension(block_qubits)),
        phi_(2 * size_),
        lambda_(options.gradient ? 2 * size_ + cache_shift<T> : 0),
        cosine_(plan_.start.size()),
        sine_(plan_.start.size()),
        partial_(plan_.blocks()),
        best_(blocks_.count),
        sums_(options.gradient ? blocks_.count * static_cast<Index>(circuit.angles) : 0) {
    for (const BlockStage& stage : plan_.stages) maps_.emplace_back(circuit.qubits, stage.local);
    for (int t = 0; t < threads_; ++t) workers_.emplace_back(plan_, options.gradient);
  }

  EngineKind kind() const override { return EngineKind::sweep; }

  double expectation(std::span<const double> angles) override {
    forward(angles, [this](Worker<T>& w, Index, Index block) { weigh(w, block); });
    return sum();
  }

  double expectation_and_gradient(std::span<const double> angles,
                                  std::span<double> gradient) override {
    if (lambda_.empty()) throw RunError("this engine was made for expectations only");
    std::fill(sums_.begin(), sums_.end(), 0.0);
    const std::size_t last = plan_.stages.size() - 1;
    forward(angles, [&](Worker<T>& w, Index chunk, Index block) {
      weigh(w, block);
      std::copy(w.phi.begin(), w.phi.end(), w.back());
      scale_pair(w.cost.data(), block_, w.back(), w.back() + block_);
      backward(w, last, chunk, block);
    });
    for (std::size_t s = last; s-- > 0;)
      for_blocks([&](Worker<T>& w, Index chunk, Index block) {
        set_angles(w, s, block, angles);
        gather(s, block, phi_.data(), w.phi.data());
        gather(s, block, lambda(), w.back());
        backward(w, s, chunk, block);
      });
    std::fill(gradient.begin(), gradient.end(), 0.0);
    for (Index chunk = 0; chunk < blocks_.count; ++chunk)
      for (std::size_t k = 0; k < gradient.size(); ++k) gradient[k] += sums_of(chunk)[k];
    return sum();
  }

  MostProbable most_probable(std::span<const double> angles) override {
    std::fill(best_.begin(), best_.end(), MostProbable{0, -1.0});
    forward(angles, [this](Worker<T>& w, Index chunk, Index block) {
      T* re = w.phi.data();
      norms(re, re + block_, block_);
      const T most = largest(re, block_);
      const auto entry = static_cast<Index>(std::find(re, re + block_, most) - re);
      take_better({maps_.back()(block, entry), static_cast<double>(most)}, best_[chunk]);
    });
    MostProbable best = best_[0];
    for (const MostProbable& other : best_) take_better(other, best);
    return best;
  }

  void state(std::span<const double> angles, std::span<Complex> amplitudes) override {
    whole_state<T>(circuit_, angles, amplitudes, threads_);
  }

  std::size_t bytes() const override {
    std::size_t sum = (phi_.size() + lambda_.size()) * sizeof(T) + sums_.size() * sizeof(double);
    for (const Worker<T>& worker : workers_) sum += worker.bytes();
    return sum;
  }

 private:
  T* lambda() { return lambda_.data() + cache_shift<T>; }
  double* sums_of(Index chunk) {
    return sums_.data() + chunk * static_cast<Index>(circuit_.angles);
  }

  /// body(worker, chunk, block) for all blocks.
  template <class Body>
  void for_blocks(Body body) {
    for_chunks(blocks_, threads_, [&](Index chunk) {
      Worker<T>& worker =
          workers_[threads_ > 1 ? static_cast<std::size_t>(omp_get_thread_num()) : 0];
      for (Index block = blocks_.begin(chunk); block < blocks_.end(chunk); ++block)
        body(worker, chunk, block);
    });
  }

  /// All stages; finish(worker, chunk, block) gets the blocks of the last, which stay where they
  /// are.
  template <class Finish>
  void forward(std::span<const double> angles, Finish finish) {
    for (std::size_t i = 0; i < plan_.start.size(); ++i) {
      const double half = plan_.start[i].value(angles) / 2;
      cosine_[i] = std::cos(half);
      sine_[i] = std::sin(half);
    }
    const std::size_t last = plan_.stages.size() - 1;
    for (std::size_t s = 0; s <= last; ++s)
      for_blocks([&](Worker<T>& w, Index chunk, Index block) {
        set_angles(w, s, block, angles);
        if (s > 0)
          gather(s, block, phi_.data(), w.phi.data());
        else
          start(w, block);
        w.stages[s].program.run_from(w.phi.data(), 1);
        if (s < last)
          scatter(s, block, w.phi.data(), phi_.data());
        else
          finish(w, chunk, block);
      });
  }

  /// Back through stage s with φ and λ in the cache.
  void backward(Worker<T>& w, std::size_t s, Index chunk, Index block) {
    const SpreadStage& stage = plan_.stages[s].spread;
    std::fill(w.derivatives.begin(), w.derivatives.end(), 0.0);
    w.stages[s].adjoint.run(w.phi.data(), w.back(), w.derivatives, 1);
    double* sums = sums_of(chunk);
    const auto add = [&](const SpreadAngle& angle, double derivative) {
      const DerivedAngle a = angle.on(block);
      if (a.index >= 0) sums[a.index] += a.sign * derivative;
    };
    for (std::size_t k = 0; k < stage.angles.size(); ++k) add(stage.angles[k], w.derivatives[k]);
    for (const SpreadAngle& angle : stage.phase) add(angle, w.derivatives[stage.angles.size()]);
    if (s > 0) {
      scatter(s, block, w.phi.data(), phi_.data());
      scatter(s, block, w.back(), lambda());
    } else if (start_.empty()) {
      start_derivatives(block, static_cast<double>(*w.back()), sums);
    }
  }

  void set_angles(Worker<T>& w, std::size_t s, Index block, std::span<const double> angles) {
    const SpreadStage& stage = plan_.stages[s].spread;
    for (std::size_t k = 0; k < stage.angles.size(); ++k)
      w.values[k] = stage.angles[k].on(block).value(angles);
    double& phase = w.values[stage.angles.size()] = 0.0;
    for (const SpreadAngle& angle : stage.phase) phase += angle.on(block).value(angles);
    w.stages[s].program.set_angles(w.values);
  }

  void start(Worker<T>& w, Index block) {
    T* re = w.phi.data();
    if (start_.empty()) {
      std::fill(w.phi.begin(), w.phi.end(), T{0});
      double amplitude = 1.0;
      for (std::size_t i = 0; i < cosine_.size(); ++i)
        amplitude *= bit(block, static_cast<int>(i)) ? sine_[i] : cosine_[i];
      *re = static_cast<T>(amplitude);
      return;
    }
    const Index run = maps_[0].run();
    maps_[0].for_runs(block, [&](Index at, Index x) {
      for (Index i = 0; i < run; ++i) {
        re[x + i] = static_cast<T>(start_[at + i].real());
        re[block_ + x + i] = static_cast<T>(start_[at + i].imag());
      }
    });
  }

  /// Everything is undone, so the block is e_0 times its start amplitude a, which is real:
  /// ∂E/∂θ = 2 Re(λ_0* ∂a).
  void start_derivatives(Index block, double lambda, double* sums) {
    for (std::size_t i = 0; i < cosine_.size(); ++i) {
      if (plan_.start[i].index < 0) continue;
      double derivative = lambda;
      for (std::size_t j = 0; j < cosine_.size(); ++j) {
        const bool one = bit(block, static_cast<int>(j));
        if (i == j)
          derivative *= one ? cosine_[j] : -sine_[j];
        else
          derivative *= one ? sine_[j] : cosine_[j];
      }
      sums[plan_.start[i].index] += derivative;
    }
  }

  /// partial_[block] = Σ C |φ|² over the block; its costs stay in w.cost.
  void weigh(Worker<T>& w, Index block) {
    const BlockMap& map = maps_.back();
    const Index run = map.run();
    map.for_runs(
        block, [&](Index at, Index x) { std::copy_n(cost_.data() + at, run, w.cost.data() + x); });
    partial_[block] = weighted_norm(w.cost.data(), w.phi.data(), w.phi.data() + block_, block_);
  }

  void gather(std::size_t s, Index block, const T* state, T* planes) {
    const Index run = maps_[s].run();
    maps_[s].for_runs(block, [&](Index at, Index x) {
      std::copy_n(state + at, run, planes + x);
      std::copy_n(state + size_ + at, run, planes + block_ + x);
    });
  }

  void scatter(std::size_t s, Index block, const T* planes, T* state) {
    const Index run = maps_[s].run();
    maps_[s].for_runs(block, [&](Index at, Index x) {
      std::copy_n(planes + x, run, state + at);
      std::copy_n(planes + block_ + x, run, state + size_ + at);
    });
  }

  static void take_better(const MostProbable& other, MostProbable& best) {
    if (other.probability > best.probability ||
        (other.probability == best.probability && other.index < best.index))
      best = other;
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
  BlockPlan plan_;
  std::vector<BlockMap> maps_;  ///< by stage
  Chunks blocks_;
  Index size_, block_;  ///< amplitudes of the state and of a block
  AlignedVector<T> phi_, lambda_;
  std::vector<double> cosine_, sine_;  ///< of plan_.start
  std::vector<double> partial_;        ///< by block
  std::vector<MostProbable> best_;     ///< by chunk
  std::vector<double> sums_;           ///< [chunk][angle]: derivatives
  std::deque<Worker<T>> workers_;      ///< by thread
};

template <class T>
std::size_t block_bytes(const Circuit& circuit, int block_qubits, const EngineOptions& options) {
  const BlockPlan plan = plan_for(circuit, block_qubits, true);
  const Index planes = options.gradient ? 4 : 2;
  std::size_t worker = (planes + 1) * dimension(block_qubits) * sizeof(T);
  for (const BlockStage& stage : plan.stages) worker += register_bytes<T>(stage.spread.program);
  const Index chunks = Chunks(plan.blocks(), 1, most_shares).count;
  return planes * dimension(circuit.qubits) * sizeof(T) +
         static_cast<std::size_t>(options.threads) * worker +
         (options.gradient ? chunks * static_cast<Index>(circuit.angles) * sizeof(double) : 0);
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
