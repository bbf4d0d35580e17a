#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "circuit/circuit.hpp"
#include "core/types.hpp"

namespace qhn {

enum class EngineKind { automatic, reference, sweep, cut, tensor };
const char* to_string(EngineKind kind);
EngineKind parse_engine(const std::string& name);
/// All of them, automatic first.
std::vector<EngineKind> engine_kinds();

enum class Precision { float64, float32 };
const char* to_string(Precision precision);

struct EngineOptions {
  EngineKind kind = EngineKind::automatic;
  Precision precision = Precision::float64;
  int threads = 1;  ///< OpenMP threads that share a state; 1 if threads have independent states
  bool gradient = true;  ///< false: expectations only; no memory is kept for the adjoint
  /// Qubits of the statevector engine's cache blocks; at least those of the state (of one rank): no
  /// blocks; 0: sweep_block_qubits() chooses.
  int block_qubits = 0;
};

/// A basis state and its probability |ψ_w|²; of equal probabilities the lowest index.
struct MostProbable {
  Index index = 0;
  double probability = 0.0;
};

/// Whether `b` is preferred to `a`; the best of several does not depend on their order.
inline bool less_probable(const MostProbable& a, const MostProbable& b) {
  return a.probability != b.probability ? a.probability < b.probability : a.index > b.index;
}

/// The capability to find the most probable bit string.
class StringSearch {
 public:
  virtual ~StringSearch() = default;
  /// The most probable bit string at `angles`.
  virtual MostProbable most_probable(std::span<const double> angles) = 0;
};

/// The capability to compute all amplitudes of the state.
class AmplitudeSource {
 public:
  virtual ~AmplitudeSource() = default;
  /// All 2^N amplitudes at `angles` into `amplitudes` (length 2^N).
  virtual void state(std::span<const double> angles, std::span<Complex> amplitudes) = 0;
};

/// The capability to compute the probabilities of all bit strings, also of a mixed state.
class ProbabilitySource {
 public:
  virtual ~ProbabilitySource() = default;
  /// ⟨w|ρ|w⟩ of all 2^N strings at `angles` into `probabilities`. Rounding may leave some below 0.
  virtual void probabilities(std::span<const double> angles, std::span<double> probabilities) = 0;
};

/// E(θ) = Σ_w p_w(θ) C(w), p_w = |ψ_w(θ)|² or with noise ⟨w|ρ(θ)|w⟩, and its exact gradient for one
/// circuit and one diagonal cost. An engine owns all memory an evaluation needs (the constructor
/// allocates it) and serves one caller at a time, its capabilities included. The cost table is
/// shared and must outlive the engine.
class Engine {
 public:
  virtual ~Engine() = default;

  virtual EngineKind kind() const = 0;

  /// E(θ). `angles` has circuit.angles entries, in radians.
  virtual double expectation(std::span<const double> angles) = 0;

  /// E(θ) and ∂E/∂θ_k into `gradient` (same length as `angles`).
  virtual double expectation_and_gradient(std::span<const double> angles,
                                          std::span<double> gradient) = 0;

  /// Capabilities; null: the engine lacks it. They live as long as the engine.
  virtual StringSearch* strings() { return nullptr; }
  virtual AmplitudeSource* amplitudes() { return nullptr; }
  virtual ProbabilitySource* probabilities() { return nullptr; }

  /// Bytes this engine holds, the cost table excluded.
  virtual std::size_t bytes() const = 0;
};

/// The engine that `options` select: make_engine() of plan_execution() (engine/execution_plan.hpp).
/// `cost` has 2^N entries in table-index order and must outlive the engine.
/// Throws InputError if the lengths disagree or the engine cannot run the circuit.
std::unique_ptr<Engine> make_engine(const Circuit& circuit, std::span<const double> cost,
                                    const EngineOptions& options);

}  // namespace qhn
