#pragma once

#include <array>
#include <cstdint>

namespace qhn {

/// Requests of the training loss: the currency in which methods are compared. One evaluation is one
/// network, including repeats and losses from a cache. `samples` counts the forward passes, one per
/// network and sample; the backward pass of a gradient counts as two more (Griewank & Walther,
/// Evaluating Derivatives, 2nd ed., section 4.6: a gradient costs three to four functions). A cost
/// without data counts as one sample.
struct OracleCount {
  std::uint64_t evaluations = 0;
  std::uint64_t unique = 0;  ///< distinct networks among them
  std::uint64_t samples = 0;

  OracleCount& operator+=(const OracleCount& more) {
    evaluations += more.evaluations;
    unique += more.unique;
    samples += more.samples;
    return *this;
  }
  friend bool operator==(const OracleCount&, const OracleCount&) = default;
};

enum class OraclePhase : std::uint8_t {
  optimization = 0,
  selection = 1,   ///< choice of the network that is returned
  validation = 2,  ///< the same, by the loss on a validation split
};

/// The ledger of one restart, by phase. `unique` counts distinct networks within a phase. Tuning is
/// charged once per campaign, in its header.
struct OracleBill {
  std::array<OracleCount, 3> phases;

  OracleCount& operator[](OraclePhase p) { return phases[static_cast<std::size_t>(p)]; }
  const OracleCount& operator[](OraclePhase p) const { return phases[static_cast<std::size_t>(p)]; }
  OracleCount total() const {
    OracleCount sum;
    for (const OracleCount& phase : phases) sum += phase;
    return sum;
  }
  friend bool operator==(const OracleBill&, const OracleBill&) = default;
};

}  // namespace qhn
