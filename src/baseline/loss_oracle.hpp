#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <unordered_set>
#include <vector>

#include "core/cost_function.hpp"
#include "core/types.hpp"
#include "record/oracle.hpp"

namespace qhn {

/// The training loss for one restart of a classical method. Charges every evaluation to a ledger
/// and keeps the improvements of the least loss. Calls chunk_poll (core/chunks.hpp) regularly.
class LossOracle {
 public:
  static constexpr std::uint64_t no_limit = std::numeric_limits<std::uint64_t>::max();

  /// Thrown before an evaluation that would exceed `limit`.
  struct Exhausted {};

  /// `samples`: training samples per loss; 0 counts as 1. `limit`: largest sample count of the
  /// ledger. `costs` must outlive it.
  LossOracle(const CostFunction& costs, std::uint64_t samples, std::uint64_t limit = no_limit);

  /// C(w), charged to `phase`. Throws Exhausted.
  double operator()(Index w, OraclePhase phase = OraclePhase::optimization);
  /// Evaluates all networks in ascending order; the cost must have a table. Throws Exhausted.
  void enumerate();
  /// Charges an evaluation made elsewhere. `w`: the network, or the nearest binary network to real
  /// weights. Throws Exhausted.
  void bill(OraclePhase phase, Index w, std::uint64_t samples);

  /// Counts a step of the method; only labels the improvements.
  void next_iteration() { ++iteration_; }
  std::int32_t iterations() const { return iteration_; }

  const OracleBill& bill() const { return bill_; }

  /// The losses below all earlier ones, in the optimization and selection phases.
  struct Improvement {
    std::int32_t iteration;
    std::uint64_t evaluation;  ///< evaluations so far, in all phases
    double loss;
    Index network;
  };
  const std::vector<Improvement>& improvements() const { return improvements_; }
  /// The last improvement; loss +∞ if no loss was finite.
  Improvement best() const;

 private:
  void spend(std::uint64_t samples);
  void note(double loss, Index w);

  const CostFunction& costs_;
  std::uint64_t samples_;
  std::uint64_t left_;  // samples left until the limit
  OracleBill bill_;
  std::uint64_t evaluations_ = 0;
  std::int32_t iteration_ = 0;
  std::array<std::unordered_set<Index>, 3> seen_;
  std::vector<Improvement> improvements_;
};

}  // namespace qhn
