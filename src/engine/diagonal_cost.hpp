#pragma once

#include <span>
#include <vector>

#include "core/aligned.hpp"
#include "core/chunks.hpp"
#include "engine/engine.hpp"

namespace qhn {

/// The cost table applied to a state of as many amplitudes: planes re and im of size() elements.
template <class T>
class DiagonalCost {
 public:
  /// `cost` must outlive this object. For T = float it keeps a converted copy.
  DiagonalCost(std::span<const double> cost, int threads);

  Index size() const { return pieces_.items; }

  /// Σ_x C(x) |φ_x|². Reads the state and the table once.
  double expectation(const T* phi);

  /// λ = C φ; returns Σ_x C(x) |φ_x|².
  double apply(const T* phi, T* lambda);

  /// The most probable x. Overwrites the real plane.
  MostProbable most_probable(T* phi);

  const T* table() const { return cost_; }

  std::size_t bytes() const { return own_.size() * sizeof(T); }

 private:
  double sum() const;

  int threads_;
  const T* cost_;
  AlignedVector<T> own_;  ///< the table in T, if T is not double
  Chunks pieces_;
  std::vector<double> partial_;
  std::vector<MostProbable> best_;
};

}  // namespace qhn
