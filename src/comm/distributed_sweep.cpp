#include "comm/distributed_sweep.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <deque>
#include <limits>
#include <numeric>

#include "comm/exchange.hpp"
#include "core/aligned.hpp"
#include "core/chunks.hpp"
#include "core/error.hpp"
#include "core/masked_index.hpp"
#include "core/random.hpp"
#include "engine/diagonal_cost.hpp"
#include "engine/distributed_stage.hpp"
#include "engine/sweep_engine.hpp"

namespace qhn {
namespace {

double sum_of(const std::vector<DerivedAngle>& angles, std::span<const double> values) {
  double sum = 0.0;
  for (const DerivedAngle& a : angles) sum += a.value(values);
  return sum;
}

/// e^{i·angle} times the state of `size` amplitudes.
template <class T>
void turn(T* state, Index size, double angle, int threads) {
  const auto c = static_cast<T>(std::cos(angle)), s = static_cast<T>(std::sin(angle));
  const Chunks pieces(size, thread_piece, size);
  for_chunks(pieces, threads, [&](Index p) {
    for (Index x = pieces.begin(p); x < pieces.end(p); ++x) {
      const T a = state[x], b = state[size + x];
      state[x] = a * c - b * s;
      state[size + x] = a * s + b * c;
    }
  });
}

/// Im Σ_x g_x* f_x over `size` amplitudes. `partial`: a number for each piece of thread_piece.
template <class T>
double imaginary_overlap(const T* f, const T* g, Index size, int threads,
                         std::vector<double>& partial) {
  const Chunks pieces(size, thread_piece, size);
  for_chunks(pieces, threads, [&](Index p) {
    constexpr Index lanes = 8;
    std::array<double, lanes> sum{};
    Index x = pieces.begin(p);
    for (; x + lanes <= pieces.end(p); x += lanes)
      for (Index l = 0; l < lanes; ++l)
        sum[l] += static_cast<double>(g[x + l] * f[size + x + l] - g[size + x + l] * f[x + l]);
    for (; x < pieces.end(p); ++x)
      sum[0] += static_cast<double>(g[x] * f[size + x] - g[size + x] * f[x]);
    partial[p] = 0.0;
    for (double s : sum) partial[p] += s;
  });
  double sum = 0.0;
  for (double p : partial) sum += p;
  return sum;
}

template <class T>
class Sweep final : public DistributedSweep {
 public:
  Sweep(const Ranks& ranks, const Circuit& circuit, const ExchangePlan& plan,
        std::span<const double> cost, const EngineOptions& options)
      : ranks_(ranks),
        threads_(options.threads),
        exchanger_(ranks, plan.local_qubits, options.threads),
        size_(dimension(plan.local_qubits)),
        phi_(2 * size_),
        lambda_(options.gradient ? 2 * size_ + cache_shift<T> : 0),
        cost_(cost, options.threads),
        partial_(Chunks(size_, thread_piece, size_).count),
        sums_(static_cast<std::size_t>(circuit.angles) + 1) {
    RankPlan mine = plan_for_rank(plan, static_cast<Index>(ranks.rank()));
    start_ = std::move(mine.start);
    const std::vector<StageBlocks> blocks = stage_blocks<T>(plan, options);
    for (std::size_t s = 0; s < mine.stages.size(); ++s)
      stages_.emplace_back(std::move(mine.stages[s]), blocks[s], threads_, options.gradient);
    exchanges_ = std::move(mine.exchanges);
    map_ = std::move(mine.result);
    std::vector<int>& order = ascending_.qubit_of_slot;  // slots sorted by qubit
    for (int slot = 0; slot < map_.slots(); ++slot) order.push_back(slot);
    std::ranges::sort(order, {},
                      [&](int slot) { return map_.qubit_of_slot[static_cast<std::size_t>(slot)]; });
  }

  double expectation(std::span<const double> angles) override {
    forward(angles);
    return sum_over_ranks(cost_.expectation(phi_.data()));
  }

  double expectation_and_gradient(std::span<const double> angles,
                                  std::span<double> gradient) override {
    if (lambda_.empty()) throw RunError("this engine was made for expectations only");
    forward(angles, turns_back());
    std::fill(sums_.begin(), sums_.end(), 0.0);
    sums_.back() = turns_back() ? stages_.back().expectation() : cost_.apply(phi_.data(), lambda());
    for (std::size_t s = stages_.size(); s-- > 0;) backward(s, angles);
    start_derivatives(angles);
    ranks_.sum(std::span<double>(sums_));
    std::copy_n(sums_.begin(), gradient.size(), gradient.begin());
    return sums_.back();
  }

  MostProbable most_probable(std::span<const double> angles) override {
    forward(angles);
    // cost_ returns the lowest local index among equals; another of them may have a lower string.
    MostProbable best = cost_.most_probable(re());
    Index lowest = map_(best.index);
    for (Index x = best.index + 1; x < size_; ++x)
      if (static_cast<double>(re()[x]) == best.probability) lowest = std::min(lowest, map_(x));
    best.index = lowest;
    return ranks_.most_probable(best);
  }

  double norm(std::span<const double> angles) override {
    forward(angles);
    double sum = 0.0;
    for (Index x = 0; x < size_; ++x) sum += probability(x);
    return sum_over_ranks(sum);
  }

  Counts measure(std::span<const double> angles, std::uint64_t shots,
                 const CounterRng& rng) override {
    forward(angles);
    const T* state = ascending();
    const MeasuredPart<T> part(state, state + size_, 1, size_, threads_);
    // The parts divide the cumulative probability in the order of their lowest strings.
    struct Mass {
      Index base;
      double probability;
    };
    std::vector<Mass> masses(static_cast<std::size_t>(ranks_.size()));
    const Mass mine{map_.base, part.probability()};
    MPI_Allgather(&mine, sizeof mine, MPI_BYTE, masses.data(), sizeof mine, MPI_BYTE,
                  ranks_.comm());
    std::ranges::sort(masses, {}, &Mass::base);
    double norm = 0.0, begin = 0.0;
    for (const Mass& m : masses) {
      if (m.base == mine.base) begin = norm;
      norm += m.probability;
    }
    const bool last = masses.back().base == mine.base;
    const double end = last ? std::numeric_limits<double>::infinity() : begin + mine.probability;
    Counts counts = part.measure(shots, rng, norm, begin, end);
    for (auto& [x, count] : counts) x = map_(ascending_(x));
    return counts;
  }

  double measured_probability(Index w) const override { return probability(*map_.find(w)); }

  std::size_t bytes() const override {
    std::size_t sum = exchanger_.bytes() + cost_.bytes() +
                      (phi_.size() + lambda_.size() + ordered_.size()) * sizeof(T);
    for (const RunningStage<T>& stage : stages_) sum += stage.bytes();
    return sum;
  }

 private:
  T* re() { return phi_.data(); }
  T* im() { return phi_.data() + size_; }
  T* lambda() { return lambda_.data() + cache_shift<T>; }
  double probability(Index x) const {
    const double a = phi_[x], b = phi_[size_ + x];
    return a * a + b * b;
  }

  /// φ in ascending order of the bit strings; a copy if the slots are in another order.
  const T* ascending() {
    if (std::ranges::is_sorted(ascending_.qubit_of_slot)) return re();
    ordered_.resize(2 * size_);
    std::vector<Index> low(std::min<Index>(size_, 1 << 10));
    for (Index x = 0; x < low.size(); ++x) low[x] = ascending_(x);
    const Chunks pieces(size_, thread_piece, size_);
    for_chunks(pieces, threads_, [&](Index p) {
      for (Index begin = pieces.begin(p); begin < pieces.end(p); begin += low.size()) {
        const Index high = ascending_(begin);
        for (Index x = 0; x < low.size(); ++x) {
          ordered_[begin + x] = phi_[high | low[x]];
          ordered_[size_ + begin + x] = phi_[size_ + (high | low[x])];
        }
      }
    });
    return ordered_.data();
  }

  double sum_over_ranks(double value) {
    ranks_.sum(std::span<double>(&value, 1));
    return value;
  }

  /// cos(θ/2) or sin(θ/2), and its derivative by θ.
  static std::pair<double, double> factor(const RankPlan::Factor& f,
                                          std::span<const double> angles) {
    const double half = f.angle.value(angles) / 2;
    const double c = std::cos(half), s = std::sin(half);
    return f.bit ? std::pair{s, c / 2} : std::pair{c, -s / 2};
  }

  /// Whether the last stage is cache-blocked. It then runs forward, applies the costs and runs
  /// backward on each block while the block is in the cache.
  bool turns_back() const { return stages_.back().block() != 0; }

  /// `back`: run the last stage backward as well, see turns_back().
  void forward(std::span<const double> angles, bool back = false) {
    Complex amplitude = std::polar(1.0, sum_of(stages_.front().phase(), angles));
    for (const RankPlan::Factor& f : start_) amplitude *= factor(f, angles).first;
    for (std::size_t s = 0; s < stages_.size(); ++s) {
      RunningStage<T>& stage = stages_[s];
      stage.set_angles(angles);
      if (s == 0)
        stage.run_from_zero(amplitude, re());
      else if (stage.block() != 0)
        exchanger_.run(exchanges_[s - 1], {re(), im()},
                       {.inner = unswapped(s), .after = [&](Index base, Index varying) {
                          if (back && s + 1 == stages_.size())
                            stage.run_and_undo_blocks(re(), lambda(), cost_.table(), base, varying);
                          else
                            stage.run_blocks(re(), base, varying);
                        }});
      else {
        exchanger_.run(exchanges_[s - 1], {re(), im()});
        stage.run(re());
      }
      if (turns(s)) turn(re(), size_, sum_of(stage.phase(), angles), threads_);
    }
  }

  /// Slots within a block of stage s that the exchange before it does not swap.
  Index unswapped(std::size_t s) const {
    return stages_[s].block() & ~mask_of(exchanges_[s - 1].slots);
  }

  /// Whether the phase of stage s is applied to this part. That of the first stage is in the start
  /// amplitude; that of the last stage changes no probability.
  bool turns(std::size_t s) const {
    return s > 0 && s + 1 < stages_.size() && !stages_[s].phase().empty();
  }

  /// Undoes stage s and the exchange before it; adds its derivatives to sums_.
  void backward(std::size_t s, std::span<const double> angles) {
    RunningStage<T>& stage = stages_[s];
    const bool derived = std::any_of(stage.phase().begin(), stage.phase().end(),
                                     [](const DerivedAngle& a) { return a.index >= 0; });
    // ∂_γ of e^{iγ}φ: 2 Re(i ⟨λ|φ⟩), over this part; the unitaries of a stage do not change it.
    if (derived && s + 1 < stages_.size()) {
      const double derivative = -2.0 * imaginary_overlap(re(), lambda(), size_, threads_, partial_);
      for (const DerivedAngle& a : stage.phase())
        if (a.index >= 0) sums_[static_cast<std::size_t>(a.index)] += a.sign * derivative;
    }
    if (turns(s)) {
      const double back = -sum_of(stage.phase(), angles);
      turn(re(), size_, back, threads_);
      turn(lambda(), size_, back, threads_);
    }
    const std::vector<T*> planes{re(), im(), lambda(), lambda() + size_};
    if (s + 1 == stages_.size() && turns_back())
      exchanger_.run(exchanges_[s - 1], planes);  // the stage is undone already
    else if (stage.block() != 0)
      exchanger_.run(exchanges_[s - 1], planes,
                     {.inner = unswapped(s), .before = [&](Index base, Index varying) {
                        stage.undo_blocks(re(), lambda(), base, varying);
                      }});
    else {
      stage.undo(re(), lambda());
      if (s > 0) exchanger_.run(exchanges_[s - 1], planes);
    }
    std::vector<double> derivatives(stage.angles().size());
    stage.add_derivatives(derivatives);
    for (std::size_t k = 0; k < derivatives.size(); ++k)
      if (const DerivedAngle& a = stage.angles()[k]; a.index >= 0)
        sums_[static_cast<std::size_t>(a.index)] += a.sign * derivatives[k];
  }

  /// All stages are undone: this part is e_0 times its start amplitude a, and ⟨λ|∂φ⟩ = λ_0* ∂a.
  void start_derivatives(std::span<const double> angles) {
    const Complex phase = std::polar(1.0, sum_of(stages_.front().phase(), angles));
    const Complex overlap = std::conj(stages_.front().start_lambda(lambda())) * phase;
    for (std::size_t i = 0; i < start_.size(); ++i) {
      if (start_[i].angle.index < 0) continue;
      double derivative = 1.0;
      for (std::size_t j = 0; j < start_.size(); ++j) {
        const auto [value, slope] = factor(start_[j], angles);
        derivative *= i == j ? slope : value;
      }
      sums_[static_cast<std::size_t>(start_[i].angle.index)] += 2.0 * derivative * overlap.real();
    }
  }

  const Ranks& ranks_;
  int threads_;
  std::vector<RankPlan::Factor> start_;
  std::deque<RunningStage<T>> stages_;
  std::vector<RankExchange> exchanges_;
  IndexMap map_;
  IndexMap ascending_;  ///< x-th lowest string of this part -> its local index
  Exchanger<T> exchanger_;
  Index size_;  ///< amplitudes of this part
  AlignedVector<T> phi_, lambda_;
  AlignedVector<T> ordered_;  ///< φ for measure(), if slots are not in qubit order
  DiagonalCost<T> cost_;
  std::vector<double> partial_;
  std::vector<double> sums_;  ///< the gradient, then the expectation
};

}  // namespace

std::unique_ptr<DistributedSweep> make_distributed_sweep(const Ranks& ranks, const Circuit& circuit,
                                                         const ExchangePlan& plan,
                                                         std::span<const double> cost,
                                                         const EngineOptions& options) {
  if (cost.size() != dimension(plan.local_qubits) || ranks.size() != 1 << plan.rank_bits())
    throw InputError("this plan is for " + std::to_string(1 << plan.rank_bits()) + " ranks of " +
                     std::to_string(dimension(plan.local_qubits)) + " costs each, not " +
                     std::to_string(ranks.size()) + " of " + std::to_string(cost.size()));
  if (options.precision == Precision::float32)
    return std::make_unique<Sweep<float>>(ranks, circuit, plan, cost, options);
  return std::make_unique<Sweep<double>>(ranks, circuit, plan, cost, options);
}

}  // namespace qhn
