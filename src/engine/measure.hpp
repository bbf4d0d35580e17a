#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "core/random.hpp"
#include "core/types.hpp"
#include "engine/engine.hpp"

namespace qhn {

/// The state of a circuit for measurements, into 2^N numbers whose |x|² are the probabilities of
/// the strings: the amplitudes or, where the engine has none, √p. The engine must have either
/// capability.
void measurable_state(Engine& engine, std::span<const double> angles, std::span<Complex> state);

/// Measured bit strings and the count of each, in ascending order of the strings.
using Counts = std::vector<std::pair<Index, std::uint64_t>>;

/// Numbers `first` to `first + count − 1` of the stream `rng`, uniform in [0, 1), sorted.
std::vector<double> sorted_uniforms(const CounterRng& rng, std::uint64_t first, std::uint64_t count,
                                    int threads);

/// Consecutive amplitudes of a state to measure: re[j·stride] + i·im[j·stride], 0 <= j < size.
template <class T>
class MeasuredPart {
 public:
  /// Sums the probabilities; the arrays must outlive this object.
  MeasuredPart(const T* re, const T* im, Index stride, Index size, int threads);

  /// Σ_i |ψ_i|².
  double probability() const { return before_.back(); }

  /// Locates the numbers 0 … shots − 1 of the stream `rng`, times `norm`, in the cumulative
  /// probabilities, which start at `begin` in this part. Returns the counts of i for those in
  /// [begin, end). Numbers that rounding leaves over at an end count for the last amplitude before
  /// it with a probability above 0. The result does not depend on the number of threads.
  Counts measure(std::uint64_t shots, const CounterRng& rng, double norm, double begin,
                 double end) const;

 private:
  double probability(Index i) const;
  void locate(Index first, Index last, double begin, double end, double norm,
              std::span<const double> points, Counts& counts) const;

  const T* re_;
  const T* im_;
  Index stride_, size_;
  int threads_;
  std::vector<double> before_;  // probability of all amplitudes before each block, then of all
};

/// Counts of the bit strings in `shots` measurements of the state, whose norm need not be 1:
/// uniform numbers of the stream `rng` are located in the cumulative probabilities.
Counts measure(std::span<const Complex> amplitudes, std::uint64_t shots, const CounterRng& rng,
               int threads);
/// The same with the stream (seed, shots).
Counts measure(std::span<const Complex> amplitudes, std::uint64_t shots, std::uint64_t seed,
               int threads);

}  // namespace qhn
