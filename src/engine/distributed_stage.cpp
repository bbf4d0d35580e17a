#include "engine/distributed_stage.hpp"

#include <omp.h>

#include <algorithm>
#include <bit>

#include "core/chunks.hpp"
#include "core/error.hpp"
#include "core/masked_index.hpp"
#include "engine/amplitude_kernels.hpp"
#include "engine/exchange_chunks.hpp"
#include "engine/sweep_engine.hpp"

namespace qhn {
namespace {

constexpr Index shares = 16;  // groups of blocks of a chunk, each with its own sums

/// The schedule restricted to the qubits of `mask`, in their order. Throws RunError if it acts on
/// others.
Schedule compacted(const Schedule& schedule, Index mask) {
  const auto place = [mask](int q) {
    if (!bit(mask, q)) throw RunError("a stage acts on a qubit outside its block");
    return std::popcount(mask & (dimension(q) - 1));
  };
  Schedule result;
  result.qubits = std::popcount(mask);
  for (Step step : schedule.steps) {
    if (auto* rotation = std::get_if<Rotation>(&step)) {
      Rotation small;
      small.angles.resize(static_cast<std::size_t>(result.qubits));
      small.control_of.assign(small.angles.size(), -1);
      for (int q = 0; q < schedule.qubits; ++q) {
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
      throw RunError("a stage of a block has a branch step");
    }
    result.steps.push_back(std::move(step));
  }
  return result;
}

bool runs_large(const RankStage& stage, const StageBlocks& blocks) {
  return blocks.slots == 0 && blocks.qubits > 0 && !stage.circuit.gates.empty();
}

Schedule on_block(const RankStage& stage, Index block) {
  return block == 0 ? stage.schedule : compacted(stage.schedule, block);
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
RunningStage<T>::Runner::Runner(const Schedule& p, bool block, bool gradient)
    : schedule(p),
      adjoint(schedule),
      phi(block ? schedule.elements() : 0),
      lambda(block && gradient ? schedule.elements() : 0),
      cost(lambda.size() / 2) {}

template <class T>
RunningStage<T>::RunningStage(RankStage&& stage, const StageBlocks& blocks, int threads,
                              bool gradient)
    : threads_(threads),
      size_(dimension(stage.schedule.qubits)),
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
  for (Runner& runner : runners_) runner.schedule.set_angles(values_);
  std::ranges::fill(sums_, 0.0);
}

template <class T>
void RunningStage<T>::run(T* phi) {
  if (large_) return large_->run(values_, phi);
  runners_.front().schedule.run_from(phi, threads_);
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

/// Calls work(runner, derivatives, base of the block) for all blocks.
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
    runner.schedule.run_from(runner.phi.data(), 1);
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
    runner.schedule.run_from(runner.phi.data(), 1);
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
    sum += r.schedule.bytes() + r.adjoint.bytes() +
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

template <class T>
std::vector<StageBlocks> stage_blocks(const ExchangePlan& plan, const EngineOptions& options) {
  const int qubits = sweep_block_qubits(plan.local_qubits, options.block_qubits);
  std::vector<StageBlocks> blocks{{0, qubits}};
  for (std::size_t s = 1; s < plan.stages.size(); ++s) {
    std::vector<int> swapped;
    for (const auto& swap : plan.exchanges[s - 1].swaps) swapped.push_back(swap.first);
    const auto count = static_cast<int>(swapped.size());
    const int chunk_bits = exchange_chunk_bits<T>(plan.local_qubits, count);
    blocks.push_back({block_slots(plan.stages[s], swapped, chunk_bits), qubits});
  }
  return blocks;
}

template std::vector<StageBlocks> stage_blocks<float>(const ExchangePlan&, const EngineOptions&);
template std::vector<StageBlocks> stage_blocks<double>(const ExchangePlan&, const EngineOptions&);

namespace {

template <class T>
std::size_t bytes_of(const ExchangePlan& plan, const EngineOptions& options, bool own_table) {
  const Index size = dimension(plan.local_qubits);
  std::size_t sum = ((options.gradient ? 4 : 2) + (own_table ? 1 : 0)) * size * sizeof(T);
  sum += exchange_buffer_bytes<T>(plan.local_qubits);
  const RankPlan rank = plan_for_rank(plan, 0);
  const std::vector<StageBlocks> blocks = stage_blocks<T>(plan, options);
  for (std::size_t s = 0; s < blocks.size(); ++s)
    sum += RunningStage<T>::planned_bytes(rank.stages[s], blocks[s], options.threads,
                                          options.gradient);
  return sum;
}

}  // namespace

bool turns_back_in_cache(const ExchangePlan& plan, Precision precision) {
  const auto blocks = precision == Precision::float32 ? stage_blocks<float>(plan, {})
                                                      : stage_blocks<double>(plan, {});
  return blocks.back().slots != 0;
}

std::size_t distributed_sweep_bytes(const ExchangePlan& plan, const EngineOptions& options) {
  return options.precision == Precision::float32 ? bytes_of<float>(plan, options, true)
                                                 : bytes_of<double>(plan, options, false);
}

}  // namespace qhn
