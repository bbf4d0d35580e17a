#include "engine/cut_engine.hpp"

#include <algorithm>
#include <utility>

#include "engine/cut_contraction.hpp"
#include "engine/cut_registers.hpp"
#include "engine/cut_shape.hpp"
#include "engine/sweep_engine.hpp"

namespace qhn {
namespace {

template <class T>
class CutEngine final : public Engine, public StringSearch, public AmplitudeSource {
 public:
  CutEngine(const Circuit& circuit, const CutCircuit& cut, std::span<const double> cost,
            const EngineOptions& options, std::unique_ptr<const RowShare> share)
      : circuit_(circuit),
        share_(std::move(share)),
        shape_(share_ ? CutShape(cut, share_->part(), share_->parts()) : CutShape(cut)),
        threads_(options.threads),
        registers_(cut, shape_.groups, circuit.angles, threads_),
        contraction_(shape_, cost, registers_, share_.get(), threads_),
        pairs_at_(static_cast<std::size_t>(circuit.angles)) {}

  EngineKind kind() const override { return EngineKind::cut; }

  double expectation(std::span<const double> angles) override {
    forward(angles);
    return contraction_.expectation();
  }

  double expectation_and_gradient(std::span<const double> angles,
                                  std::span<double> gradient) override {
    forward(angles);
    const double value = contraction_.expectation_and_lambda();
    registers_.backward(gradient);
    return value;
  }

  StringSearch* strings() override { return this; }
  AmplitudeSource* amplitudes() override { return share_ ? nullptr : this; }

  MostProbable most_probable(std::span<const double> angles) override {
    // Optimizers call this at the point just evaluated; its pair products are still valid.
    if (!has_pairs_ || !std::equal(angles.begin(), angles.end(), pairs_at_.begin()))
      forward(angles);
    return contraction_.most_probable();
  }

  void state(std::span<const double> angles, std::span<Complex> amplitudes) override {
    whole_state<T>(circuit_, angles, amplitudes, threads_);
  }

  std::size_t bytes() const override { return registers_.bytes() + contraction_.bytes(); }

 private:
  void forward(std::span<const double> angles) {
    registers_.forward(angles);
    contraction_.prepare();
    std::copy(angles.begin(), angles.end(), pairs_at_.begin());
    has_pairs_ = shape_.paired;
  }

  Circuit circuit_;
  std::unique_ptr<const RowShare> share_;  ///< null: this engine has the whole table
  CutShape shape_;
  int threads_;
  CutRegisters<T> registers_;
  CutContraction<T> contraction_;
  bool has_pairs_ = false;  ///< the pair products of the contraction belong to the angles pairs_at_
  std::vector<double> pairs_at_;
};

}  // namespace

std::unique_ptr<Engine> make_cut_engine(const Circuit& circuit, const CutCircuit& cut,
                                        std::span<const double> cost, const EngineOptions& options,
                                        std::unique_ptr<const RowShare> share) {
  if (options.precision == Precision::float32)
    return std::make_unique<CutEngine<float>>(circuit, cut, cost, options, std::move(share));
  return std::make_unique<CutEngine<double>>(circuit, cut, cost, options, std::move(share));
}

int branch_groups(const CutCircuit& cut) {
  const int qubits = std::max(cut.low.qubits, cut.high.qubits);
  const Index elements = static_cast<Index>(2 * cut.branches()) * dimension(qubits);
  return static_cast<int>(std::clamp<Index>(elements >> 12, 1, static_cast<Index>(cut.branches())));
}

Index most_cut_ranks(const CutCircuit& cut) {
  constexpr Index least_rows = 16;
  return std::max<Index>(1, dimension(cut.high.qubits) / least_rows);
}

Index cut_sum_length(const CutCircuit& cut) {
  const CutShape shape(cut);
  return shape.row_sums() + shape.column_sums();
}

std::size_t cut_engine_bytes(const CutCircuit& cut, const EngineOptions& options, Index ranks) {
  const bool single = options.precision == Precision::float32;
  const std::size_t real = single ? sizeof(float) : sizeof(double);
  const std::size_t table = single ? dimension(cut.qubits()) / ranks * sizeof(float) : 0;
  return CutShape(cut, 0, ranks).elements() * real + table;
}

}  // namespace qhn
