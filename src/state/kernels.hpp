#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/types.hpp"

namespace qhn {

/// Kernels on registers. A register of n qubits with B branches is one array of 2·B real vectors of
/// 2^n elements: branch 0 real, branch 0 imaginary, branch 1 real, … So Ry, being real, acts on the
/// whole array as on one long vector, and only phases pair the planes. T is double or float; every
/// kernel runs at the SIMD level in force (core/simd.hpp). Pointers are 64-byte aligned; ranges are
/// in the items each kernel names, so that threads can share one.

/// log2 of the lanes of a vector of T, or 0 where 2^qubits is shorter than a vector.
template <class T>
int lane_bits(int qubits);

/// One trip of a rotation layer through registers: qubits first … first + count − 1. Trip 0 (`low`)
/// holds the lanes as well.
template <class T>
struct RotationTrip {
  static constexpr std::size_t max_lanes = 16, max_lane_bits = 4;
  using LaneIndex = std::conditional_t<sizeof(T) == 8, std::int64_t, std::int32_t>;

  int first = 0;
  int count = 0;     ///< qubits rotated in this trip
  int row_bits = 0;  ///< of them, those that select rows (whole vectors)
  int lanes = 0;     ///< lane bits in force
  bool low = false;
  std::array<std::uint8_t, 8> source{};            ///< row to load for row r: CX within the rows
  std::vector<std::pair<int, int>> address_flips;  ///< (address bit, row bit): CX from below
  std::vector<std::pair<int, int>> lane_to_row;    ///< (lane bit, row bit) CX
  bool permutes_lanes = false;                     ///< there is a CX within the lanes
  alignas(64) std::array<LaneIndex, max_lanes> lane_source{};  ///< lane to load for a lane
  /// Per lane bit q: the lane x ⊕ 2^q, bit q of the lane as 0 or 1, and as −1 or +1.
  alignas(64) std::array<std::array<LaneIndex, max_lanes>, max_lane_bits> partner{};
  alignas(64) std::array<std::array<T, max_lanes>, max_lane_bits> bit{};
  alignas(64) std::array<std::array<T, max_lanes>, max_lane_bits> sign{};

  /// Row groups in an array of that many elements.
  Index items(Index elements) const { return elements >> (row_bits + lanes); }
};

/// The trips of a layer, in the order of the forward direction (highest qubits first, so that each
/// control is met before it is rotated); the backward direction runs them in reverse.
/// control_of[t] is the control (t − 1 or −1) of the CX that precedes the rotation of t. Only the
/// trips that reach a qubit of `active` are made.
template <class T>
std::vector<RotationTrip<T>> plan_rotation(int qubits, const std::vector<int>& control_of,
                                           Index active = ~Index{0});

/// CX, then Ry(θ_q) on the trip's qubits: v0 ← c v0 − s v1, v1 ← s v0 + c v1 with c, s = cos, sin
/// θ/2. Per element and qubit 2 multiply-adds; bytes: the array once in and out. Items: row groups.
template <class T>
void rotate(const RotationTrip<T>& trip, T* data, const T* cosine, const T* sine, Index begin,
            Index end);

/// The inverse, on φ and λ; adds Σ(λ1 φ0 − λ0 φ1) over the items to derivative[q] = ∂E/∂θ_q. The
/// sums commute with every Ry of the layer, so they are taken on the way. 6 multiply-adds per
/// element of φ and qubit.
template <class T>
void unrotate(const RotationTrip<T>& trip, T* phi, T* lambda, const T* cosine, const T* sine,
              Index begin, Index end, double* derivative);

/// e^{iφ(x)} as a product of two tables: low over the first `low_bits` qubits, high over the rest.
template <class T>
struct PhaseTable {
  int qubits = 0;
  int low_bits = 0;
  const T *low_re = nullptr, *low_im = nullptr;
  const T *high_re = nullptr, *high_im = nullptr;
};

/// table[x] for all 2^count products of cos, sin of `count` angles: bit q multiplies by e^{iφ_q}.
/// table[0], a factor of all, is there already.
template <class T>
void phase_products(const T* cosine, const T* sine, int count, T* re, T* im);

/// Multiplies every branch by the table. Items: rows of 2^low_bits elements.
template <class T>
void apply_phase(const PhaseTable<T>& table, T* data, int branches, Index begin, Index end);

/// Undoes it on φ and λ. With p = Im(λ* φ) summed over branches, adds p to column[x_low] and writes
/// the row's sum to row[r]; ∂E/∂φ_q = −2 Σ_{bit q of x = 1} p_x follows from the two.
template <class T>
void unapply_phase(const PhaseTable<T>& table, T* phi, T* lambda, int branches, Index begin,
                   Index end, T* column, double* row);

/// A bit per element for the masked kernels: bit x of the mask is parity(form(x)). Stored as the
/// SIMD level likes it (whole bytes per vector), so make it at the level that uses it.
template <class T>
class BitMask {
 public:
  BitMask() = default;
  /// Parity of popcount(mask & x).
  BitMask(int qubits, Index mask);
  /// Parity of the number of pairs (a, b) with both bits set.
  BitMask(int qubits, const std::vector<std::pair<int, int>>& pairs);
  const std::uint8_t* bytes() const { return bytes_.data(); }
  int qubits() const { return qubits_; }

 private:
  template <class Form>
  void fill(int qubits, Form form);
  std::vector<std::uint8_t> bytes_;
  int qubits_ = 0;
};

/// to[x] = ±from[x], minus where the mask is set. In place allowed.
template <class T>
void copy_signed(const BitMask<T>& mask, const T* from, T* to);

/// to[x] = from[x] where the mask is set, else 0; from[x] keeps the others, 0 where set.
template <class T>
void split_by_mask(const BitMask<T>& mask, T* from, T* to);

/// into[x] ← other[x] where the mask is set.
template <class T>
void merge_by_mask(const BitMask<T>& mask, T* into, const T* other);

/// to[x] = from[x ⊕ flip]; not in place.
template <class T>
void copy_flipped(int qubits, Index flip, const T* from, T* to);

/// into[x] += from[x ⊕ flip].
template <class T>
void add_flipped(int qubits, Index flip, const T* from, T* into);

}  // namespace qhn
