#include "engine/block_stages.hpp"

#include <algorithm>
#include <cmath>

namespace qhn {

template <class T>
BlockStages<T>::Worker::Worker(int thread_, const BlockPlan& plan, bool gradient)
    : thread(thread_) {
  const Index size = dimension(plan.block_qubits);
  std::size_t angles = 0;
  for (const BlockStage& stage : plan.stages) {
    stages.emplace_back(stage.part.schedule);
    angles = std::max(angles, stage.part.angles.size() + 1);
  }
  phi.resize(2 * size);
  shifted_lambda.resize(gradient ? 2 * size + cache_shift<T> : 0);
  values.resize(angles);
  derivatives.resize(angles);
}

template <class T>
std::size_t BlockStages<T>::Worker::bytes() const {
  std::size_t sum = (phi.size() + shifted_lambda.size()) * sizeof(T);
  for (const Stage& stage : stages) sum += stage.schedule.bytes() + stage.adjoint.bytes();
  return sum;
}

template <class T>
BlockStages<T>::BlockStages(const Circuit& circuit, int block_qubits, Purpose purpose,
                            bool in_place, int threads, bool gradient)
    : plan_(plan_blocks(circuit, block_qubits, purpose)),
      from_zero_(starts_in_zero(purpose)),
      in_place_(in_place),
      threads_(threads),
      blocks_(plan_.blocks(), 1, most_shares),
      size_(dimension(circuit.qubits)),
      block_(dimension(block_qubits)),
      cosine_(plan_.start.size()),
      sine_(plan_.start.size()),
      row_(sums_of(circuit)),
      sums_(gradient ? blocks_.count * row_ : 0) {
  for (const BlockStage& stage : plan_.stages) maps_.emplace_back(circuit.qubits, stage.local);
  for (int t = 0; t < threads_; ++t) workers_.emplace_back(t, plan_, gradient);
}

template <class T>
void BlockStages<T>::run(std::span<const double> angles, T* phi) {
  forward(
      angles, phi, [&](Worker& w, Index block) { gather(0, block, phi, w.phi.data()); },
      [&](Worker& w, Index, Index block) { scatter(count() - 1, block, w.phi.data(), phi); });
}

template <class T>
void BlockStages<T>::run_from_zero(std::span<const double> angles, Complex amplitude, T* phi) {
  begin_from_zero(angles, amplitude);
  forward(
      angles, phi, [&](Worker& w, Index block) { start(w, block); },
      [&](Worker& w, Index, Index block) { scatter(count() - 1, block, w.phi.data(), phi); });
}

template <class T>
void BlockStages<T>::begin_from_zero(std::span<const double> angles, Complex amplitude) {
  amplitude_ = amplitude;
  for (std::size_t i = 0; i < plan_.start.size(); ++i) {
    const double half = plan_.start[i].value(angles) / 2;
    cosine_[i] = std::cos(half);
    sine_[i] = std::sin(half);
  }
}

template <class T>
void BlockStages<T>::start(Worker& w, Index block) {
  double product = 1.0;
  for (std::size_t i = 0; i < cosine_.size(); ++i)
    product *= bit(block, static_cast<int>(i)) ? sine_[i] : cosine_[i];
  std::fill(w.phi.begin(), w.phi.end(), T{0});
  w.phi[0] = static_cast<T>(product * amplitude_.real());
  w.phi[block_] = static_cast<T>(product * amplitude_.imag());
}

template <class T>
void BlockStages<T>::set_angles(Worker& w, std::size_t s, Index block,
                                std::span<const double> angles) {
  const PartStage& stage = plan_.stages[s].part;
  for (std::size_t k = 0; k < stage.angles.size(); ++k)
    w.values[k] = stage.angles[k].on(block).value(angles);
  double& phase = w.values[stage.angles.size()] = 0.0;
  for (const PartAngle& angle : stage.phase) phase += angle.on(block).value(angles);
  w.stages[s].schedule.set_angles(w.values);
}

template <class T>
void BlockStages<T>::gather(std::size_t s, Index block, const T* state, T* planes) {
  const Index run = maps_[s].run();
  maps_[s].for_runs(block, [&](Index at, Index x) {
    std::copy_n(state + at, run, planes + x);
    std::copy_n(state + size_ + at, run, planes + block_ + x);
  });
}

template <class T>
void BlockStages<T>::scatter(std::size_t s, Index block, const T* planes, T* state) {
  const Index run = maps_[s].run();
  maps_[s].for_runs(block, [&](Index at, Index x) {
    std::copy_n(planes + x, run, state + at);
    std::copy_n(planes + block_ + x, run, state + size_ + at);
  });
}

template <class T>
void BlockStages<T>::begin_derivatives() {
  std::fill(sums_.begin(), sums_.end(), 0.0);
}

template <class T>
void BlockStages<T>::undo(std::span<const double> angles, std::size_t stages, T* phi, T* lambda) {
  for (std::size_t s = stages; s-- > 0;)
    for_blocks([&](Worker& w, Index chunk, Index block) {
      set_angles(w, s, block, angles);
      gather(s, block, phi, w.phi.data());
      gather(s, block, lambda, w.lambda());
      undo(w, s, chunk, block, phi, lambda);
    });
}

/// Undoes stage s on a block of φ and λ that is in the cache.
template <class T>
void BlockStages<T>::undo(Worker& w, std::size_t s, Index chunk, Index block, T* phi, T* lambda) {
  const PartStage& stage = plan_.stages[s].part;
  std::fill(w.derivatives.begin(), w.derivatives.end(), 0.0);
  w.stages[s].adjoint.run(w.phi.data(), w.lambda(), w.derivatives, 1);
  double* sums = sums_.data() + chunk * row_;
  const auto add = [&](const PartAngle& angle, double derivative) {
    const DerivedAngle a = angle.on(block);
    if (a.index >= 0) sums[a.index] += a.sign * derivative;
  };
  for (std::size_t k = 0; k < stage.angles.size(); ++k) add(stage.angles[k], w.derivatives[k]);
  for (const PartAngle& angle : stage.phase) add(angle, w.derivatives[stage.angles.size()]);
  if (s > 0 || in_place_) {
    scatter(s, block, w.phi.data(), phi);
    scatter(s, block, w.lambda(), lambda);
  } else if (from_zero_) {
    start_derivatives(w, block, sums);
  }
}

/// After all stages are undone, the block is e_0 times its start amplitude A a with a real product
/// a: ∂E/∂θ = 2 Re(λ_0* A ∂a).
template <class T>
void BlockStages<T>::start_derivatives(Worker& w, Index block, double* sums) {
  const Complex lambda(w.lambda()[0], w.lambda()[block_]);
  double product = 1.0;
  for (std::size_t i = 0; i < cosine_.size(); ++i) {
    const bool one = bit(block, static_cast<int>(i));
    product *= one ? sine_[i] : cosine_[i];
    if (plan_.start[i].index < 0) continue;
    double derivative = lambda.real() * amplitude_.real() + lambda.imag() * amplitude_.imag();
    for (std::size_t j = 0; j < cosine_.size(); ++j) {
      const bool set = bit(block, static_cast<int>(j));
      if (i == j)
        derivative *= set ? cosine_[j] : -sine_[j];
      else
        derivative *= set ? sine_[j] : cosine_[j];
    }
    sums[plan_.start[i].index] += derivative;
  }
  sums[row_ - 2] += product * lambda.real();
  sums[row_ - 1] += product * lambda.imag();
}

template <class T>
void BlockStages<T>::add_derivatives(std::span<double> sums) const {
  for (Index chunk = 0; chunk < blocks_.count; ++chunk)
    for (std::size_t k = 0; k < sums.size(); ++k) sums[k] += sums_[chunk * row_ + k];
}

template <class T>
Complex BlockStages<T>::start_lambda() const {
  Complex sum = 0.0;
  for (Index chunk = 0; chunk < blocks_.count; ++chunk) {
    const double* end = sums_.data() + (chunk + 1) * row_;
    sum += Complex(end[-2], end[-1]);
  }
  return sum;
}

template <class T>
std::size_t BlockStages<T>::bytes() const {
  std::size_t sum = sums_.size() * sizeof(double);
  for (const Worker& worker : workers_) sum += worker.bytes();
  return sum;
}

template <class T>
std::size_t BlockStages<T>::planned_bytes(const Circuit& circuit, int block_qubits, Purpose purpose,
                                          int threads, bool gradient) {
  const BlockPlan plan = plan_blocks(circuit, block_qubits, purpose);
  std::size_t worker = (gradient ? 4 : 2) * dimension(block_qubits) * sizeof(T);
  for (const BlockStage& stage : plan.stages) worker += register_bytes<T>(stage.part.schedule);
  const Index chunks = Chunks(plan.blocks(), 1, most_shares).count;
  return static_cast<std::size_t>(threads) * worker +
         (gradient ? chunks * sums_of(circuit) * sizeof(double) : 0);
}

template class BlockStages<double>;
template class BlockStages<float>;

}  // namespace qhn
