#pragma once

#include <span>
#include <variant>
#include <vector>

#include "circuit/schedule.hpp"
#include "core/aligned.hpp"
#include "core/chunks.hpp"
#include "engine/mask_kernels.hpp"
#include "engine/phase_kernels.hpp"
#include "engine/rotation_kernels.hpp"

namespace qhn {

/// The steps of a Schedule with all data that does not depend on the angles, and memory for data
/// that does (cosines, phase tables), so that a run allocates nothing.
template <class T>
struct RotationStep {
  std::vector<Angle> angles;
  std::vector<RotationPass<T>> passes;  ///< forward order
  AlignedVector<T> cosine, sine;        ///< of θ_q/2, one per qubit
};

template <class T>
struct PhaseStep {
  std::vector<PhaseTerm> terms;
  bool separable;  ///< only one-qubit terms: two small tables suffice
  AlignedVector<T> cosine, sine;
  AlignedVector<T> low_re, low_im, high_re, high_im;
  PhaseTable<T> table;
};

/// A linear map of the index bits over GF(2), as two small tables.
class LinearMap {
 public:
  LinearMap() = default;
  /// The product of the CX gates in order; `inverse`: in reverse order.
  LinearMap(int qubits, const std::vector<std::pair<int, int>>& cx, bool inverse);
  Index operator()(Index x) const { return low_[x & mask_] ^ high_[x >> low_bits_]; }

 private:
  int low_bits_ = 0;
  Index mask_ = 0;
  std::vector<Index> low_, high_;
};

/// A few CX gates, and those of a register too large for a scratch plane, run in place one by one.
/// More gates become one linear map.
struct PermutationStep {
  std::vector<std::pair<int, int>> in_place;
  LinearMap image;   ///< x ↦ new index of its amplitude
  LinearMap source;  ///< the inverse
};

template <class T>
struct SignStep {
  BitMask<T> mask;
};

template <class T>
struct BranchStep {
  Branch branch;
  BitMask<T> mask;      ///< all kinds but flip
  double cosine, sine;  ///< weighted: of φ/2
};

template <class T>
using RegisterStep =
    std::variant<RotationStep<T>, PhaseStep<T>, PermutationStep, SignStep<T>, BranchStep<T>>;

/// Steps up to and including a BranchStep, or the end: [begin, end). The `branches` branches are
/// independent in these steps.
struct Segment {
  std::size_t begin, end;
  int branches;
};

/// Group `index` of `count` groups of a segment's branches.
struct BranchGroup {
  int index = 0;
  int count = 1;
  int first(const Segment& s) const { return s.branches * index / count; }
  int size(const Segment& s) const { return s.branches * (index + 1) / count - first(s); }
};

/// A Schedule ready to run on one register of 2·branches planes of 2^qubits numbers
/// (rotation_kernels.hpp).
template <class T>
class RegisterSchedule {
 public:
  /// Up to `groups` groups of branches may run at the same time.
  explicit RegisterSchedule(const Schedule& schedule, int groups = 1);

  int qubits() const { return qubits_; }
  int branches() const { return branches_; }
  /// Elements of the array of all planes at the end.
  std::size_t elements() const {
    return static_cast<std::size_t>(2 * branches_) * dimension(qubits_);
  }
  std::vector<RegisterStep<T>>& steps() { return steps_; }
  const std::vector<Segment>& segments() const { return segments_; }
  int groups() const { return groups_; }
  /// A scratch plane of a group, for permutations; null if none needs it.
  T* scratch(const BranchGroup& group) {
    if (scratch_.empty()) return nullptr;
    return scratch_.data() + static_cast<std::size_t>(group.index) * dimension(qubits_);
  }

  /// Computes the data of the steps that depends on the angles (in radians).
  void set_angles(std::span<const double> angles);

  /// Runs the steps on `data` (elements() numbers) from |0…0⟩.
  void run(T* data, int threads);

  /// Runs the steps on `data`, which holds a state of one branch.
  void run_from(T* data, int threads);

  /// Sets `data` to |0…0⟩.
  void start(T* data, int threads) const;

  /// Runs the steps of one segment on one group's branches; group.count divides the branches and is
  /// at most groups(). Different groups may run at the same time.
  void run_segment(const Segment& segment, const BranchGroup& group, T* data, int threads);

  std::size_t bytes() const;

 private:
  int qubits_;
  int branches_;
  int groups_;
  std::vector<RegisterStep<T>> steps_;
  std::vector<Segment> segments_;
  AlignedVector<T> scratch_;
};

/// Bits of the low one of the two tables of a separable phase; the other has the rest.
int phase_low_bits(int qubits);

/// Bytes that a RegisterSchedule<T> of this schedule and its Adjoint hold, the state excluded;
/// exact up to some 100 KiB.
template <class T>
std::size_t register_bytes(const Schedule& schedule);

/// log2 of the elements of a cache block: passes whose qubits all lie below this bit run block by
/// block.
template <class T>
constexpr int block_bits = sizeof(T) == 4 ? 12 : 11;

/// The number of passes, first in forward order, that have a qubit above a block.
template <class T>
std::size_t passes_above_block(const std::vector<RotationPass<T>>& passes) {
  std::size_t n = 0;
  while (n < passes.size() && passes[n].first + passes[n].count > block_bits<T>) ++n;
  return n;
}

/// Applies a permutation, or its inverse, to `planes` planes of 2^qubits elements. `scratch`: one
/// plane; unused if the step works in place, which reads and writes half a plane for each CX.
template <class T>
void permute_planes(const PermutationStep& step, bool inverse, int qubits, int planes, T* data,
                    T* scratch, int threads);

/// Applies a SignStep, its own inverse, to `planes` planes.
template <class T>
void flip_signs(const SignStep<T>& step, int planes, T* data);

}  // namespace qhn
