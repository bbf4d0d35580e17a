#include "engine/register.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace qhn {
namespace {

bool is_separable(const Phase& phase) {
  return std::all_of(phase.terms.begin(), phase.terms.end(),
                     [](const PhaseTerm& t) { return !t.pair(); });
}

constexpr Index least_chunk = 1024;  // vectors; for fewer, waking a thread does not pay

template <class... F>
struct overloaded : F... {
  using F::operator()...;
};
template <class... F>
overloaded(F...) -> overloaded<F...>;

template <class T>
RotationStep<T> prepare(int qubits, const Rotation& rotation) {
  RotationStep<T> step;
  step.angles = rotation.angles;
  step.passes = plan_rotation<T>(qubits, rotation.control_of, rotation.active());
  step.cosine.resize(rotation.angles.size());
  step.sine.resize(rotation.angles.size());
  return step;
}

template <class T>
PhaseStep<T> prepare(int qubits, const Phase& phase) {
  PhaseStep<T> step;
  step.terms = phase.terms;
  step.separable = is_separable(phase);
  const int low = step.separable ? phase_low_bits(qubits) : qubits;
  step.cosine.resize(static_cast<std::size_t>(qubits));
  step.sine.resize(static_cast<std::size_t>(qubits));
  step.low_re.resize(dimension(low));
  step.low_im.resize(dimension(low));
  step.high_re.resize(dimension(qubits - low));
  step.high_im.resize(dimension(qubits - low));
  step.table = {qubits,
                low,
                step.low_re.data(),
                step.low_im.data(),
                step.high_re.data(),
                step.high_im.data()};
  return step;
}

PermutationStep prepare(int qubits, const Permutation& permutation) {
  constexpr std::size_t few = 3;
  constexpr int large = 22;  // qubits; from here on a scratch plane takes too much memory
  if (permutation.cx.size() <= few || qubits >= large) return {permutation.cx, {}, {}};
  return {{}, LinearMap(qubits, permutation.cx, false), LinearMap(qubits, permutation.cx, true)};
}

template <class T>
BranchStep<T> prepare(int qubits, const Branch& branch) {
  BranchStep<T> step{branch, {}, 1.0, 0.0};
  if (branch.kind != Branch::Kind::flip) step.mask = BitMask<T>(qubits, branch.mask);
  return step;
}

/// The table of a phase with two-qubit terms, one qubit q at a time: setting bit q multiplies by
/// R_q[x below q] = e^{iφ_q} Π_p e^{iφ_pq (1 − 2 x_p)}, where the bits p > q are still 0.
template <class T>
void fill_phase_table(PhaseStep<T>& step, std::span<const double> angles) {
  const int qubits = step.table.qubits;
  Complex start = 1.0;
  for (const PhaseTerm& t : step.terms) {
    if (t.pair()) start *= std::polar(1.0, -t.angle.value(angles) / 2);
    if (t.global()) start *= std::polar(1.0, t.angle.as_given(angles));
  }
  T* re = step.low_re.data();
  T* im = step.low_im.data();
  step.high_re[0] = 1;
  step.high_im[0] = 0;
  re[0] = static_cast<T>(start.real());
  im[0] = static_cast<T>(start.imag());
  std::array<double, 64> pair{};
  for (int q = 0; q < qubits; ++q) {
    double one = 0.0;
    pair.fill(0.0);
    for (const PhaseTerm& t : step.terms) {
      const double angle = t.angle.value(angles);
      if (t.first == q || t.second == q) one += angle;
      if (t.second >= 0 && std::max(t.first, t.second) == q)
        pair[static_cast<std::size_t>(std::min(t.first, t.second))] += angle;
    }
    const Index size = dimension(q);
    T* top_re = re + size;
    T* top_im = im + size;
    top_re[0] = static_cast<T>(std::cos(one));
    top_im[0] = static_cast<T>(std::sin(one));
    for (int p = 0; p < q; ++p) {
      const auto c = static_cast<T>(std::cos(-2 * pair[static_cast<std::size_t>(p)]));
      const auto s = static_cast<T>(std::sin(-2 * pair[static_cast<std::size_t>(p)]));
      const Index half = dimension(p);
      for (Index x = 0; x < half; ++x) {
        top_re[half + x] = top_re[x] * c - top_im[x] * s;
        top_im[half + x] = top_re[x] * s + top_im[x] * c;
      }
    }
    for (Index x = 0; x < size; ++x) {
      const T a = top_re[x], b = top_im[x];
      top_re[x] = a * re[x] - b * im[x];
      top_im[x] = a * im[x] + b * re[x];
    }
  }
}

template <class T>
void set_phase_angles(PhaseStep<T>& step, std::span<const double> angles) {
  if (!step.separable) return fill_phase_table(step, angles);
  std::array<double, 64> sum{};
  double global = 0.0;
  for (const PhaseTerm& t : step.terms)
    if (t.global())
      global += t.angle.as_given(angles);  // a sum of angles reduced already
    else
      sum[static_cast<std::size_t>(t.first)] += t.angle.value(angles);
  for (std::size_t q = 0; q < step.cosine.size(); ++q) {
    step.cosine[q] = static_cast<T>(std::cos(sum[q]));
    step.sine[q] = static_cast<T>(std::sin(sum[q]));
  }
  const int low = step.table.low_bits;
  step.low_re[0] = static_cast<T>(std::cos(global));
  step.low_im[0] = static_cast<T>(std::sin(global));
  step.high_re[0] = T{1};
  step.high_im[0] = T{0};
  phase_products(step.cosine.data(), step.sine.data(), low, step.low_re.data(), step.low_im.data());
  phase_products(step.cosine.data() + low, step.sine.data() + low, step.table.qubits - low,
                 step.high_re.data(), step.high_im.data());
}

template <class T>
void run_rotation(const RotationStep<T>& step, T* data, Index elements, int threads) {
  const std::size_t above = passes_above_block<T>(step.passes);
  const T *c = step.cosine.data(), *s = step.sine.data();
  for (std::size_t i = 0; i < above; ++i) {
    const RotationPass<T>& pass = step.passes[i];
    const Chunks chunks(pass.items(elements), least_chunk);
    for_chunks(chunks, threads, [&](Index chunk) {
      rotate(pass, data, c, s, chunks.begin(chunk), chunks.end(chunk));
    });
  }
  const Index block = std::min(elements, Index{1} << block_bits<T>);
  const Chunks chunks(elements / block, 1);
  for_chunks(chunks, threads, [&](Index chunk) {
    for (Index b = chunks.begin(chunk); b < chunks.end(chunk); ++b)
      for (std::size_t i = above; i < step.passes.size(); ++i) {
        const Index items = step.passes[i].items(block);
        rotate(step.passes[i], data, c, s, b * items, (b + 1) * items);
      }
  });
}

/// CX on one plane of 2^qubits elements, in place. Reads and writes half the plane.
template <class T>
void apply_cx(int qubits, int control, int target, T* plane, int threads) {
  const int low = std::min(control, target), high = std::max(control, target);
  const Index run = dimension(low);
  const int between = high - low - 1;  // bits
  const Chunks chunks(dimension(qubits - 1 - high + between), std::max<Index>(1, 4096 / run));
  for_chunks(chunks, threads, [&](Index chunk) {
    for (Index i = chunks.begin(chunk); i < chunks.end(chunk); ++i) {
      const Index inside = i & (dimension(between) - 1);
      T* x = plane + ((i >> between) << (high + 1)) + (inside << (low + 1)) + dimension(control);
      std::swap_ranges(x, x + run, x + dimension(target));
    }
  });
}

/// out[x] = in[map(x)].
template <class T>
void permute(const LinearMap& map, Index size, const T* in, T* out, int threads) {
  const Chunks chunks(size, 1 << 13);
  for_chunks(chunks, threads, [&](Index c) {
    for (Index x = chunks.begin(c); x < chunks.end(c); ++x) out[x] = in[map(x)];
  });
}

/// Branches first … first + count − 1 of `branches`.
template <class T>
void run_branch(const BranchStep<T>& step, int qubits, int branches, int first, int count,
                T* data) {
  const Index size = dimension(qubits);
  for (int plane = 2 * first; plane < 2 * (first + count); ++plane) {
    T* from = data + static_cast<Index>(plane) * size;
    T* to = from + static_cast<Index>(2 * branches) * size;
    switch (step.branch.kind) {
      case Branch::Kind::project:
        split_by_mask(step.mask, from, to);
        break;
      case Branch::Kind::flip:
        copy_flipped(qubits, step.branch.mask, from, to);
        break;
      case Branch::Kind::sign:
      case Branch::Kind::weighted:
        copy_signed(step.mask, from, to);
        break;
    }
  }
  if (step.branch.kind != Branch::Kind::weighted) return;
  // (a, Za) → (c a, −i s Za): multiplying by −i takes (re, im) to (im, −re).
  const auto c = static_cast<T>(step.cosine), s = static_cast<T>(step.sine);
  for (int b = first; b < first + count; ++b) {
    T* re = data + static_cast<Index>(2 * b) * size;
    T* to_re = re + static_cast<Index>(2 * branches) * size;
    for (Index x = 0; x < size; ++x) {
      const T za = to_re[x], zb = to_re[size + x];
      to_re[x] = s * zb;
      to_re[size + x] = -s * za;
      re[x] *= c;
      re[size + x] *= c;
    }
  }
}

}  // namespace

// 2^8 complex entries stay in the first-level cache. Above 24 qubits there are more, since the
// tables of the high bits would outgrow the second-level cache.
int phase_low_bits(int qubits) { return std::min(qubits, std::max(8, qubits - 16)); }

LinearMap::LinearMap(int qubits, const std::vector<std::pair<int, int>>& cx, bool inverse)
    : low_bits_((qubits + 1) / 2), mask_(dimension(low_bits_) - 1) {
  std::vector<std::pair<int, int>> gates = cx;
  if (inverse) std::reverse(gates.begin(), gates.end());
  const auto image = [&gates](Index x) {
    for (const auto& [control, target] : gates) x ^= ((x >> control) & 1) << target;
    return x;
  };
  for (Index x = 0; x < dimension(low_bits_); ++x) low_.push_back(image(x));
  for (Index x = 0; x < dimension(qubits - low_bits_); ++x) high_.push_back(image(x << low_bits_));
}

template <class T>
RegisterSchedule<T>::RegisterSchedule(const Schedule& schedule, int groups)
    : qubits_(schedule.qubits), branches_(schedule.branches), groups_(groups) {
  for (const Step& step : schedule.steps)
    std::visit(
        overloaded{
            [&](const Rotation& r) { steps_.emplace_back(prepare<T>(qubits_, r)); },
            [&](const Phase& p) { steps_.emplace_back(prepare<T>(qubits_, p)); },
            [&](const Permutation& p) {
              steps_.emplace_back(prepare(qubits_, p));
              if (std::get<PermutationStep>(steps_.back()).in_place.empty())
                scratch_.resize(static_cast<std::size_t>(groups_) * dimension(qubits_));
            },
            [&](const Sign& s) { steps_.emplace_back(SignStep<T>{BitMask<T>(qubits_, s.cz)}); },
            [&](const Branch& b) { steps_.emplace_back(prepare<T>(qubits_, b)); },
        },
        step);
  segments_.push_back({0, 0, 1});
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    segments_.back().end = i + 1;
    if (std::holds_alternative<BranchStep<T>>(steps_[i]))
      segments_.push_back({i + 1, i + 1, 2 * segments_.back().branches});
  }
}

template <class T>
void RegisterSchedule<T>::set_angles(std::span<const double> angles) {
  for (RegisterStep<T>& step : steps_) {
    if (auto* rotation = std::get_if<RotationStep<T>>(&step)) {
      for (std::size_t q = 0; q < rotation->angles.size(); ++q) {
        const double half = rotation->angles[q].value(angles) / 2;
        rotation->cosine[q] = static_cast<T>(std::cos(half));
        rotation->sine[q] = static_cast<T>(std::sin(half));
      }
    } else if (auto* phase = std::get_if<PhaseStep<T>>(&step)) {
      set_phase_angles(*phase, angles);
    } else if (auto* branch = std::get_if<BranchStep<T>>(&step)) {
      const double half = branch->branch.angle.value(angles) / 2;
      branch->cosine = std::cos(half);
      branch->sine = std::sin(half);
    }
  }
}

template <class T>
void RegisterSchedule<T>::start(T* data, int threads) const {
  const Index size = 2 * dimension(qubits_);
  const Chunks chunks(size, 1 << 14);
  for_chunks(chunks, threads,
             [&](Index c) { std::fill(data + chunks.begin(c), data + chunks.end(c), T{0}); });
  data[0] = T{1};
}

template <class T>
void RegisterSchedule<T>::run(T* data, int threads) {
  start(data, threads);
  run_from(data, threads);
}

template <class T>
void RegisterSchedule<T>::run_from(T* data, int threads) {
  for (const Segment& segment : segments_) run_segment(segment, {}, data, threads);
}

template <class T>
void RegisterSchedule<T>::run_segment(const Segment& segment, const BranchGroup& group, T* data,
                                      int threads) {
  const Index size = dimension(qubits_);
  const int first = group.first(segment), count = group.size(segment);
  T* here = data + static_cast<Index>(2 * first) * size;
  for (std::size_t i = segment.begin; i < segment.end; ++i)
    std::visit(overloaded{
                   [&](const RotationStep<T>& r) {
                     run_rotation(r, here, static_cast<Index>(2 * count) * size, threads);
                   },
                   [&](const PhaseStep<T>& p) {
                     const Chunks rows(dimension(qubits_ - p.table.low_bits), 16);
                     for_chunks(rows, threads, [&](Index c) {
                       apply_phase(p.table, here, count, rows.begin(c), rows.end(c));
                     });
                   },
                   [&](const PermutationStep& p) {
                     permute_planes(p, false, qubits_, 2 * count, here, scratch(group), threads);
                   },
                   [&](const SignStep<T>& s) { flip_signs(s, 2 * count, here); },
                   [&](const BranchStep<T>& b) {
                     run_branch(b, qubits_, segment.branches, first, count, data);
                   },
               },
               steps_[i]);
}

template <class T>
std::size_t RegisterSchedule<T>::bytes() const {
  std::size_t sum = scratch_.size() * sizeof(T);
  for (const RegisterStep<T>& step : steps_)
    if (const auto* phase = std::get_if<PhaseStep<T>>(&step))
      sum += 2 * (phase->low_re.size() + phase->high_re.size()) * sizeof(T);
  return sum;
}

template <class T>
void permute_planes(const PermutationStep& step, bool inverse, int qubits, int planes, T* data,
                    T* scratch, int threads) {
  const Index size = dimension(qubits);
  for (T* plane = data; plane < data + static_cast<Index>(planes) * size; plane += size) {
    if (step.in_place.empty()) {
      permute(inverse ? step.image : step.source, size, plane, scratch, threads);
      std::copy_n(scratch, size, plane);
    }
    for (std::size_t i = 0; i < step.in_place.size(); ++i) {
      const auto& [control, target] = step.in_place[inverse ? step.in_place.size() - 1 - i : i];
      apply_cx(qubits, control, target, plane, threads);
    }
  }
}

template <class T>
void flip_signs(const SignStep<T>& step, int planes, T* data) {
  for (int plane = 0; plane < planes; ++plane, data += dimension(step.mask.qubits()))
    copy_signed(step.mask, data, data);
}

template <class T>
std::size_t register_bytes(const Schedule& schedule) {
  std::size_t elements = 0, scratch = 0, columns = 0;
  for (const Step& step : schedule.steps) {
    if (const auto* phase = std::get_if<Phase>(&step)) {
      const int low = is_separable(*phase) ? phase_low_bits(schedule.qubits) : schedule.qubits;
      elements += 2 * (dimension(low) + dimension(schedule.qubits - low));
      columns = std::max<std::size_t>(columns, dimension(low));
    } else if (const auto* permutation = std::get_if<Permutation>(&step)) {
      if (prepare(schedule.qubits, *permutation).in_place.empty())
        scratch = dimension(schedule.qubits);
    }
  }
  return (elements + scratch + columns) * sizeof(T);
}

template std::size_t register_bytes<double>(const Schedule&);
template std::size_t register_bytes<float>(const Schedule&);
template void permute_planes<double>(const PermutationStep&, bool, int, int, double*, double*, int);
template void permute_planes<float>(const PermutationStep&, bool, int, int, float*, float*, int);
template void flip_signs<double>(const SignStep<double>&, int, double*);
template void flip_signs<float>(const SignStep<float>&, int, float*);
template class RegisterSchedule<double>;
template class RegisterSchedule<float>;

}  // namespace qhn
