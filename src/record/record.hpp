#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "core/bit_string.hpp"
#include "core/types.hpp"
#include "record/oracle.hpp"

namespace qhn {

/// Why a restart ended.
enum class Status : std::uint8_t {
  converged = 0,  ///< ‖∇E‖₂ at or below the tolerance
  iteration_limit = 1,
  stalled_line_search = 2,  ///< no step satisfied the line search
  diverged = 3,             ///< E or ∇E was not finite
};
const char* to_string(Status status);

/// First accepted iterate below an ε, and the evaluations spent until then; -1: never.
struct Crossing {
  std::int32_t iteration = -1;
  std::int32_t evaluation = -1;
  friend bool operator==(const Crossing&, const Crossing&) = default;
};

/// The accepted iterates of a restart: entry k is iterate k, entry 0 the start.
struct RestartHistory {
  std::vector<double> expectation;  ///< E(θ)
  /// 2-norm of the gradient of E; of an optimizer that estimates it: of the estimate that led here,
  /// 0 at the start.
  std::vector<float> gradient_norm;
  std::vector<float> step;                ///< 2-norm of the change of the angles; 0 at the start
  std::vector<std::int32_t> evaluations;  ///< spent until then

  std::size_t size() const { return expectation.size(); }
  friend bool operator==(const RestartHistory&, const RestartHistory&) = default;
};

/// Calls f(name, member) for every field of a history.
template <class F>
void for_each_history_field(F&& f) {
  f("expectation", &RestartHistory::expectation);
  f("gradient_norm", &RestartHistory::gradient_norm);
  f("step", &RestartHistory::step);
  f("evaluations", &RestartHistory::evaluations);
}

/// What a restart has found, measured on test samples too.
struct RestartScores {
  double test_expectation = 0.0;    ///< Σ_w |ψ_w|² C_test(w) at the final angles
  double best_test_cost = 0.0;      ///< C_test of the network returned
  double best_accuracy = 0.0;       ///< of the network returned, on the training samples
  double best_test_accuracy = 0.0;  ///< the same on the test samples
  friend bool operator==(const RestartScores&, const RestartScores&) = default;
};

/// The fields that are bit-identical for any number of ranks and threads (docs/theory.md).
struct RestartResult {
  std::uint64_t id = 0;
  std::uint64_t seed = 0;  ///< of the campaign; the start angles are stream (seed, id)
  Status status = Status::diverged;
  double expectation = std::numeric_limits<double>::quiet_NaN();
  double gap = std::numeric_limits<double>::quiet_NaN();  ///< expectation − E_min, or − target
  double gradient_norm = std::numeric_limits<double>::quiet_NaN();
  std::int32_t iterations = 0;
  std::int32_t evaluations = 0;
  BitString best_string;  ///< most probable bit string of the final state
  double best_probability = 0.0;
  double best_cost = std::numeric_limits<double>::quiet_NaN();
  std::vector<Crossing> expectation_crossings;  ///< one per ε of the campaign's ladder
  std::vector<Crossing> string_crossings;       ///< the same for the most probable string
  std::vector<double> angles;                   ///< final angles; empty unless kept
  OracleBill oracle;                            ///< losses requested; zero for exact expectations
  RestartHistory history = {};                  ///< empty unless kept
  std::uint8_t scored = 0;                      ///< 1: all of `scores` are known; 0: none
  RestartScores scores = {};

  /// Entries of its history if it is kept.
  std::size_t iterates() const { return static_cast<std::size_t>(std::int64_t{iterations} + 1); }
  friend bool operator==(const RestartResult&, const RestartResult&) = default;
};

/// Cost of a restart; not reproducible.
struct RestartCost {
  double seconds = 0.0;      ///< wall clock
  double cpu_seconds = 0.0;  ///< of its thread, for this restart alone
  double joules = std::numeric_limits<double>::quiet_NaN();  ///< NaN: not measured
  std::string host;
};

struct RestartRecord {
  RestartResult result;
  RestartCost cost;
};

/// State of a restart between two iterations. Resuming from it gives the result of an uninterrupted
/// restart.
struct RestartCheckpoint {
  std::uint64_t id = 0;
  std::int32_t iterations = 0;  ///< accepted; of two checkpoints the later one has more
  std::vector<Crossing> expectation_crossings, string_crossings;  ///< as in RestartResult
  std::vector<double> optimizer;  ///< optimizer and estimator, campaign/restart.cpp
  RestartHistory history = {};    ///< up to this iterate; empty unless kept
  double seconds = 0.0;           ///< spent so far, as in RestartCost
  double cpu_seconds = 0.0;
  friend bool operator==(const RestartCheckpoint&, const RestartCheckpoint&) = default;
};

}  // namespace qhn
