#pragma once

#include <numbers>
#include <numeric>
#include <utility>
#include <vector>

#include "circuit/circuit.hpp"
#include "core/random.hpp"

namespace qhn::test {

/// A circuit whose two most probable strings, about 1/4 each, are equally probable to the last bit,
/// in every precision and whatever is multiplied first.
struct Twins {
  std::vector<CustomGate> gates;
  Index low, high;
};

/// The strings differ in qubit a, and besides where `differ` has bits. Qubit b is 1 and qubit c is
/// 0 in both; the others are those of `common`.
///
/// Qubits a and b are turned by π/2: amplitudes cos·cos, cos·sin, sin·cos and sin·sin (cos and sin
/// of π/4 are not equal numbers, but the two in the middle are). A CX from a makes b the parity, so
/// that b = 1 in the middle two; c is turned together with b so that it stays 0 there and is 0 or 1
/// elsewhere, which halves what is left. Gates after that move whole amplitudes.
inline Twins twins(int qubits, int a, int b, int c, Index common, Index differ) {
  constexpr double half_turn = std::numbers::pi, quarter = half_turn / 2, eighth = half_turn / 4;
  Twins t;
  t.gates = {{"Ry", {a}, "", quarter}, {"Ry", {b}, "", quarter}, {"CX", {a, b}, "", 0.0},
             {"CX", {b, c}, "", 0.0},  {"Ry", {c}, "", eighth},  {"CX", {b, c}, "", 0.0},
             {"Ry", {c}, "", eighth}};
  int from = a;  // a chain of CX carries a to the others, so that few gates cross any cut
  Index at_zero = 0, at_one = 0;  // what the chain leaves where a is 0 and 1
  for (int q = 0; q < qubits; ++q) {
    if (q == a || q == b || q == c) continue;
    if (bit(common, q)) {
      t.gates.push_back({"Ry", {q}, "", half_turn});
      at_zero ^= dimension(q);
      at_one ^= dimension(q);
    }
    if (!bit(differ, q)) continue;
    t.gates.push_back({"CX", {from, q}, "", 0.0});
    const auto carry = [&](Index& w, bool a_is_one) {
      const bool control = from == a ? a_is_one : bit(w, from) == 1;
      if (control) w ^= dimension(q);
    };
    carry(at_zero, false);
    carry(at_one, true);
    from = q;
  }
  at_zero |= dimension(b);
  at_one |= dimension(b) | dimension(a);
  t.low = std::min(at_zero, at_one);
  t.high = std::max(at_zero, at_one);
  return t;
}

/// Any of them with a, b and c among the lowest `below` qubits; `signs`: with CZ gates anywhere,
/// which change no probability.
inline Twins random_twins(int qubits, int below, bool signs, CounterRng& rng) {
  const auto number = [&rng](int n) { return static_cast<int>(rng.uniform() * n); };
  std::vector<int> low(static_cast<std::size_t>(below));
  std::iota(low.begin(), low.end(), 0);
  for (std::size_t i = low.size(); i > 1; --i)
    std::swap(low[i - 1], low[static_cast<std::size_t>(number(static_cast<int>(i)))]);
  const Index all = dimension(qubits) - 1;
  Twins t = twins(qubits, low[0], low[1], low[2], rng() & all, rng() & all);
  for (int k = 0; signs && k < 3; ++k) {
    const int first = number(qubits);
    t.gates.push_back({"CZ", {first, (first + 1 + number(qubits - 1)) % qubits}, "", 0.0});
  }
  return t;
}

}  // namespace qhn::test
