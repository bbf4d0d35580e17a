#include "engine/cut_engine.hpp"

#include <algorithm>
#include <bit>
#include <type_traits>
#include <utility>

#include "core/aligned.hpp"
#include "core/chunks.hpp"
#include "engine/adjoint.hpp"
#include "engine/amplitude_kernels.hpp"
#include "engine/branch_kernels.hpp"
#include "engine/register.hpp"
#include "engine/sweep_engine.hpp"
#include "engine/tile_kernels.hpp"

namespace qhn {
namespace {

constexpr int most_paired_branches = 4;
constexpr Index tile_rows = 16;
constexpr Index tile_columns = 256;
constexpr Index cached_entries = Index{1} << 22;  // of C; a larger C is prefetched from memory
constexpr Index piece_length = 1 << 10;  // elements of a side that a thread takes at a time

/// The table in blocks, one task each: blocks of 2^16 entries, larger ones if these would be more
/// than 256. Every row of blocks has its own sums over rows, every column of blocks its own sums
/// over columns.
struct Blocks {
  Index first_row;
  Chunks rows, columns;

  /// `rows` rows from first_row on.
  Blocks(Index first_row_, Index own_rows, Index all_columns)
      : Blocks(first_row_, own_rows, all_columns,
               std::clamp(log2(own_rows) + log2(all_columns) - 16, 0, 8)) {}

  Index count() const { return rows.count * columns.count; }
  Index row(Index task) const { return task / columns.count; }
  Index column(Index task) const { return task % columns.count; }
  Index begin_row(Index task) const { return first_row + rows.begin(row(task)); }
  Index end_row(Index task) const { return first_row + rows.end(row(task)); }

 private:
  static int log2(Index n) { return std::countr_zero(n); }
  Blocks(Index first_row_, Index own_rows, Index all_columns, int bits)
      : first_row(first_row_),
        rows(own_rows, 1, Index{1} << (bits + 1) / 2),
        columns(all_columns, 1, Index{1} << bits / 2) {}
};

/// Sizes of the contraction.
struct Shape {
  Index rows;     ///< 2^high qubits
  Index columns;  ///< 2^low qubits
  int branches;
  bool paired;
  int terms;   ///< real rows of W and V: χ² pair products, or 2 χ planes
  int groups;  ///< branch_groups()
  Blocks blocks;

  /// For part `part` of `parts` equal parts of the table.
  explicit Shape(const CutCircuit& cut, Index part = 0, Index parts = 1)
      : rows(dimension(cut.high.qubits)),
        columns(dimension(cut.low.qubits)),
        branches(cut.branches()),
        paired(branches <= most_paired_branches),
        terms(paired ? branches * branches : 2 * branches),
        groups(branch_groups(cut)),
        blocks(rows / parts * part, rows / parts, columns) {}

  Index planes() const { return static_cast<Index>(2 * branches); }
  /// Elements from one term of the sums over columns to the next; re and im count separately if not
  /// paired.
  Index row_stride() const { return rows * (paired ? 1 : 2); }

  // Elements of the engine's arrays; their contents are described at the members.
  Index pair_rows() const { return paired ? static_cast<Index>(terms) * rows : 0; }
  Index pair_columns() const { return paired ? static_cast<Index>(terms) * columns : 0; }
  Index row_sums() const { return static_cast<Index>(terms) * row_stride(); }  // of one part
  Index column_sums() const { return static_cast<Index>(terms) * columns; }    // of one part
  Index coefficients() const { return paired ? 0 : 2 * planes() * rows; }
  Index elements() const {
    return pair_rows() + pair_columns() + blocks.columns.count * row_sums() +
           blocks.rows.count * column_sums() + coefficients() + 2 * planes() * (rows + columns);
  }
};

/// One register with its states and their adjoints.
template <class T>
struct Side {
  RegisterSchedule<T> schedule;
  Adjoint<T> adjoint;
  AlignedVector<T> phi, lambda_storage;
  std::size_t angles;
  AlignedVector<double> gradients;  ///< [group][angle]: contributions of this side

  Side(const Schedule& p, int groups, int angles_)
      : schedule(p, groups),
        adjoint(schedule),
        phi(schedule.elements()),
        lambda_storage(schedule.elements() + cache_shift<T>),
        angles(static_cast<std::size_t>(angles_)),
        gradients(static_cast<std::size_t>(groups) * stride()) {}

  T* lambda() { return lambda_storage.data() + cache_shift<T>; }

  std::size_t stride() const { return (angles + 7) / 8 * 8; }  // no two groups on a cache line
  std::span<double> gradient(int group) {
    return {gradients.data() + static_cast<std::size_t>(group) * stride(), angles};
  }

  std::size_t bytes() const {
    return schedule.bytes() + adjoint.bytes() + (phi.size() + lambda_storage.size()) * sizeof(T) +
           gradients.size() * sizeof(double);
  }
};

template <class T>
class CutEngine final : public Engine, public StringSearch, public AmplitudeSource {
 public:
  CutEngine(const Circuit& circuit, const CutCircuit& cut, std::span<const double> cost,
            const EngineOptions& options, std::unique_ptr<const RowShare> share)
      : circuit_(circuit),
        share_(std::move(share)),
        shape_(share_ ? Shape(cut, share_->part(), share_->parts()) : Shape(cut)),
        threads_(options.threads),
        low_(cut.low, shape_.groups, circuit.angles),
        high_(cut.high, shape_.groups, circuit.angles),
        row_pieces_(shape_.rows, piece_length, shape_.rows),
        column_pieces_(shape_.columns, piece_length, shape_.columns) {
    if constexpr (std::is_same_v<T, double>) {
      cost_ = cost.data();
    } else {
      own_cost_.assign(cost.begin(), cost.end());
      cost_ = own_cost_.data();
    }
    v_.resize(shape_.pair_rows());
    w_.resize(shape_.pair_columns());
    x_.resize(shape_.blocks.columns.count * shape_.row_sums());
    y_.resize(shape_.blocks.rows.count * shape_.column_sums());
    coefficients_.resize(shape_.coefficients());
    pairs_at_.resize(static_cast<std::size_t>(circuit.angles));
    partial_.resize(std::max(shape_.blocks.count(), row_pieces_.count));
    best_.resize(shape_.blocks.count());
  }

  EngineKind kind() const override { return EngineKind::cut; }

  double expectation(std::span<const double> angles) override {
    forward(angles);
    prepare(angles);
    if (shape_.paired) {
      for_tasks([&](Index task) {
        clear_x(task);
        for_tiles(task, [&](const Tile<T>& tile, const T* m, Index column) {
          reduce_columns(tile, m, shape_.terms, w_.data() + column, shape_.columns, x(task),
                         shape_.row_stride());
        });
      });
      return over_ranks(finish_rows());
    }
    for_tasks([&](Index task) {
      double sum = 0.0;
      for_amplitudes(task, [&](Index row, Index column, Index columns, T* re, T* im) {
        sum += weighted_norm(cost(row) + column, re, im, columns);
      });
      partial_[task] = sum;
    });
    return over_ranks(sum_of_partial(shape_.blocks.count()));
  }

  double expectation_and_gradient(std::span<const double> angles,
                                  std::span<double> gradient) override {
    forward(angles);
    prepare(angles);
    for_tasks([&](Index task) {
      clear_x(task);
      clear_y(task);
      if (shape_.paired)
        contract_pairs(task);
      else
        contract_amplitudes(task);
    });
    if (share_) add_ranks();
    finish_columns();
    const double value = finish_rows();
    backward(gradient);
    return value;
  }

  StringSearch* strings() override { return this; }
  AmplitudeSource* amplitudes() override { return share_ ? nullptr : this; }

  MostProbable most_probable(std::span<const double> angles) override {
    // Optimizers call this at the point just evaluated; its pair products are still valid.
    if (!has_pairs_ || !std::equal(angles.begin(), angles.end(), pairs_at_.begin())) {
      forward(angles);
      prepare(angles);
    }
    if (shape_.paired) weigh_pairs();
    for_tasks([&](Index task) {
      MostProbable best;
      T most{-1};
      for_probabilities(task, [&](Index start, const T* p, Index columns) {
        const T here = largest(p, columns);
        if (here < most || (here == most && start > best.index)) return;
        most = here;
        best = {start + static_cast<Index>(std::find(p, p + columns, here) - p),
                static_cast<double>(here)};
      });
      best_[task] = best;
    });
    // Tiles and blocks do not come in index order, so a tie is resolved by the lower index.
    const MostProbable best = *std::max_element(best_.begin(), best_.end(), less_probable);
    return share_ ? share_->most_probable(best) : best;
  }

  void state(std::span<const double> angles, std::span<Complex> amplitudes) override {
    whole_state<T>(circuit_, angles, amplitudes, threads_);
  }

  std::size_t bytes() const override {
    return low_.bytes() + high_.bytes() + partial_.size() * sizeof(double) +
           best_.size() * sizeof(MostProbable) +
           sizeof(T) * (own_cost_.size() + v_.size() + w_.size() + x_.size() + y_.size() +
                        coefficients_.size());
  }

 private:
  // --- the two registers ---

  /// Calls f(side, segment, group) for the groups of branches of both sides, a task for each. Very
  /// small registers run on one thread: waking another would cost more.
  template <class F>
  void for_groups(std::size_t segment, F f) {
    const Segment& at = low_.schedule.segments()[segment];
    const int groups = std::min(shape_.groups, at.branches);
    const bool small = low_.phi.size() + high_.phi.size() < (1 << 14);
    for_stealing(static_cast<Index>(2 * groups), small ? 1 : threads_, [&](Index task) {
      Side<T>& side = task % 2 == 0 ? high_ : low_;
      f(side, side.schedule.segments()[segment], BranchGroup{static_cast<int>(task / 2), groups});
    });
  }

  void forward(std::span<const double> angles) {
    for (std::size_t s = 0; s < low_.schedule.segments().size(); ++s)
      for_groups(s, [&](Side<T>& side, const Segment& segment, const BranchGroup& group) {
        if (s == 0) {  // one branch, one group
          side.schedule.set_angles(angles);
          side.schedule.start(side.phi.data(), 1);
        }
        side.schedule.run_segment(segment, group, side.phi.data(), 1);
      });
  }

  /// From λ_A and λ_B to the gradient.
  void backward(std::span<double> gradient) {
    const std::size_t segments = low_.schedule.segments().size();
    for (std::size_t s = segments; s-- > 0;)
      for_groups(s, [&](Side<T>& side, const Segment& segment, const BranchGroup& group) {
        const std::span<double> share = side.gradient(group.index);
        if (s == segments - 1) std::ranges::fill(share, 0.0);  // the last segment has all groups
        side.adjoint.run_segment(segment, group, side.phi.data(), side.lambda(), share, 1);
      });
    std::ranges::fill(gradient, 0.0);
    for (Side<T>* side : {&low_, &high_})
      for (int group = 0; group < shape_.groups; ++group) {
        const std::span<const double> share = side->gradient(group);
        for (std::size_t k = 0; k < gradient.size(); ++k) gradient[k] += share[k];
      }
  }

  // --- the ranks that share the table ---

  double over_ranks(double value) const {
    if (share_) share_->sum(std::span<double>(&value, 1));
    return value;
  }

  /// x and y of the first block ← sums over the blocks of all ranks. Sets added_.
  void add_ranks() {
    for_pieces(column_pieces_,
               [&](Index, Index at, Index count) { add_rows_of_blocks(at, count); });
    for_pieces(row_pieces_,
               [&](Index, Index at, Index count) { add_columns_of_blocks(at, count); });
    share_->sum(std::span<T>(y_.data(), shape_.column_sums()));
    share_->sum(std::span<T>(x_.data(), shape_.row_sums()));
    added_ = true;
  }

  // --- pieces of the sides ---

  template <class F>
  void for_pieces(const Chunks& pieces, F f) {
    for_chunks(pieces, threads_, [&](Index piece) {
      const Index begin = pieces.begin(piece);
      f(piece, begin, pieces.end(piece) - begin);
    });
  }

  /// Computes what the contraction needs from the registers.
  void prepare(std::span<const double> angles) {
    added_ = false;
    if (share_) std::ranges::fill(x_, T{0});  // includes the rows of other ranks
    if (shape_.paired) {
      for_pieces(column_pieces_, [&](Index, Index at, Index count) {
        pair_products(low_.phi.data() + at, shape_.branches, count, shape_.columns, w_.data() + at);
      });
      for_pieces(row_pieces_, [&](Index, Index at, Index count) {
        pair_products(high_.phi.data() + at, shape_.branches, count, shape_.rows, v_.data() + at);
      });
      std::copy(angles.begin(), angles.end(), pairs_at_.begin());
      has_pairs_ = true;
    } else {
      for_pieces(row_pieces_, [&](Index, Index at, Index count) {
        interleave(high_.phi.data() + at, shape_.branches, count, shape_.rows,
                   coefficients_.data() + 2 * at, 2 * shape_.rows);
      });
    }
  }

  /// x ← the pair products of A times their weights in
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

  void add_rows_of_blocks(Index at, Index count) {
    for (Index k = 0; k < static_cast<Index>(shape_.terms); ++k)
      add_parts(y_.data() + k * shape_.columns + at, shape_.blocks.rows.count, shape_.column_sums(),
                count);
  }
  void add_columns_of_blocks(Index at, Index count) {
    const Index each = shape_.row_stride() / shape_.rows;
    for (Index k = 0; k < static_cast<Index>(shape_.terms); ++k)
      add_parts(x_.data() + k * shape_.row_stride() + each * at, shape_.blocks.columns.count,
                shape_.row_sums(), each * count);
  }

  /// λ_B from the sums over rows.
  void finish_columns() {
    for_pieces(column_pieces_, [&](Index, Index at, Index count) {
      if (!added_) add_rows_of_blocks(at, count);
      if (shape_.paired)
        apply_pairs(y_.data() + at, low_.phi.data() + at, shape_.branches, count, shape_.columns,
                    low_.lambda() + at);
      else
        for (Index k = 0; k < shape_.planes(); ++k)
          std::copy_n(y_.data() + k * shape_.columns + at, count,
                      low_.lambda() + k * shape_.columns + at);
    });
  }

  /// λ_A from the sums over columns, and E.
  double finish_rows() {
    for_pieces(row_pieces_, [&](Index piece, Index at, Index count) {
      if (!added_) add_columns_of_blocks(at, count);
      partial_[piece] = shape_.paired
                            ? apply_pairs(x_.data() + at, high_.phi.data() + at, shape_.branches,
                                          count, shape_.rows, high_.lambda() + at)
                            : gather(x_.data() + 2 * at, shape_.row_stride(), high_.phi.data() + at,
                                     shape_.branches, count, shape_.rows, high_.lambda() + at);
    });
    return sum_of_partial(row_pieces_.count);
  }

  double sum_of_partial(Index count) const {
    double sum = 0.0;
    for (Index i = 0; i < count; ++i) sum += partial_[i];
    return sum;
  }

  // --- blocks of the table ---

  /// A row of the table that this rank holds.
  const T* cost(Index row) const {
    return cost_ + (row - shape_.blocks.first_row) * shape_.columns;
  }

  template <class F>
  void for_tasks(F f) {
    for_stealing(shape_.blocks.count(), threads_, f);
  }

  /// Calls f(tile, first element of C, first column) for the tiles of a block of C.
  template <class F>
  void for_tiles(Index task, F f) const {
    const Blocks& b = shape_.blocks;
    const Index first_column = b.columns.begin(b.column(task));
    const Index last_column = b.columns.end(b.column(task));
    const Index last_row = b.end_row(task);
    Tile<T> tile{b.begin_row(task), 0, 0, shape_.columns};
    Index column = first_column;
    while (tile.first < last_row) {
      tile.count = std::min(tile_rows, last_row - tile.first);
      tile.columns = std::min(tile_columns, last_column - column);
      Index next_row = tile.first, next_column = column + tile.columns;
      if (next_column == last_column) {
        next_column = first_column;
        next_row += tile.count;
      }
      tile.ahead = next_row == last_row || shape_.rows * shape_.columns < cached_entries
                       ? 0
                       : static_cast<std::ptrdiff_t>((next_row - tile.first) * shape_.columns +
                                                     next_column) -
                             static_cast<std::ptrdiff_t>(column);
      f(std::as_const(tile), cost(tile.first) + column, column);
      tile.first = next_row;
      column = next_column;
    }
  }

  /// A block's sums over columns, and over rows. Blocks of one column share x, blocks of one row
  /// share y.
  T* x(Index task) { return x_.data() + shape_.blocks.column(task) * shape_.row_sums(); }
  T* y(Index task) { return y_.data() + shape_.blocks.row(task) * shape_.column_sums(); }

  void clear_x(Index task) {
    const Index each = shape_.row_stride() / shape_.rows;
    const Index begin = each * shape_.blocks.begin_row(task);
    const Index end = each * shape_.blocks.end_row(task);
    for (T* at = x(task); at < x(task) + shape_.row_sums(); at += shape_.row_stride())
      std::fill(at + begin, at + end, T{0});
  }
  void clear_y(Index task) {
    const Chunks& columns = shape_.blocks.columns;
    const Index column = shape_.blocks.column(task);
    for (T* at = y(task); at < y(task) + shape_.column_sums(); at += shape_.columns)
      std::fill(at + columns.begin(column), at + columns.end(column), T{0});
  }

  void contract_pairs(Index task) {
    for_tiles(task, [&](const Tile<T>& tile, const T* m, Index column) {
      reduce_columns(tile, m, shape_.terms, w_.data() + column, shape_.columns, x(task),
                     shape_.row_stride());
      reduce_rows(tile, m, shape_.terms, v_.data(), shape_.rows, y(task) + column, shape_.columns);
    });
  }

  void contract_amplitudes(Index task) {
    TileBuffer psi;
    for_tiles(task, [&](const Tile<T>& tile, const T* m, Index column) {
      expand_weighted(tile, m, shape_.branches, coefficients_.data(), 2 * shape_.rows,
                      low_.phi.data() + column, shape_.columns, psi.data);
      const Tile<T> rows = psi_rows(tile);
      reduce_columns(rows, psi.data, shape_.terms, low_.phi.data() + column, shape_.columns,
                     x(task), shape_.row_stride());
      reduce_rows(rows, psi.data, shape_.terms, coefficients_.data(), 2 * shape_.rows,
                  y(task) + column, shape_.columns);
    });
  }

  /// A tile of ψ: rows re, im alternating, packed.
  struct TileBuffer {
    alignas(64) T data[2 * tile_rows * tile_columns];
  };
  static Tile<T> psi_rows(const Tile<T>& tile) {
    return {2 * tile.first, 2 * tile.count, tile.columns, tile.columns};
  }

  /// Calls f(row, column, columns, re, im) for every piece of a row of ψ in the block.
  template <class F>
  void for_amplitudes(Index task, F f) {
    TileBuffer psi;
    for_tiles(task, [&](const Tile<T>& tile, const T*, Index column) {
      expand(psi_rows(tile), static_cast<int>(shape_.planes()), coefficients_.data(),
             2 * shape_.rows, low_.phi.data() + column, shape_.columns, psi.data);
      for (Index r = 0; r < tile.count; ++r)
        f(tile.first + r, column, tile.columns, psi.data + 2 * r * tile.columns,
          psi.data + (2 * r + 1) * tile.columns);
    });
  }

  /// Calls f(index, |ψ|² of `columns` states from index on, columns) for the block, piece by piece.
  template <class F>
  void for_probabilities(Index task, F f) {
    if (!shape_.paired)
      return for_amplitudes(task, [&](Index row, Index column, Index columns, T* re, T* im) {
        norms(re, im, columns);
        f(row * shape_.columns + column, re, columns);
      });
    TileBuffer p;
    for_tiles(task, [&](const Tile<T>& tile, const T*, Index column) {
      const Tile<T> packed{tile.first, tile.count, tile.columns, tile.columns};
      expand(packed, shape_.terms, x_.data(), shape_.rows, w_.data() + column, shape_.columns,
             p.data);
      for (Index r = 0; r < tile.count; ++r)
        f((tile.first + r) * shape_.columns + column, p.data + r * tile.columns, tile.columns);
    });
  }

  Circuit circuit_;
  std::unique_ptr<const RowShare> share_;  ///< null: this engine has the whole table
  Shape shape_;
  int threads_;
  const T* cost_;
  AlignedVector<T> own_cost_;  ///< the table in T, if T is not double
  Side<T> low_, high_;
  Chunks row_pieces_, column_pieces_;
  AlignedVector<T> v_, w_;         ///< pair products of A and of B
  AlignedVector<T> x_;             ///< sums over columns, [column of blocks][terms][rows]
  AlignedVector<T> y_;             ///< sums over rows, [row of blocks][terms][columns]
  AlignedVector<T> coefficients_;  ///< interleave() of A
  bool has_pairs_ = false;         ///< v_ and w_ belong to the angles pairs_at_
  std::vector<double> pairs_at_;
  std::vector<double> partial_;
  std::vector<MostProbable> best_;
  bool added_ = false;  ///< the sums of the blocks have been added up
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
  const Shape shape(cut);
  return shape.row_sums() + shape.column_sums();
}

std::size_t cut_engine_bytes(const CutCircuit& cut, const EngineOptions& options, Index ranks) {
  const bool single = options.precision == Precision::float32;
  const std::size_t real = single ? sizeof(float) : sizeof(double);
  const std::size_t table = single ? dimension(cut.qubits()) / ranks * sizeof(float) : 0;
  return Shape(cut, 0, ranks).elements() * real + table;
}

}  // namespace qhn
