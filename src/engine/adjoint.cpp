#include "engine/adjoint.hpp"

#include <algorithm>
#include <array>

namespace qhn {
namespace {

constexpr Index most_chunks = 64;
constexpr std::size_t partial_stride = 64;  // a row per chunk; rows share no cache line

template <class T>
Chunks row_chunks(const PhaseTable<T>& t) {
  return {dimension(t.qubits - t.low_bits), 16, most_chunks};
}

/// Maximum number of chunks of a rotation layer over this many elements.
Index rotation_chunks(Index elements) { return std::clamp<Index>(elements >> 11, 1, most_chunks); }

template <class T>
Chunks pass_chunks(const RotationPass<T>& pass, Index elements) {
  return {pass.items(elements), 1024, most_chunks};
}

/// sums[q] = Σ over x with bit q set of marginal[x], for all q, by folding the upper half onto the
/// lower: 2^(bits+1) additions in all. Destroys `marginal`.
template <class V>
void bit_sums(V* marginal, int bits, double* sums) {
  for (int q = bits; q-- > 0;) {
    const Index half = dimension(q);
    V* upper = marginal + half;
    V sum{0};
    for (Index x = 0; x < half; ++x) {
      sum += upper[x];
      marginal[x] += upper[x];
    }
    sums[q] = static_cast<double>(sum);
  }
}

}  // namespace

template <class T>
Adjoint<T>::Adjoint(RegisterSchedule<T>& schedule)
    : schedule_(schedule), sums_(static_cast<std::size_t>(schedule.groups())) {
  std::size_t columns = 0, rows = 0;
  for (const RegisterStep<T>& step : schedule.steps())
    if (const auto* phase = std::get_if<PhaseStep<T>>(&step)) {
      columns = std::max<std::size_t>(
          columns, row_chunks(phase->table).count * dimension(phase->table.low_bits));
      rows = std::max<std::size_t>(rows, phase->high_re.size());
    }
  const Index chunks = rotation_chunks(schedule.elements() / sums_.size());
  for (Sums& sums : sums_) {
    sums.partial.resize(chunks * partial_stride);
    sums.column.resize(columns);
    sums.row.resize(rows);
  }
}

template <class T>
std::size_t Adjoint<T>::bytes() const {
  const Sums& one = sums_.front();
  return sums_.size() *
         ((one.partial.size() + one.row.size()) * sizeof(double) + one.column.size() * sizeof(T));
}

template <class T>
void Adjoint<T>::run(T* phi, T* lambda, std::span<double> gradient, int threads) {
  const auto& segments = schedule_.segments();
  for (auto segment = segments.rbegin(); segment != segments.rend(); ++segment)
    run_segment(*segment, {}, phi, lambda, gradient, threads);
}

template <class T>
void Adjoint<T>::run_segment(const Segment& segment, const BranchGroup& group, T* phi, T* lambda,
                             std::span<double> gradient, int threads) {
  const Index size = dimension(schedule_.qubits());
  const int branches = group.size(segment);
  const Index at = static_cast<Index>(2 * group.first(segment)) * size;
  T *f = phi + at, *g = lambda + at;
  Sums& sums = sums_[static_cast<std::size_t>(group.index)];
  for (std::size_t i = segment.end; i-- > segment.begin;) {
    const RegisterStep<T>& step = schedule_.steps()[i];
    if (const auto* rotation = std::get_if<RotationStep<T>>(&step)) {
      undo(*rotation, branches, f, g, sums, gradient, threads);
    } else if (const auto* phase = std::get_if<PhaseStep<T>>(&step)) {
      undo(*phase, branches, f, g, sums, gradient, threads);
    } else if (const auto* permutation = std::get_if<PermutationStep>(&step)) {
      for (T* data : {f, g})
        permute_planes(*permutation, true, schedule_.qubits(), 2 * branches, data,
                       schedule_.scratch(group), threads);
    } else if (const auto* sign = std::get_if<SignStep<T>>(&step)) {
      for (T* data : {f, g}) flip_signs(*sign, 2 * branches, data);
    } else {
      undo(std::get<BranchStep<T>>(step), segment, group, phi, lambda, gradient);
    }
  }
}

template <class T>
void Adjoint<T>::undo(const RotationStep<T>& step, int branches, T* phi, T* lambda, Sums& own,
                      std::span<double> gradient, int threads) {
  const Index elements = static_cast<Index>(2 * branches) * dimension(schedule_.qubits());
  const T *c = step.cosine.data(), *s = step.sine.data();
  const std::size_t above = passes_above_block<T>(step.passes);
  const Index block = std::min(elements, Index{1} << block_bits<T>);
  const Chunks blocks(elements / block, 1, most_chunks);
  // Passes above the blocks may have more chunks, at most as many as their items allow.
  Index used = blocks.count;
  for (std::size_t i = 0; i < above; ++i)
    used = std::max(used, pass_chunks(step.passes[i], elements).count);
  double* partial = own.partial.data();
  std::fill_n(partial, used * partial_stride, 0.0);

  for_chunks(blocks, threads, [&](Index chunk) {
    double* sums = partial + chunk * partial_stride;
    for (Index b = blocks.begin(chunk); b < blocks.end(chunk); ++b)
      for (std::size_t i = step.passes.size(); i-- > above;) {
        const Index items = step.passes[i].items(block);
        unrotate(step.passes[i], phi, lambda, c, s, b * items, (b + 1) * items, sums);
      }
  });
  for (std::size_t i = above; i-- > 0;) {
    const RotationPass<T>& pass = step.passes[i];
    const Chunks chunks = pass_chunks(pass, elements);
    for_chunks(chunks, threads, [&](Index chunk) {
      unrotate(pass, phi, lambda, c, s, chunks.begin(chunk), chunks.end(chunk),
               partial + chunk * partial_stride);
    });
  }
  for (std::size_t q = 0; q < step.angles.size(); ++q) {
    if (step.angles[q].index < 0) continue;
    double sum = 0.0;
    for (Index chunk = 0; chunk < used; ++chunk) sum += partial[chunk * partial_stride + q];
    gradient[static_cast<std::size_t>(step.angles[q].index)] += sum;
  }
}

template <class T>
void Adjoint<T>::undo(const PhaseStep<T>& step, int branches, T* phi, T* lambda, Sums& own,
                      std::span<double> gradient, int threads) {
  const PhaseTable<T>& table = step.table;
  const Chunks rows = row_chunks(table);
  const Index columns = dimension(table.low_bits);
  T* column_sums = own.column.data();
  for_chunks(rows, threads, [&](Index chunk) {
    T* column = column_sums + chunk * columns;
    std::fill(column, column + columns, T{0});
    unapply_phase(table, phi, lambda, branches, rows.begin(chunk), rows.end(chunk), column,
                  own.row.data());
  });
  for (Index chunk = 1; chunk < rows.count; ++chunk)
    for (Index x = 0; x < columns; ++x) column_sums[x] += column_sums[chunk * columns + x];

  const auto add = [&gradient](const PhaseTerm& term, double derivative) {
    if (term.angle.index >= 0) gradient[static_cast<std::size_t>(term.angle.index)] += derivative;
  };
  for (const PhaseTerm& term : step.terms) {
    if (term.angle.index < 0) continue;
    double sum = 0.0;
    if (term.global()) {  // ∂E/∂φ = −2 Σ_x Im(λ* φ)
      for (Index x = 0; x < columns; ++x) sum += column_sums[x];
      add(term, -2.0 * sum);
    } else if (term.pair()) {  // ∂E/∂φ = Σ_x (−1)^{x_a + x_b} Im(λ* φ)
      for (Index x = 0; x < columns; ++x)
        sum += bit(x, term.first) == bit(x, term.second) ? column_sums[x] : -column_sums[x];
      add(term, sum);
    }
  }
  std::array<double, 64> sums{};
  bit_sums(column_sums, table.low_bits, sums.data());
  bit_sums(own.row.data(), table.qubits - table.low_bits, sums.data() + table.low_bits);
  for (const PhaseTerm& term : step.terms)
    if (!term.pair() && !term.global())
      add(term, -2.0 * sums[static_cast<std::size_t>(term.first)]);
}

template <class T>
void Adjoint<T>::undo(const BranchStep<T>& step, const Segment& segment, const BranchGroup& group,
                      T* phi, T* lambda, std::span<double> gradient) {
  const Index size = dimension(schedule_.qubits());
  const int first = group.first(segment), last = first + group.size(segment);
  const Index appended =
      static_cast<Index>(2 * segment.branches) * size;  // from a branch to its appended copy
  if (step.branch.kind == Branch::Kind::weighted) {
    // Forward: a ↦ (c a, −i s Za). First φ₁, λ₁ ← Z φ₁, Z λ₁; then with φ₁ = −i s a, φ₀ = c a:
    // ∂E/∂φ = 2 Re(⟨λ₀|−s/2 a⟩ + ⟨λ₁|−i c/2 a⟩), λ_a = c λ₀ + i s λ₁, a = c φ₀ + i s φ₁.
    const double c = step.cosine, s = step.sine;
    double sum = 0.0;
    for (int b = first; b < last; ++b) {
      T* f = phi + static_cast<Index>(2 * b) * size;
      T* g = lambda + static_cast<Index>(2 * b) * size;
      for (T* v : {f, g})
        for (Index plane : {Index{0}, size})
          copy_signed(step.mask, v + appended + plane, v + appended + plane);
      for (Index x = 0; x < size; ++x) {
        const Complex f0(f[x], f[size + x]), f1(f[appended + x], f[appended + size + x]);
        const Complex g0(g[x], g[size + x]), g1(g[appended + x], g[appended + size + x]);
        const Complex i(0.0, 1.0);
        const Complex a = c * f0 + i * s * f1;
        const Complex l = c * g0 + i * s * g1;
        sum += (std::conj(g0) * (-s * a) + std::conj(g1) * (-i * c * a)).real();
        f[x] = static_cast<T>(a.real());
        f[size + x] = static_cast<T>(a.imag());
        g[x] = static_cast<T>(l.real());
        g[size + x] = static_cast<T>(l.imag());
      }
    }
    if (step.branch.angle.index >= 0)
      gradient[static_cast<std::size_t>(step.branch.angle.index)] += sum;
    return;
  }
  for (int plane = 2 * first; plane < 2 * last; ++plane) {
    T* f = phi + static_cast<Index>(plane) * size;
    T* g = lambda + static_cast<Index>(plane) * size;
    switch (step.branch.kind) {
      case Branch::Kind::project:
        merge_by_mask(step.mask, f, f + appended);
        merge_by_mask(step.mask, g, g + appended);
        break;
      case Branch::Kind::flip:  // the first copy is the state itself
        add_flipped(schedule_.qubits(), step.branch.mask, g + appended, g);
        break;
      case Branch::Kind::sign:
        copy_signed(step.mask, g + appended, g + appended);
        add_flipped(schedule_.qubits(), 0, g + appended, g);
        break;
      case Branch::Kind::weighted:
        break;
    }
  }
}

template class Adjoint<double>;
template class Adjoint<float>;

}  // namespace qhn
