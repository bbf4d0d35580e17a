#include "engine/tensor_engine.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>
#include <vector>

#include "engine/half_chain.hpp"
#include "engine/table_product.hpp"

namespace qhn {
namespace {

CutShape shape_of(const ChainPlan& plan) {
  return {plan.qubits - plan.middle, plan.middle, static_cast<int>(plan.middle_bond())};
}

class TensorEngine final : public Engine, public StringSearch, public ProbabilitySource {
 public:
  TensorEngine(const std::shared_ptr<const ChainPlan>& plan, std::span<const double> cost,
               int threads)
      : shape_(shape_of(*plan)),
        chain_(plan),
        low_(*plan, true),
        high_(*plan, false),
        at_(static_cast<std::size_t>(plan->angles)),
        product_(shape_, cost, threads),
        partial_(product_.row_pieces().count) {}

  EngineKind kind() const override { return EngineKind::tensor; }

  double expectation(std::span<const double> angles) override {
    forward(angles);
    product_.with_columns(low_.values());
    return finish_rows();
  }

  double expectation_and_gradient(std::span<const double> angles,
                                  std::span<double> gradient) override {
    forward(angles);
    product_.with_both(high_.values(), low_.values());
    const double value = finish_rows();
    product_.for_pieces(product_.column_pieces(), [&](Index, Index at, Index count) {
      product_.sums().add_rows_of_blocks(at, count);
    });
    low_.backward({product_.sums().y(), shape_.column_sums()}, chain_);
    high_.backward({product_.sums().x(), shape_.row_sums()}, chain_);
    std::ranges::fill(gradient, 0.0);
    chain_.backward(angles, gradient);
    return value;
  }

  StringSearch* strings() override { return this; }
  ProbabilitySource* probabilities() override { return this; }

  MostProbable most_probable(std::span<const double> angles) override {
    // Optimizers call this at the point just evaluated.
    if (!forwarded_ || !std::ranges::equal(angles, at_)) forward(angles);
    return product_.most_probable([&](Index task, auto f) {
      product_.pieces_of_product(task, high_.values(), low_.values(), std::move(f));
    });
  }

  void probabilities(std::span<const double> angles, std::span<double> probabilities) override {
    forward(angles);
    product_.for_tasks([&](Index task) {
      product_.pieces_of_product(task, high_.values(), low_.values(),
                                 [&](Index start, const double* p, Index count) {
                                   std::copy_n(p, count, probabilities.data() + start);
                                 });
    });
  }

  std::size_t bytes() const override {
    return chain_.bytes() + low_.bytes() + high_.bytes() + product_.bytes() +
           (at_.size() + partial_.size()) * sizeof(double);
  }

 private:
  void forward(std::span<const double> angles) {
    chain_.forward(angles);
    low_.forward(chain_);
    high_.forward(chain_);
    std::ranges::copy(angles, at_.begin());
    forwarded_ = true;
  }

  /// C L_k from the sums of the blocks, and E.
  double finish_rows() {
    CutSums<double>& sums = product_.sums();
    product_.for_pieces(product_.row_pieces(), [&](Index piece, Index at, Index count) {
      sums.add_columns_of_blocks(at, count);
      double sum = 0.0;
      for (Index k = 0; k < static_cast<Index>(shape_.terms); ++k) {
        const double* x = sums.x() + k * shape_.rows + at;
        sum += std::inner_product(x, x + count, high_.values() + k * shape_.rows + at, 0.0);
      }
      partial_[piece] = sum;
    });
    return std::accumulate(partial_.begin(), partial_.end(), 0.0);
  }

  CutShape shape_;
  PauliChain chain_;
  HalfChain low_, high_;
  std::vector<double> at_;  ///< the angles of low_ and high_, if forwarded_
  bool forwarded_ = false;
  TableProduct<double> product_;
  std::vector<double> partial_;
};

}  // namespace

double tensor_engine_elements(const ChainPlan& plan) {
  // The tensors after each step, of each qubit |0⟩⟨0| and the adjoints before and after a step, and
  // the angles.
  double sum = plan.elements() + 4.0 * plan.qubits + plan.angles, largest_low = 1.0,
         largest_high = 1.0;
  double largest_site = 1.0;
  for (int q = 0; q < plan.qubits; ++q) {
    const double site = plan.bond(q) * plan.bond(q + 1);
    largest_site = std::max(largest_site, site);
    const int bits = q < plan.middle ? q + 1 : plan.qubits - q;
    const double level = std::ldexp(plan.bond(q < plan.middle ? q + 1 : q), bits);
    double& largest = q < plan.middle ? largest_low : largest_high;
    largest = std::max(largest, level);
    sum += level + (4.0 + 8.0) * site;
  }
  const CutShape shape = shape_of(plan);
  return sum + 3.0 * (largest_low + largest_high) + 4.0 * largest_site +
         static_cast<double>(shape.blocks.columns.count * shape.row_sums() +
                             shape.blocks.rows.count * shape.column_sums());
}

std::unique_ptr<Engine> make_tensor_engine(std::shared_ptr<const ChainPlan> plan,
                                           std::span<const double> cost,
                                           const EngineOptions& options) {
  return std::make_unique<TensorEngine>(plan, cost, options.threads);
}

}  // namespace qhn
