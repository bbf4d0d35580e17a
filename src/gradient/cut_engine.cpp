#include "gradient/cut_engine.hpp"

#include <algorithm>
#include <limits>
#include <type_traits>

#include "core/aligned.hpp"
#include "core/chunks.hpp"
#include "gradient/adjoint.hpp"
#include "gradient/contract.hpp"
#include "gradient/sweep_engine.hpp"
#include "state/register.hpp"

namespace qhn {
namespace {

constexpr int most_paired_branches = 4;
constexpr Index tile_rows = 16;
constexpr Index tile_columns = 512;
constexpr Index chunk_entries = Index{1} << 18;

/// Everything about the contraction that follows from its shape.
struct Shape {
  Index rows;     ///< 2^high qubits
  Index columns;  ///< 2^low qubits
  int branches;
  bool paired;
  int terms;  ///< real rows of W and V: χ² pair products, or 2 χ planes

  explicit Shape(const CutCircuit& cut)
      : rows(dimension(cut.high.qubits)),
        columns(dimension(cut.low.qubits)),
        branches(cut.branches()),
        paired(branches <= most_paired_branches),
        terms(paired ? branches * branches : 2 * branches) {}

  Chunks chunks() const { return {rows, std::max<Index>(tile_rows, chunk_entries / columns)}; }
  Index planes() const { return static_cast<Index>(2 * branches); }

  // Elements of the engine's arrays; what they hold stands beside the members.
  Index pair_rows() const { return paired ? static_cast<Index>(terms) * rows : 0; }
  Index pair_columns() const { return paired ? static_cast<Index>(terms) * columns : 0; }
  Index row_sums() const { return static_cast<Index>(terms) * rows * (paired ? 1 : 2); }
  Index column_sums() const { return chunks().count * static_cast<Index>(terms) * columns; }
  Index coefficients() const { return 2 * planes() * rows; }
  Index tile_size() const { return 2 * tile_rows * std::min(columns, tile_columns); }
  Index tiles() const { return chunks().count * tile_size(); }
  Index elements() const {
    return pair_rows() + pair_columns() + row_sums() + column_sums() + coefficients() + tiles() +
           2 * planes() * (rows + columns);
  }
};

/// One register with its states and their adjoints.
template <class T>
struct Side {
  RegisterProgram<T> program;
  Adjoint<T> adjoint;
  AlignedVector<T> phi, lambda_storage;
  std::vector<double> gradient;  ///< this side's share

  Side(const Program& p, int angles)
      : program(p),
        adjoint(program),
        phi(program.elements()),
        lambda_storage(program.elements() + cache_shift<T>),
        gradient(static_cast<std::size_t>(angles)) {}

  T* lambda() { return lambda_storage.data() + cache_shift<T>; }

  std::size_t bytes() const {
    return program.bytes() + adjoint.bytes() + (phi.size() + lambda_storage.size()) * sizeof(T);
  }
};

template <class T>
class CutEngine final : public Engine {
 public:
  CutEngine(const Circuit& circuit, const CutCircuit& cut, std::span<const double> cost,
            const EngineOptions& options)
      : circuit_(circuit),
        shape_(cut),
        threads_(options.threads),
        low_(cut.low, circuit.angles),
        high_(cut.high, circuit.angles),
        chunks_(shape_.chunks()) {
    if constexpr (std::is_same_v<T, double>) {
      cost_ = cost.data();
    } else {
      own_cost_.assign(cost.begin(), cost.end());
      cost_ = own_cost_.data();
    }
    v_.resize(shape_.pair_rows());
    w_.resize(shape_.pair_columns());
    x_.resize(shape_.row_sums());
    y_.resize(shape_.column_sums());
    coefficients_.resize(shape_.coefficients());
    tiles_.resize(shape_.tiles());
    pairs_at_.assign(static_cast<std::size_t>(circuit.angles),
                     std::numeric_limits<double>::quiet_NaN());
    partial_.resize(chunks_.count);
    best_.resize(chunks_.count);
  }

  EngineKind kind() const override { return EngineKind::cut; }

  double expectation(std::span<const double> angles) override {
    forward(angles);
    if (shape_.paired) {
      pair_up(angles);
      std::fill(x_.begin(), x_.end(), T{0});
      for_chunks(chunks_, threads_, [&](Index chunk) {
        for_tiles(chunk, [&](const Tile<T>& tile, const T* m, Index column) {
          reduce_columns(tile, m, shape_.terms, w_.data() + column, shape_.columns, x_.data(),
                         shape_.rows);
        });
      });
      return apply_pairs(x_.data(), high_.phi.data(), shape_.branches, shape_.rows, high_.lambda());
    }
    fill_coefficients();
    for_chunks(chunks_, threads_, [&](Index chunk) {
      double sum = 0.0;
      for_amplitudes(chunk, [&](Index row, Index column, Index columns, T* re, T* im) {
        sum += weighted_norm(cost_ + row * shape_.columns + column, re, im, columns);
      });
      partial_[chunk] = sum;
    });
    double sum = 0.0;
    for (double p : partial_) sum += p;
    return sum;
  }

  double expectation_and_gradient(std::span<const double> angles,
                                  std::span<double> gradient) override {
    forward(angles);
    const double value = shape_.paired ? contract_pairs(angles) : contract_amplitudes();
    on_both_sides([](Side<T>& side) {
      std::fill(side.gradient.begin(), side.gradient.end(), 0.0);
      side.adjoint.run(side.phi.data(), side.lambda(), side.gradient, 1);
    });
    for (std::size_t k = 0; k < gradient.size(); ++k)
      gradient[k] = low_.gradient[k] + high_.gradient[k];
    return value;
  }

  MostProbable most_probable(std::span<const double> angles) override {
    if (!shape_.paired) {
      forward(angles);
      fill_coefficients();
    } else {
      // An optimiser asks at the point it has just evaluated, whose pair products are still there.
      if (!std::equal(angles.begin(), angles.end(), pairs_at_.begin())) {
        forward(angles);
        pair_up(angles);
      }
      weigh_pairs();
    }
    for_chunks(chunks_, threads_, [&](Index chunk) {
      MostProbable best;
      T most{-1};
      for_probabilities(chunk, [&](Index start, const T* p, Index columns) {
        // Tiles do not come in index order, so an equal probability at a lower index must win too.
        const T here = largest(p, columns);
        if (here < most || (here == most && start > best.index)) return;
        most = here;
        best = {start + static_cast<Index>(std::find(p, p + columns, here) - p),
                static_cast<double>(here)};
      });
      best_[chunk] = best;
    });
    MostProbable best = best_[0];
    for (const MostProbable& b : best_)
      if (b.probability > best.probability) best = b;
    return best;
  }

  void state(std::span<const double> angles, std::span<Complex> amplitudes) override {
    whole_state<T>(circuit_, angles, amplitudes, threads_);
  }

  std::size_t bytes() const override {
    return low_.bytes() + high_.bytes() + partial_.size() * sizeof(double) +
           best_.size() * sizeof(MostProbable) +
           sizeof(T) * (own_cost_.size() + v_.size() + w_.size() + x_.size() + y_.size() +
                        coefficients_.size() + tiles_.size());
  }

 private:
  /// The registers are small beside the table, so a thread each is enough; for very small ones even
  /// waking it costs more.
  template <class F>
  void on_both_sides(F f) {
    const int threads = low_.phi.size() >= (1 << 13) ? threads_ : 1;
    for_chunks(Chunks(2, 1), threads, [&](Index side) { f(side == 0 ? low_ : high_); });
  }

  void forward(std::span<const double> angles) {
    on_both_sides([angles](Side<T>& side) {
      side.program.set_angles(angles);
      side.program.run(side.phi.data(), 1);
    });
  }

  /// f(tile, first element of C, first column) over a chunk's tiles of C.
  template <class F>
  void for_tiles(Index chunk, F f) const {
    for (Index row = chunks_.begin(chunk); row < chunks_.end(chunk); row += tile_rows) {
      const Index count = std::min(tile_rows, chunks_.end(chunk) - row);
      for (Index column = 0; column < shape_.columns; column += tile_columns) {
        const Index columns = std::min(tile_columns, shape_.columns - column);
        f(Tile<T>{row, count, columns, shape_.columns}, cost_ + row * shape_.columns + column,
          column);
      }
    }
  }

  /// f(row, column, columns, re, im) for every piece of a row of ψ in the chunk.
  template <class F>
  void for_amplitudes(Index chunk, F f) {
    for_tiles(chunk, [&](const Tile<T>& tile, const T*, Index column) {
      T* psi = fill_tile(chunk, tile, column);
      for (Index r = 0; r < tile.count; ++r)
        f(tile.first + r, column, tile.columns, psi + 2 * r * tile.columns,
          psi + (2 * r + 1) * tile.columns);
    });
  }

  /// ψ of a tile: rows re, im alternating, packed.
  T* fill_tile(Index chunk, const Tile<T>& tile, Index column) {
    T* psi = tiles_.data() + chunk * shape_.tile_size();
    expand(psi_rows(tile), static_cast<int>(shape_.planes()), coefficients_.data(), 2 * shape_.rows,
           low_.phi.data() + column, shape_.columns, psi);
    return psi;
  }

  static Tile<T> psi_rows(const Tile<T>& tile) {
    return {2 * tile.first, 2 * tile.count, tile.columns, tile.columns};
  }

  void pair_up(std::span<const double> angles) {
    pair_products(low_.phi.data(), shape_.branches, shape_.columns, w_.data());
    pair_products(high_.phi.data(), shape_.branches, shape_.rows, v_.data());
    std::copy(angles.begin(), angles.end(), pairs_at_.begin());
  }

  /// x ← the pair products of A with the weights they have in
  /// |ψ|² = Σ_k |A_k|² |B_k|² + 2 Σ_{k<l} (Re A_k* A_l Re B_k* B_l − Im A_k* A_l Im B_k* B_l).
  void weigh_pairs() {
    const T* from = v_.data();
    T* to = x_.data();
    for (int k = 0; k < shape_.terms; ++k, from += shape_.rows, to += shape_.rows) {
      const bool diagonal = k < shape_.branches;
      const T weight = diagonal ? T{1} : (k - shape_.branches) % 2 == 0 ? T{2} : T{-2};
      for (Index h = 0; h < shape_.rows; ++h) to[h] = weight * from[h];
    }
  }

  /// f(index, |ψ|² of `columns` states from there on, columns) for the chunk, piece by piece.
  template <class F>
  void for_probabilities(Index chunk, F f) {
    if (!shape_.paired)
      return for_amplitudes(chunk, [&](Index row, Index column, Index columns, T* re, T* im) {
        norms(re, im, columns);
        f(row * shape_.columns + column, re, columns);
      });
    T* p = tiles_.data() + chunk * shape_.tile_size();
    for_tiles(chunk, [&](const Tile<T>& tile, const T*, Index column) {
      const Tile<T> packed{tile.first, tile.count, tile.columns, tile.columns};
      expand(packed, shape_.terms, x_.data(), shape_.rows, w_.data() + column, shape_.columns, p);
      for (Index r = 0; r < tile.count; ++r)
        f((tile.first + r) * shape_.columns + column, p + r * tile.columns, tile.columns);
    });
  }

  double contract_pairs(std::span<const double> angles) {
    pair_up(angles);
    std::fill(x_.begin(), x_.end(), T{0});
    for_chunks(chunks_, threads_, [&](Index chunk) {
      T* y = start_y(chunk);
      for_tiles(chunk, [&](const Tile<T>& tile, const T* m, Index column) {
        reduce_columns(tile, m, shape_.terms, w_.data() + column, shape_.columns, x_.data(),
                       shape_.rows);
        reduce_rows(tile, m, shape_.terms, v_.data(), shape_.rows, y + column, shape_.columns);
      });
    });
    sum_y();
    apply_pairs(y_.data(), low_.phi.data(), shape_.branches, shape_.columns, low_.lambda());
    return apply_pairs(x_.data(), high_.phi.data(), shape_.branches, shape_.rows, high_.lambda());
  }

  double contract_amplitudes() {
    fill_coefficients();
    std::fill(x_.begin(), x_.end(), T{0});
    for_chunks(chunks_, threads_, [&](Index chunk) {
      T* y = start_y(chunk);
      for_tiles(chunk, [&](const Tile<T>& tile, const T* m, Index column) {
        T* psi = fill_tile(chunk, tile, column);
        for (Index r = 0; r < tile.count; ++r)
          scale_pair(m + r * tile.stride, tile.columns, psi + 2 * r * tile.columns,
                     psi + (2 * r + 1) * tile.columns);
        const Tile<T> rows = psi_rows(tile);
        reduce_columns(rows, psi, shape_.terms, low_.phi.data() + column, shape_.columns, x_.data(),
                       2 * shape_.rows);
        reduce_rows(rows, psi, shape_.terms, coefficients_.data(), 2 * shape_.rows, y + column,
                    shape_.columns);
      });
    });
    sum_y();
    std::copy_n(y_.data(), low_.phi.size(), low_.lambda());
    // λ_A = Σ_l (λ_re + i λ_im) (B_re − i B_im), from the four sums of products.
    double value = 0.0;
    for (Index k = 0; k < shape_.planes(); k += 2) {
      const T* with_re = x_.data() + k * 2 * shape_.rows;
      const T* with_im = with_re + 2 * shape_.rows;
      const T* a = high_.phi.data() + k * shape_.rows;
      T* out = high_.lambda() + k * shape_.rows;
      for (Index h = 0; h < shape_.rows; ++h) {
        out[h] = with_re[2 * h] + with_im[2 * h + 1];
        out[shape_.rows + h] = with_re[2 * h + 1] - with_im[2 * h];
        value +=
            static_cast<double>(a[h]) * static_cast<double>(out[h]) +
            static_cast<double>(a[shape_.rows + h]) * static_cast<double>(out[shape_.rows + h]);
      }
    }
    return value;
  }

  /// coefficients[plane of B][2 h + (0: re, 1: im)], so that expand() forms A B in real arithmetic.
  void fill_coefficients() {
    for (Index k = 0; k < shape_.planes(); k += 2) {
      const T* re = high_.phi.data() + k * shape_.rows;
      const T* im = re + shape_.rows;
      T* with_re = coefficients_.data() + k * 2 * shape_.rows;
      T* with_im = with_re + 2 * shape_.rows;
      for (Index h = 0; h < shape_.rows; ++h) {
        with_re[2 * h] = re[h];
        with_re[2 * h + 1] = im[h];
        with_im[2 * h] = -im[h];
        with_im[2 * h + 1] = re[h];
      }
    }
  }

  T* start_y(Index chunk) {
    const Index length = static_cast<Index>(shape_.terms) * shape_.columns;
    T* y = y_.data() + chunk * length;
    std::fill(y, y + length, T{0});
    return y;
  }

  void sum_y() {
    const Index length = static_cast<Index>(shape_.terms) * shape_.columns;
    const Chunks pieces(length, 1 << 14);
    if (chunks_.count == 1) return;
    for_chunks(pieces, threads_, [&](Index piece) {
      for (Index chunk = 1; chunk < chunks_.count; ++chunk)
        for (Index i = pieces.begin(piece); i < pieces.end(piece); ++i)
          y_[i] += y_[chunk * length + i];
    });
  }

  Circuit circuit_;
  Shape shape_;
  int threads_;
  const T* cost_;
  AlignedVector<T> own_cost_;  ///< the table in T, where T is not double
  Side<T> low_, high_;
  Chunks chunks_;
  AlignedVector<T> v_, w_;         ///< pair products of A and of B
  AlignedVector<T> x_;             ///< sums over columns, [terms][rows]
  AlignedVector<T> y_;             ///< sums over rows, [chunk][terms][columns]
  AlignedVector<T> coefficients_;  ///< see fill_coefficients
  AlignedVector<T> tiles_;         ///< [chunk]: a tile of ψ
  std::vector<double> pairs_at_;   ///< angles that v_ and w_ belong to; NaN equals none
  std::vector<double> partial_;
  std::vector<MostProbable> best_;
};

}  // namespace

std::unique_ptr<Engine> make_cut_engine(const Circuit& circuit, const CutCircuit& cut,
                                        std::span<const double> cost,
                                        const EngineOptions& options) {
  if (options.precision == Precision::float32)
    return std::make_unique<CutEngine<float>>(circuit, cut, cost, options);
  return std::make_unique<CutEngine<double>>(circuit, cut, cost, options);
}

std::size_t cut_engine_bytes(const CutCircuit& cut, const EngineOptions& options) {
  const bool single = options.precision == Precision::float32;
  const std::size_t real = single ? sizeof(float) : sizeof(double);
  const std::size_t table = single ? dimension(cut.qubits()) * sizeof(float) : 0;
  return Shape(cut).elements() * real + table;
}

}  // namespace qhn
