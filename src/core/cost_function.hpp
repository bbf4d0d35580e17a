#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include "core/bit_string.hpp"
#include "core/index_map.hpp"
#include "core/types.hpp"

namespace qhn {

/// C(w) = constant + Σ_q fields[q] s_q + Σ_{p<q} pair(p, q) s_p s_q with s_q = (−1)^{bit q of w}:
/// the Ising form of a cost, and its Walsh–Hadamard coefficients.
struct IsingForm {
  double constant = 0.0;
  std::vector<double> fields;
  std::vector<double> pairs;  ///< qubits × qubits, symmetric, zeros on the diagonal

  int qubits() const { return static_cast<int>(fields.size()); }
  double pair(int p, int q) const {
    return pairs[static_cast<std::size_t>(p) * fields.size() + static_cast<std::size_t>(q)];
  }
};

/// The capability to enumerate the costs of all 2^N bit strings, or of some of them by index.
class CostTable {
 public:
  virtual ~CostTable() = default;

  /// Writes C(first), C(first + 1), … to `out`: any range inside [0, 2^N). Uses OpenMP threads;
  /// each entry is bit-identical for any range and number of threads.
  virtual void costs(Index first, std::span<double> out) const = 0;

  /// Writes the cost of basis state map(x) to out[x] for all 2^slots() local indices x: the slice
  /// of the table for one part of a distributed state. Entries equal those of costs().
  virtual void slice(const IndexMap& map, std::span<double> out) const = 0;
};

/// A cost C(w) of bit strings, the diagonal observable of a circuit. A capability that a cost lacks
/// is a null pointer. Immutable; several threads may call it at once unless a class says otherwise.
class CostFunction {
 public:
  virtual ~CostFunction() = default;

  virtual int bits() const = 0;

  /// Writes the cost of strings[i], each of bits() bits, to out[i].
  virtual void evaluate(std::span<const BitString> strings, std::span<double> out) const = 0;

  /// The cost of one bit string.
  double operator()(const BitString& w) const {
    double cost = 0.0;
    evaluate({&w, 1}, {&cost, 1});
    return cost;
  }

  virtual const CostTable* table() const { return nullptr; }
  virtual const IsingForm* ising() const { return nullptr; }
};

/// A cost whose table stands in memory. `costs` has 2^N entries and must outlive it.
class CostsInMemory final : public CostFunction, public CostTable {
 public:
  explicit CostsInMemory(std::span<const double> costs) : costs_(costs) {}

  int bits() const override { return std::countr_zero(costs_.size()); }
  void evaluate(std::span<const BitString> strings, std::span<double> out) const override {
    for (std::size_t i = 0; i < strings.size(); ++i) out[i] = costs_[strings[i].index()];
  }
  const CostTable* table() const override { return this; }
  void costs(Index first, std::span<double> out) const override {
    std::ranges::copy(costs_.subspan(first, out.size()), out.begin());
  }
  void slice(const IndexMap& map, std::span<double> out) const override {
    for (Index x = 0; x < out.size(); ++x) out[x] = costs_[map(x)];
  }

 private:
  std::span<const double> costs_;
};

}  // namespace qhn
