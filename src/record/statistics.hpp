#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "record/record.hpp"

namespace qhn {

struct Interval {
  double low = 0.0;
  double high = 1.0;
};

/// Clopper–Pearson interval of a binomial probability (exact: coverage never below `confidence`)
/// after `count` successes in `total` trials. Requires 0 <= count <= total, total >= 1.
Interval clopper_pearson(std::uint64_t count, std::uint64_t total, double confidence = 0.95);

/// Newcombe's hybrid score interval of p_a − p_b (R. G. Newcombe, Statistics in Medicine 17 (1998)
/// 873, method 10): Wilson intervals of both, combined. Requires totals >= 1.
Interval newcombe_difference(std::uint64_t count_a, std::uint64_t total_a, std::uint64_t count_b,
                             std::uint64_t total_b, double confidence = 0.99);

/// True if the 99 % Newcombe interval of the difference contains 0.
bool probabilities_agree(std::uint64_t count_a, std::uint64_t total_a, std::uint64_t count_b,
                         std::uint64_t total_b);

/// How many of `total` restarts ended with gap < epsilon. Failed restarts count in `total`.
struct Success {
  double epsilon = 0.0;
  std::uint64_t count = 0;
  std::uint64_t total = 0;
  double probability = 0.0;  ///< count / total
  Interval interval;         ///< 95 % Clopper–Pearson
};

/// Means over restarts, failed ones included.
struct MeanCost {
  double seconds = 0.0;
  double cpu_seconds = 0.0;
  double joules = 0.0;  ///< NaN unless every restart was measured
  double iterations = 0.0;
  double evaluations = 0.0;
};

/// Counts and mean costs of restarts, added one by one.
class Tally {
 public:
  explicit Tally(std::vector<double> epsilons);
  void add(const RestartRecord& record);

  std::uint64_t restarts() const { return restarts_; }
  std::uint64_t endings(Status status) const { return endings_[static_cast<std::size_t>(status)]; }
  std::vector<Success> success() const;  ///< one per epsilon; requires a restart
  MeanCost cost() const;                 ///< requires a restart

 private:
  std::vector<double> epsilons_;
  std::uint64_t restarts_ = 0;
  std::vector<std::uint64_t> successes_;  // one per epsilon
  std::array<std::uint64_t, 4> endings_{};
  MeanCost sum_;
};

/// TTS99 (docs/theory.md, Success): cost until a success with probability 0.99 when one restart
/// costs `cost` and succeeds with `probability`; infinite at probability 0, `cost` at 0.99 or more.
double cost_to_solution_99(double cost, double probability);

}  // namespace qhn
