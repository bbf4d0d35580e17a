#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/types.hpp"

namespace qhn {

// Kernels on registers. A register of n qubits with B branches is one array of 2·B real vectors
// (planes) of 2^n elements: branch 0 real, branch 0 imaginary, branch 1 real, … So Ry, being real,
// acts on the whole array as on one long vector, and only phases combine planes. T is double or
// float; every kernel runs at the SIMD level in force (core/simd.hpp). Pointers are 64-byte
// aligned. begin and end count the items that each kernel names, so that threads can share a call.

/// log2 of the lanes of a vector of T, or 0 where 2^qubits is shorter than a vector.
template <class T>
int lane_bits(int qubits);

/// One register-blocked pass of a rotation layer: qubits first … first + count − 1. Pass 0 (`low`)
/// includes the qubits of the lanes.
template <class T>
struct RotationPass {
  static constexpr std::size_t max_lanes = 16, max_lane_bits = 4;
  using LaneIndex = std::conditional_t<sizeof(T) == 8, std::int64_t, std::int32_t>;

  int first = 0;
  int count = 0;     ///< qubits rotated in this pass
  int row_bits = 0;  ///< number of these that select rows (whole vectors)
  int lanes = 0;     ///< lane bits in force
  bool low = false;
  std::array<std::uint8_t, 8> source{};            ///< row to load for row r: CX within the rows
  std::vector<std::pair<int, int>> address_flips;  ///< (address bit, row bit): CX from below
  std::vector<std::pair<int, int>> lane_to_row;    ///< (lane bit, row bit) CX
  bool permutes_lanes = false;                     ///< has a CX within the lanes
  alignas(64) std::array<LaneIndex, max_lanes> lane_source{};  ///< lane to load for a lane
  /// For lane bit q and lane x: the lane x ⊕ 2^q; bit q of x as 0 or 1; bit q of x as −1 or +1.
  alignas(64) std::array<std::array<LaneIndex, max_lanes>, max_lane_bits> partner{};
  alignas(64) std::array<std::array<T, max_lanes>, max_lane_bits> bit{};
  alignas(64) std::array<std::array<T, max_lanes>, max_lane_bits> sign{};

  /// Row groups in an array of this many elements.
  Index items(Index elements) const { return elements >> (row_bits + lanes); }
};

/// The passes of a layer in forward order: highest qubits first, so that each control is read
/// before it is rotated. The backward direction runs them in reverse. control_of[t] is the control
/// (t − 1, or −1: none) of the CX that precedes the rotation of t. Passes without a qubit of
/// `active` are left out.
template <class T>
std::vector<RotationPass<T>> plan_rotation(int qubits, const std::vector<int>& control_of,
                                           Index active = ~Index{0});

/// CX, then Ry(θ_q) on the pass's qubits: v0 ← c v0 − s v1, v1 ← s v0 + c v1 with c, s = cos, sin
/// θ/2. 2 multiply-adds per element and qubit; reads and writes the array once. Items: row groups.
template <class T>
void rotate(const RotationPass<T>& pass, T* data, const T* cosine, const T* sine, Index begin,
            Index end);

/// The inverse of rotate() on φ and λ; adds Σ(λ1 φ0 − λ0 φ1) over the items to derivative[q] =
/// ∂E/∂θ_q. Every Ry of the layer leaves these sums unchanged, so they are taken in the same pass.
/// 6 multiply-adds per element of φ and qubit.
template <class T>
void unrotate(const RotationPass<T>& pass, T* phi, T* lambda, const T* cosine, const T* sine,
              Index begin, Index end, double* derivative);

}  // namespace qhn
