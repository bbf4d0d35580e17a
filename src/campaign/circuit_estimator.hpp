#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <span>
#include <vector>

#include "circuit/circuit.hpp"
#include "core/cost_function.hpp"
#include "core/random.hpp"
#include "engine/engine.hpp"
#include "optim/estimator.hpp"
#include "optim/spsa.hpp"
#include "record/oracle.hpp"

namespace qhn {

/// A network that a restart returns.
struct ReturnedNetwork {
  BitString network;
  double cost = 0.0;
  double probability = 0.0;  ///< |ψ|² of it, which no measurement knows
};

/// E(θ) and its gradient as the optimizer of one restart sees them.
class CircuitEstimator : public Estimator {
 public:
  /// Whether values are E(θ) itself.
  virtual bool exact() const = 0;
  /// The network that the restart returns for the final angles `x`.
  virtual ReturnedNetwork select(std::span<const double> x) = 0;
  /// Losses asked for so far.
  virtual OracleBill oracle() const { return {}; }
};

/// Exact expectations with exact gradients; the network returned is the most probable one, so the
/// engine must be able to search strings. `engine` and `costs` must outlive it.
std::unique_ptr<CircuitEstimator> make_exact_estimator(Engine& engine, const CostFunction& costs);

/// How a gradient is estimated from shots.
enum class ShotGradient { shift, spsa };

struct ShotOptions {
  ShotGradient gradient = ShotGradient::shift;
  std::uint64_t shots = 1000;            ///< of each circuit
  std::uint64_t selection_shots = 1000;  ///< of the final state; the best of them is returned
  SpsaOptions perturbation;              ///< width, where gradient is spsa
  /// Of each fidelity: a circuit of twice the depth, U(y)†U(x), read as all zeros; 0: exact.
  std::uint64_t fidelity_shots = 1000;
};

/// The angles that E depends on, ascending: not those whose gates are diagonal and have no Rx or Ry
/// behind them, as the last Rz sublayer of a family. Parameter shift takes two circuits for each:
/// 2·(2ND − N) for D sublayers of N qubits.
std::vector<int> live_angles(const Circuit& circuit);

/// Parameter shift needs every angle to be that of one gate. Throws InputError naming one that is
/// not.
void require_single_gates(const Circuit& circuit);

/// A network that came up in measurements.
struct Measured {
  Index network = 0;
  std::uint64_t count = 0;
  double cost = 0.0;
  double probability = 0.0;  ///< |ψ|², which no measurement tells
};

/// Measures U(θ)|0…0⟩ `shots` times by the stream `rng`: the networks that came up, ascending.
using Sampler = std::function<std::vector<Measured>(std::span<const double> angles,
                                                    std::uint64_t shots, const CounterRng& rng)>;

/// Samples from measurable_state() of `engine`, which stands in memory of the sampler's own.
/// `engine` and `costs` must outlive it.
Sampler make_sampler(Engine& engine, std::span<const double> costs);

/// Fidelities of the states of `engine`, which must outlive it and have amplitudes. Two states
/// stand in memory of its own.
Fidelities make_fidelities(Engine& engine, int qubits);

/// Means over measured networks. Each circuit is measured `shots` times with its own random stream,
/// (seed, id, how many were drawn before); each shot bills the loss of one network, of `samples`
/// training samples (0 counts as 1). The gradient of an angle is (E(θ + π/2) − E(θ − π/2))/2, exact
/// for gates exp(−iθP/2) with P² = 1 (Schuld, Bergholm, Gogolin, Izaac, Killoran, Phys. Rev. A 99
/// (2019) 032331), or SPSA's of all angles at once. With `fidelities` it has a metric: four
/// circuits a gradient, which ask for no losses. `circuit` and `sampler` must outlive it.
std::unique_ptr<CircuitEstimator> make_shot_estimator(
    const Circuit& circuit, const Sampler& sampler, const ShotOptions& options,
    std::uint64_t samples, std::uint64_t seed, std::uint64_t id, const Fidelities& fidelities = {});

}  // namespace qhn
