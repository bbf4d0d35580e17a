#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <unordered_set>
#include <vector>

#include "core/types.hpp"
#include "record/oracle.hpp"

namespace qhn {

/// C(first), C(first + 1), … into a span: a slice of the table or Problem::costs.
using Losses = std::function<void(Index first, std::span<double> out)>;

/// The training loss as one restart of a classical method sees it: every question is billed, and
/// the course of the least loss is kept. Looks after core/chunks.hpp's chunk_poll now and then.
class LossOracle {
 public:
  static constexpr std::uint64_t no_limit = std::numeric_limits<std::uint64_t>::max();

  /// Thrown instead of an evaluation that would bring the ledger above `limit`.
  struct Exhausted {};

  /// `samples`: training samples behind one loss; 0 counts as 1. `limit`: of the ledger's samples.
  LossOracle(Losses losses, std::uint64_t samples, std::uint64_t limit = no_limit);

  /// C(w).
  double operator()(Index w, OraclePhase phase = OraclePhase::optimisation);
  /// All C(w) of `bits` bits, in ascending order.
  void enumerate(int bits);
  /// An evaluation that was made elsewhere. `w` names the network; where weights were real numbers,
  /// the binary network nearest to them.
  void bill(OraclePhase phase, Index w, std::uint64_t samples);

  /// Methods count their steps with this; it only labels the course.
  void next_iteration() { ++iteration_; }
  std::int32_t iterations() const { return iteration_; }

  const OracleBill& bill() const { return bill_; }

  /// The losses below all earlier ones, of the optimisation and selection phase.
  struct Improvement {
    std::int32_t iteration;
    std::uint64_t evaluation;  ///< evaluations until then, of all phases
    double loss;
    Index network;
  };
  const std::vector<Improvement>& improvements() const { return improvements_; }
  /// The last of them; a loss of +∞ where nothing finite was seen.
  Improvement best() const;

 private:
  void spend(std::uint64_t samples);
  void note(double loss, Index w);

  Losses losses_;
  std::uint64_t samples_;
  std::uint64_t left_;  // samples until the limit
  OracleBill bill_;
  std::uint64_t evaluations_ = 0;
  std::int32_t iteration_ = 0;
  std::array<std::unordered_set<Index>, 3> seen_;
  std::vector<Improvement> improvements_;
};

}  // namespace qhn
