// The rows rotation, phase (forward and adjoint) and contraction: what an evaluation is made of.
#include <algorithm>
#include <cmath>
#include <memory>

#include "bench.hpp"
#include "core/chunks.hpp"
#include "engine/adjoint.hpp"
#include "engine/reference.hpp"
#include "engine/tile_kernels.hpp"
#include "truth.hpp"

namespace qhn {
namespace {

/// One layer on a whole register: Ry on all qubits behind the CX of a linear sublayer, or Rz.
Circuit layer(int qubits, bool rotation) {
  Circuit circuit;
  circuit.qubits = circuit.angles = qubits;
  if (rotation)
    for (int q = 1; q + 1 < qubits; q += 2) circuit.gates.push_back({GateKind::cx, q, q + 1});
  for (int q = 0; q < qubits; ++q)
    circuit.gates.push_back({rotation ? GateKind::ry : GateKind::rz, q, -1, q});
  return circuit;
}

Schedule layer_program(const Circuit& circuit) {
  // Purpose::state would drop what is trivial on |0…0⟩, any_expectation the final phases: put a
  // rotation by a fixed angle behind them and take it away.
  Circuit longer = circuit;
  for (int q = 0; q < circuit.qubits; ++q) longer.gates.push_back({GateKind::ry, q, -1, -1, 1.0});
  Schedule program = cut_circuit(longer, circuit.qubits, Purpose::any_expectation).low;
  program.steps.pop_back();
  return program;
}

class Layer {
 public:
  Layer(int qubits, bool rotation, bool adjoint, int threads, bool broken)
      : circuit_(layer(qubits, rotation)),
        adjoint_(adjoint),
        broken_(broken),
        threads_(threads),
        schedule_(layer_program(circuit_)),
        backward_(schedule_),
        phi_(schedule_.elements()),
        lambda_(schedule_.elements()),
        angles_(static_cast<std::size_t>(qubits)),
        gradient_(angles_.size()) {
    CounterRng rng(5, Stream::synthetic, 1);
    fill_angles(angles_, rng);
    schedule_.set_angles(angles_);
    reset();
  }

  void run() {
    if (adjoint_)
      backward_.run(phi_.data(), lambda_.data(), gradient_, threads_);
    else
      schedule_.run_from(phi_.data(), threads_);
    if (broken_) phi_[0] = -phi_[0];
  }

  /// Forward: all amplitudes. Adjoint: the way back, and ∂/∂θ_k of 2 Re⟨λ|U(θ)|φ⟩ at φ = U⁻¹ φ by
  /// the shift ∂U(θ_k) = U(θ_k + π)/2 of Ry, or i P₁ U of Rz.
  bool verify() {
    const auto before = state(phi_), costate = state(lambda_);
    std::ranges::fill(gradient_, 0.0);
    run();
    if (!adjoint_) return equal(state(phi_), naive_state(circuit_, before, angles_));
    const auto after = state(phi_);
    bool good = equal(naive_state(circuit_, after, angles_), before) &&
                equal(naive_state(circuit_, state(lambda_), angles_), costate);
    for (std::size_t k = 0; k < angles_.size(); k += angles_.size() / 3 + 1) {
      const bool ry = circuit_.gates.back().kind == GateKind::ry;
      auto shifted = angles_;
      if (ry) shifted[k] += std::acos(-1.0);
      const auto moved = naive_state(circuit_, after, shifted);
      double sum = 0.0;
      for (Index x = 0; x < moved.size(); ++x) {
        const Complex derivative = ry                            ? moved[x] / 2.0
                                   : bit(x, static_cast<int>(k)) ? Complex(0, 1) * moved[x]
                                                                 : 0.0;
        sum += 2.0 * (std::conj(costate[x]) * derivative).real();
      }
      good = good && near(gradient_[k], sum);
    }
    reset();
    return good;
  }

 private:
  void reset() {
    fill_random_planes(phi_, 1);
    fill_random_planes(lambda_, 2);
  }

  void fill_random_planes(AlignedVector<double>& planes, std::uint64_t seed) const {
    AlignedVector<Complex> amplitudes(planes.size() / 2);
    fill_random_state(amplitudes, seed, threads_);
    for (Index x = 0; x < amplitudes.size(); ++x) {
      planes[x] = amplitudes[x].real();
      planes[amplitudes.size() + x] = amplitudes[x].imag();
    }
  }

  static AlignedVector<Complex> state(const AlignedVector<double>& planes) {
    AlignedVector<Complex> amplitudes(planes.size() / 2);
    for (Index x = 0; x < amplitudes.size(); ++x)
      amplitudes[x] = {planes[x], planes[amplitudes.size() + x]};
    return amplitudes;
  }

  static bool equal(const AlignedVector<Complex>& a, const AlignedVector<Complex>& b) {
    for (Index x = 0; x < a.size(); ++x)
      if (!(std::abs(a[x] - b[x]) <= 1e-14)) return false;
    return true;
  }

  Circuit circuit_;
  bool adjoint_, broken_;
  int threads_;
  RegisterSchedule<double> schedule_;
  Adjoint<double> backward_;
  AlignedVector<double> phi_, lambda_;
  std::vector<double> angles_, gradient_;
};

/// Both products of the cost table with `terms` pair products, tile by tile, as the cut engine
/// takes them.
class Contraction {
 public:
  static constexpr int terms = 4;
  static constexpr Index tile_rows = 16, tile_columns = 512;

  Contraction(int qubits, bool broken)
      : broken_(broken),
        rows_(dimension(qubits - qubits / 2)),
        columns_(dimension(qubits / 2)),
        cost_(rows_ * columns_),
        v_(terms * rows_),
        w_(terms * columns_),
        x_(v_.size()),
        y_(w_.size()) {
    fill_random(cost_, 1, 1);
    fill_random(v_, 2, 1);
    fill_random(w_, 3, 1);
  }

  void run() {
    std::ranges::fill(x_, 0.0);
    std::ranges::fill(y_, 0.0);
    for (Index row = 0; row < rows_; row += tile_rows)
      for (Index column = 0; column < columns_; column += tile_columns) {
        const Tile<double> tile{row, std::min(tile_rows, rows_ - row),
                                std::min(tile_columns, columns_ - column), columns_};
        const double* m = cost_.data() + row * columns_ + column;
        reduce_columns(tile, m, terms, w_.data() + column, columns_, x_.data(), rows_);
        reduce_rows(tile, m, terms, v_.data(), rows_, y_.data() + column, columns_);
      }
  }

  bool verify() {
    run();
    if (broken_) x_[0] = -x_[0];
    bool good = true;
    for (Index k = 0; k < terms; ++k) {
      for (Index r = 0; r < rows_; r += rows_ / 4) {
        double sum = 0.0;
        for (Index c = 0; c < columns_; ++c) sum += cost_[r * columns_ + c] * w_[k * columns_ + c];
        good = good && near(x_[k * rows_ + r], sum);
      }
      for (Index c = 0; c < columns_; c += columns_ / 4) {
        double sum = 0.0;
        for (Index r = 0; r < rows_; ++r) sum += cost_[r * columns_ + c] * v_[k * rows_ + r];
        good = good && near(y_[k * columns_ + c], sum);
      }
    }
    return good;
  }

 private:
  bool broken_;
  Index rows_, columns_;
  AlignedVector<double> cost_, v_, w_, x_, y_;
};

void add_layer(const BenchOptions& options, int qubits, bool rotation, bool adjoint, int iterations,
               std::vector<Case>& cases) {
  const Schedule program = layer_program(layer(qubits, rotation));
  const Row row{
      .benchmark = std::string(rotation ? "rotation" : "phase") + (adjoint ? "-adjoint" : ""),
      .start = "random",
      .qubits = qubits,
      .sublayers = 1,
      .work = adjoint ? backward_work(program) : forward_work(program)};
  const bool broken = options.breaks(row.benchmark);
  const auto prepare = [=] {
    auto data = std::make_shared<Layer>(qubits, rotation, adjoint, 1, broken);
    return Task{[=] { data->run(); }, [=] { return data->verify(); }, ""};
  };
  cases.push_back({row, iterations, 64.0 * static_cast<double>(dimension(qubits)), prepare});
}

void add_contraction(const BenchOptions& options, int qubits, int iterations,
                     std::vector<Case>& cases) {
  const double size = static_cast<double>(dimension(qubits));
  const Row row{.benchmark = "contraction",
                .qubits = qubits,
                .work = {4.0 * Contraction::terms * size, 8.0 * size},
                .detail = "4 terms, rows and columns"};
  const bool broken = options.breaks(row.benchmark);
  const auto prepare = [=] {
    auto data = std::make_shared<Contraction>(qubits, broken);
    return Task{[=] { data->run(); }, [=] { return data->verify(); }, ""};
  };
  cases.push_back({row, iterations, 8.0 * size, prepare});
}

}  // namespace

void add_kernels(const BenchOptions& options, std::vector<Case>& cases) {
  for (int qubits : options.pick<std::vector<int>>({9}, {14, 20}, {14, 17, 20})) {
    const int iterations =
        std::max(1, static_cast<int>(dimension(options.pick(9, 21, 22)) >> qubits));
    for (bool rotation : {true, false})
      for (bool adjoint : {false, true})
        add_layer(options, qubits, rotation, adjoint, iterations, cases);
    add_contraction(options, qubits, iterations, cases);
  }
}

}  // namespace qhn
