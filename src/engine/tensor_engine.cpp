#include "engine/tensor_engine.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "engine/cut_shape.hpp"
#include "engine/cut_sums.hpp"
#include "engine/cut_table.hpp"
#include "engine/half_chain.hpp"
#include "engine/tile_kernels.hpp"

namespace qhn {
namespace {

class TensorEngine final : public Engine, public StringSearch, public ProbabilitySource {
 public:
  TensorEngine(const std::shared_ptr<const ChainPlan>& plan, int middle,
               std::span<const double> cost, int threads)
      : shape_(plan->qubits - middle, middle,
               static_cast<int>(plan->bonds[static_cast<std::size_t>(middle)])),
        threads_(threads),
        chain_(plan),
        low_(*plan, middle, true),
        high_(*plan, middle, false),
        table_(shape_, cost),
        sums_(shape_),
        row_pieces_(shape_.rows, piece_length, shape_.rows),
        column_pieces_(shape_.columns, piece_length, shape_.columns),
        partial_(row_pieces_.count),
        best_(shape_.blocks.count()) {}

  EngineKind kind() const override { return EngineKind::tensor; }

  double expectation(std::span<const double> angles) override {
    forward(angles);
    for_stealing(shape_.blocks.count(), threads_, [&](Index task) {
      sums_.clear_x(task);
      table_.for_tiles(task, [&](const Tile<double>& tile, const double* m, Index column) {
        times_low(task, tile, m, column);
      });
    });
    return finish_rows();
  }

  double expectation_and_gradient(std::span<const double> angles,
                                  std::span<double> gradient) override {
    forward(angles);
    for_stealing(shape_.blocks.count(), threads_, [&](Index task) {
      sums_.clear_x(task);
      sums_.clear_y(task);
      table_.for_tiles(task, [&](const Tile<double>& tile, const double* m, Index column) {
        times_low(task, tile, m, column);
        reduce_rows(tile, m, shape_.terms, high_.values(), shape_.rows, sums_.y(task) + column,
                    shape_.columns);
      });
    });
    const double value = finish_rows();
    for_chunks(column_pieces_, threads_, [&](Index piece) {
      const Index at = column_pieces_.begin(piece);
      sums_.add_rows_of_blocks(at, column_pieces_.end(piece) - at);
    });
    low_.backward({sums_.y(), shape_.column_sums()}, chain_);
    high_.backward({sums_.x(), shape_.row_sums()}, chain_);
    std::ranges::fill(gradient, 0.0);
    chain_.backward(angles, gradient);
    return value;
  }

  StringSearch* strings() override { return this; }
  ProbabilitySource* probabilities() override { return this; }

  MostProbable most_probable(std::span<const double> angles) override {
    forward(angles);
    for_stealing(shape_.blocks.count(), threads_, [&](Index task) {
      MostProbable best;
      for_probabilities(task, [&](Index start, const double* p, Index columns) {
        const double* most = std::max_element(p, p + columns);
        const MostProbable here{start + static_cast<Index>(most - p), *most};
        if (less_probable(best, here)) best = here;
      });
      best_[task] = best;
    });
    return *std::max_element(best_.begin(), best_.end(), less_probable);
  }

  void probabilities(std::span<const double> angles, std::span<double> probabilities) override {
    forward(angles);
    for_stealing(shape_.blocks.count(), threads_, [&](Index task) {
      for_probabilities(task, [&](Index start, const double* p, Index columns) {
        std::copy_n(p, columns, probabilities.data() + start);
      });
    });
  }

  std::size_t bytes() const override {
    return chain_.bytes() + low_.bytes() + high_.bytes() + sums_.bytes() +
           partial_.size() * sizeof(double) + best_.size() * sizeof(MostProbable);
  }

 private:
  static constexpr Index piece_length = 1 << 10;

  void forward(std::span<const double> angles) {
    chain_.forward(angles);
    low_.forward(chain_);
    high_.forward(chain_);
  }

  /// Calls f(index, probabilities of `columns` strings from index on, columns) for a block.
  template <class F>
  void for_probabilities(Index task, F f) {
    CutTable<double>::Buffer p;
    table_.for_tiles(task, [&](const Tile<double>& tile, const double*, Index column) {
      const Tile<double> packed{tile.first, tile.count, tile.columns, tile.columns};
      expand(packed, shape_.terms, high_.values(), shape_.rows, low_.values() + column,
             shape_.columns, p.data);
      for (Index r = 0; r < tile.count; ++r)
        f((tile.first + r) * shape_.columns + column, p.data + r * tile.columns, tile.columns);
    });
  }

  void times_low(Index task, const Tile<double>& tile, const double* m, Index column) {
    reduce_columns(tile, m, shape_.terms, low_.values() + column, shape_.columns, sums_.x(task),
                   shape_.row_stride());
  }

  /// C L_k from the sums of the blocks, and E.
  double finish_rows() {
    for_chunks(row_pieces_, threads_, [&](Index piece) {
      const Index at = row_pieces_.begin(piece), count = row_pieces_.end(piece) - at;
      sums_.add_columns_of_blocks(at, count);
      double sum = 0.0;
      for (Index k = 0; k < static_cast<Index>(shape_.terms); ++k)
        sum += std::inner_product(sums_.x() + k * shape_.rows + at,
                                  sums_.x() + k * shape_.rows + at + count,
                                  high_.values() + k * shape_.rows + at, 0.0);
      partial_[piece] = sum;
    });
    return std::accumulate(partial_.begin(), partial_.end(), 0.0);
  }

  CutShape shape_;
  int threads_;
  PauliChain chain_;
  HalfChain low_, high_;
  CutTable<double> table_;
  CutSums<double> sums_;
  Chunks row_pieces_, column_pieces_;
  std::vector<double> partial_;
  std::vector<MostProbable> best_;
};

double bond(const ChainPlan& plan, int q) {
  return static_cast<double>(plan.bonds[static_cast<std::size_t>(q)]);
}

}  // namespace

double chain_fmas(const ChainPlan& plan, int middle, bool gradient) {
  const double passes = gradient ? 3.0 : 1.0;  // forward; backward to tensors and to levels
  double sum = (gradient ? 2.0 : 1.0) * std::ldexp(bond(plan, middle), plan.qubits) +
               4.0 * passes * plan.elements();
  for (int q = 0; q < plan.qubits; ++q) {
    const int before = q < middle ? q : plan.qubits - 1 - q;  // bits of the half without this one
    sum += 2.0 * passes * std::ldexp(bond(plan, q) * bond(plan, q + 1), before);
  }
  return sum;
}

int chain_middle(const ChainPlan& plan) {
  int best = plan.qubits / 2;
  for (int q = 0; q <= plan.qubits; ++q)
    if (chain_fmas(plan, q) < chain_fmas(plan, best)) best = q;
  return best;
}

double tensor_engine_elements(const ChainPlan& plan, int middle) {
  // The tensors after each step, and of each qubit |0⟩⟨0| and the adjoints before and after a step.
  double sum = plan.elements() + 4.0 * plan.qubits, largest_low = 1.0, largest_high = 1.0;
  double largest_site = 1.0;
  for (int q = 0; q < plan.qubits; ++q) {
    const double site = bond(plan, q) * bond(plan, q + 1);
    largest_site = std::max(largest_site, site);
    const int bits = q < middle ? q + 1 : plan.qubits - q;
    const double level = std::ldexp(bond(plan, q < middle ? q + 1 : q), bits);
    double& largest = q < middle ? largest_low : largest_high;
    largest = std::max(largest, level);
    sum += level + (4.0 + 8.0) * site;
  }
  const CutShape shape(plan.qubits - middle, middle, static_cast<int>(bond(plan, middle)));
  return sum + 3.0 * (largest_low + largest_high) + 4.0 * largest_site +
         static_cast<double>(shape.blocks.columns.count * shape.row_sums() +
                             shape.blocks.rows.count * shape.column_sums());
}

std::unique_ptr<Engine> make_tensor_engine(std::shared_ptr<const ChainPlan> plan,
                                           std::span<const double> cost,
                                           const EngineOptions& options) {
  return std::make_unique<TensorEngine>(plan, chain_middle(*plan), cost, options.threads);
}

}  // namespace qhn
