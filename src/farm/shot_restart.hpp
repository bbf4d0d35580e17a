#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "circuit/circuit.hpp"
#include "core/random.hpp"
#include "farm/restart.hpp"
#include "gradient/engine.hpp"
#include "optim/adam.hpp"
#include "optim/spsa.hpp"
#include "record/record.hpp"

namespace qhn {

enum class ShotOptimizer { adam, spsa };
enum class ShotGradient { shift, spsa };

/// Training as on hardware: every E is a mean over measured bit strings.
struct ShotOptions {
  ShotOptimizer optimizer = ShotOptimizer::adam;
  ShotGradient gradient = ShotGradient::shift;  ///< of adam; the optimiser spsa has its own
  std::uint64_t shots = 1000;                   ///< of each circuit
  std::uint64_t selection_shots = 1000;  ///< of the final state, the best of which is handed over
  int max_iterations = 200;              ///< the only stop
  AdamOptions adam;
  SpsaOptions spsa;  ///< width wherever the gradient is spsa's, the rest for the optimiser
};

/// The angles that E depends on, ascending: not those whose gates are diagonal and have no Rx or Ry
/// behind them, as the last Rz sublayer of a family. Parameter shift takes two circuits for each:
/// 2·(2ND − N) for D sublayers of N qubits.
std::vector<int> live_angles(const Circuit& circuit);

/// Parameter shift needs every angle to be that of one gate. Throws InputError naming one that is
/// not.
void require_single_gates(const Circuit& circuit);

/// What the restarts of a campaign have in common besides RestartOptions.
struct ShotTask {
  const Circuit* circuit = nullptr;
  double minimum = 0.0;
  std::uint64_t samples = 0;  ///< training samples behind a cost; 0 counts as 1
  ShotOptions shots;
};

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

/// One restart from the start angles of `id`, as run_restart. Each circuit is measured `shots`
/// times with its own stream of numbers, (seed, id, how many were drawn before); each shot bills
/// the loss of one network. The gradient of an angle is (E(θ + π/2) − E(θ − π/2))/2: all gates are
/// exp(−iθP/2) with P² = 1, up to a phase (Schuld, Bergholm, Gogolin, Izaac, Killoran, Phys. Rev. A
/// 99 (2019) 032331).
///
/// In the result, best_string is the one of least cost among the selection shots and
/// best_probability its own; evaluations are circuits; crossings are those of the exact E(θ) and
/// of the most probable string at the accepted iterates, and expectation is exact: what the
/// simulation knows and the method does not, so it is not billed. gradient_norm is that of the last
/// estimate.
std::optional<RestartResult> run_shot_restart(Engine& engine, const Sampler& sampler,
                                              const CostOf& cost_of, const ShotTask& task,
                                              const RestartOptions& options, std::uint64_t id,
                                              const RestartHooks& hooks = {});
/// The same where state and table are here; another state is kept for the amplitudes.
std::optional<RestartResult> run_shot_restart(Engine& engine, std::span<const double> costs,
                                              const ShotTask& task, const RestartOptions& options,
                                              std::uint64_t id, const RestartHooks& hooks = {});

}  // namespace qhn
