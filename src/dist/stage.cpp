#include "dist/stage.hpp"

#include <omp.h>

#include <algorithm>
#include <bit>

#include "core/chunks.hpp"
#include "core/error.hpp"
#include "core/masked_index.hpp"
#include "gradient/contract.hpp"

namespace qhn {
namespace {

constexpr Index shares = 16;  // of the blocks of a chunk, each with its own sums

/// The program on the qubits of `mask` alone, which are all that it acts on, in their order.
Program compacted(const Program& program, Index mask) {
  const auto place = [mask](int q) {
    if (!bit(mask, q)) throw RunError("a stage acts outside its block");
    return std::popcount(mask & (dimension(q) - 1));
  };
  Program result;
  result.qubits = std::popcount(mask);
  for (Step step : program.steps) {
    if (auto* rotation = std::get_if<Rotation>(&step)) {
      Rotation small;
      small.angles.resize(static_cast<std::size_t>(result.qubits));
      small.control_of.assign(small.angles.size(), -1);
      for (int q = 0; q < program.qubits; ++q) {
        if (!bit(rotation->active(), q)) continue;
        const auto from = static_cast<std::size_t>(q), to = static_cast<std::size_t>(place(q));
        small.angles[to] = rotation->angles[from];
        if (const int control = rotation->control_of[from]; control >= 0)
          small.control_of[to] = place(control);
      }
      step = std::move(small);
    } else if (auto* phase = std::get_if<Phase>(&step)) {
      for (PhaseTerm& t : phase->terms) {
        t.first = place(t.first);
        if (t.second >= 0) t.second = place(t.second);
      }
    } else if (auto* permutation = std::get_if<Permutation>(&step)) {
      for (auto& [control, target] : permutation->cx)
        control = place(control), target = place(target);
    } else if (auto* sign = std::get_if<Sign>(&step)) {
      for (auto& [a, b] : sign->cz) a = place(a), b = place(b);
    } else {
      throw RunError("a stage does not branch");
    }
    result.steps.push_back(std::move(step));
  }
  return result;
}

bool runs_large(const RankStage& stage, const StageBlocks& blocks) {
  return blocks.slots == 0 && blocks.qubits > 0 && !stage.circuit.gates.empty();
}

Program on_block(const RankStage& stage, Index block) {
  return block == 0 ? stage.program : compacted(stage.program, block);
}

}  // namespace

Index block_slots(const Stage& stage, const std::vector<int>& swapped, int chunk_bits) {
  constexpr int wanted = 11, most = 13;     // slots of a block: 32 KiB of φ, 128
  constexpr int shortest = 6, longest = 9;  // bits of its runs
  Index all = dimension(static_cast<int>(stage.local.size())) - 1, acting = 0;
  const Index came = mask_of(swapped);
  for (const Gate& gate : stage.gates)
    for (std::size_t slot = 0; slot < stage.local.size(); ++slot)
      if (stage.local[slot] == gate.first || stage.local[slot] == gate.second)
        acting |= dimension(static_cast<int>(slot));
  acting |= came;
  const int above = std::popcount(acting & ~(dimension(shortest) - 1));
  const Index runs = dimension(std::clamp(wanted - above, shortest, longest)) - 1;
  const Index block = (acting | runs) & all;
  const bool fits =
      std::popcount(block) <= most && std::popcount(block & ~came) <= chunk_bits && runs < all;
  return fits ? block : 0;
}

template <class T>
RunningStage<T>::Runner::Runner(const Program& p, bool block, bool gradient)
    : program(p),
      adjoint(program),
      phi(block ? program.elements() : 0),
      lambda(block && gradient ? program.elements() : 0),
      cost(lambda.size() / 2) {}

template <class T>
RunningStage<T>::RunningStage(RankStage&& stage, const StageBlocks& blocks, int threads,
                              bool gradient)
    : threads_(threads),
      size_(dimension(stage.program.qubits)),
      block_(blocks.slots),
      angles_(std::move(stage.angles)),
      phase_(std::move(stage.phase)),
      values_(angles_.size()),
      sums_((block_ == 0 ? 1 : shares) * (angles_.size() + 1)) {
  if (runs_large(stage, blocks)) {
    large_.emplace(stage.circuit, blocks.qubits, stage.purpose, !starts_in_zero(stage.purpose),
                   threads, gradient);
    return;
  }
  for (int t = 0; t < (block_ == 0 ? 1 : threads); ++t)
    runners_.emplace_back(on_block(stage, block_), block_ != 0, gradient);
}

template <class T>
void RunningStage<T>::set_angles(std::span<const double> all) {
  for (std::size_t k = 0; k < angles_.size(); ++k) values_[k] = angles_[k].value(all);
  for (Runner& runner : runners_) runner.program.set_angles(values_);
  std::ranges::fill(sums_, 0.0);
}

template <class T>
void RunningStage<T>::run(T* phi) {
  if (large_) return large_->run(values_, phi);
  runners_.front().program.run_from(phi, threads_);
}

template <class T>
void RunningStage<T>::run_from_zero(Complex amplitude, T* phi) {
  if (large_) return large_->run_from_zero(values_, amplitude, phi);
  const Chunks pieces(2 * size_, thread_piece, 2 * size_);
  for_chunks(pieces, threads_,
             [&](Index p) { std::fill(phi + pieces.begin(p), phi + pieces.end(p), T{0}); });
  phi[0] = static_cast<T>(amplitude.real());
  phi[size_] = static_cast<T>(amplitude.imag());
  run(phi);
}

template <class T>
void RunningStage<T>::undo(T* phi, T* lambda) {
  if (!large_) return runners_.front().adjoint.run(phi, lambda, sums_, threads_);
  large_->begin_derivatives();
  large_->undo(values_, large_->count(), phi, lambda);
  large_->add_derivatives(std::span(sums_).first(angles_.size()));
}

template <class T>
Complex RunningStage<T>::start_lambda(const T* lambda) const {
  return large_ ? large_->start_lambda() : Complex(lambda[0], lambda[size_]);
}

/// work(runner, derivatives, base of a block) for all of them.
template <class T>
template <class Work>
void RunningStage<T>::for_blocks(Index base, Index varying, Work work) {
  const Index others = varying & ~block_;
  const Chunks blocks(dimension(std::popcount(others)), 1, shares);
  for_chunks(blocks, threads_, [&](Index c) {
    Runner& runner = runners_[threads_ > 1 ? static_cast<std::size_t>(omp_get_thread_num()) : 0];
    const std::span<double> sums(sums_.data() + c * (angles_.size() + 1), angles_.size() + 1);
    Index x = nth_in(others, blocks.begin(c));
    for (Index b = blocks.begin(c); b < blocks.end(c); ++b, x = next_in(others, x))
      work(runner, sums, base | x);
  });
}

template <class T>
void RunningStage<T>::run_blocks(T* phi, Index base, Index varying) {
  for_blocks(base, varying, [&](Runner& runner, std::span<double>, Index at) {
    copy_in(phi, at, runner.phi);
    runner.program.run_from(runner.phi.data(), 1);
    copy_out(runner.phi, at, phi);
  });
}

template <class T>
void RunningStage<T>::undo_blocks(T* phi, T* lambda, Index base, Index varying) {
  for_blocks(base, varying, [&](Runner& runner, std::span<double> sums, Index at) {
    copy_in(phi, at, runner.phi);
    copy_in(lambda, at, runner.lambda);
    runner.adjoint.run(runner.phi.data(), runner.lambda.data(), sums, 1);
    copy_out(runner.phi, at, phi);
    copy_out(runner.lambda, at, lambda);
  });
}

template <class T>
void RunningStage<T>::run_and_undo_blocks(T* phi, T* lambda, const T* cost, Index base,
                                          Index varying) {
  for_blocks(base, varying, [&](Runner& runner, std::span<double> sums, Index at) {
    copy_in(phi, at, runner.phi);
    runner.program.run_from(runner.phi.data(), 1);
    copy_plane_in(cost + at, runner.cost.data());
    const Index size = runner.cost.size();
    T *re = runner.phi.data(), *back = runner.lambda.data();
    sums.back() += weighted_norm(runner.cost.data(), re, re + size, size);
    std::copy_n(re, 2 * size, back);
    scale_pair(runner.cost.data(), size, back, back + size);
    runner.adjoint.run(re, back, sums, 1);
    copy_out(runner.phi, at, phi);
    copy_out(runner.lambda, at, lambda);
  });
}

template <class T>
T* RunningStage<T>::copy_plane_in(const T* plane, T* to) const {
  const Index run = dimension(std::countr_one(block_)), above = block_ & ~(run - 1);
  Index x = 0;
  do {
    to = std::copy_n(plane + x, run, to);
    x = next_in(above, x);
  } while (x != 0);
  return to;
}

template <class T>
void RunningStage<T>::copy_in(const T* part, Index base, AlignedVector<T>& block) const {
  copy_plane_in(part + size_ + base, copy_plane_in(part + base, block.data()));
}

template <class T>
void RunningStage<T>::copy_out(const AlignedVector<T>& block, Index base, T* part) const {
  const Index run = dimension(std::countr_one(block_)), above = block_ & ~(run - 1);
  const T* from = block.data();
  for (T* plane : {part + base, part + size_ + base}) {
    Index x = 0;
    do {
      std::copy_n(from, run, plane + x);
      from += run;
      x = next_in(above, x);
    } while (x != 0);
  }
}

template <class T>
void RunningStage<T>::add_derivatives(std::span<double> derivatives) const {
  for (std::size_t k = 0; k < derivatives.size(); ++k) derivatives[k] += sum_of(k);
}

template <class T>
double RunningStage<T>::expectation() const {
  return sum_of(angles_.size());
}

template <class T>
double RunningStage<T>::sum_of(std::size_t k) const {
  double sum = 0.0;
  for (std::size_t i = k; i < sums_.size(); i += angles_.size() + 1) sum += sums_[i];
  return sum;
}

template <class T>
std::size_t RunningStage<T>::bytes() const {
  std::size_t sum = sums_.size() * sizeof(double) + (large_ ? large_->bytes() : 0);
  for (const Runner& r : runners_)
    sum += r.program.bytes() + r.adjoint.bytes() +
           (r.phi.size() + r.lambda.size() + r.cost.size()) * sizeof(T);
  return sum;
}

template <class T>
std::size_t RunningStage<T>::planned_bytes(const RankStage& stage, const StageBlocks& blocks,
                                           int threads, bool gradient) {
  if (runs_large(stage, blocks))
    return BlockStages<T>::planned_bytes(stage.circuit, blocks.qubits, stage.purpose, threads,
                                         gradient);
  const std::size_t one = register_bytes<T>(on_block(stage, blocks.slots));
  if (blocks.slots == 0) return one;
  const std::size_t states =
      (gradient ? 5 : 2) * dimension(std::popcount(blocks.slots)) * sizeof(T);
  return static_cast<std::size_t>(threads) * (one + states);
}

template class RunningStage<double>;
template class RunningStage<float>;

}  // namespace qhn
