#pragma once

#include <cmath>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "campaign/experiment.hpp"
#include "core/aligned.hpp"
#include "perf/work.hpp"
#include "problem/problem.hpp"
#include "record/campaign_file.hpp"
#include "report/comparison.hpp"

namespace qhn {

/// The cost table of one instance of the problem, recomputed.
struct RecomputedCosts {
  std::unique_ptr<Problem> problem;  ///< null: no cost table
  AlignedVector<double> costs;
  /// Gap of the mean cost, and of the next cost that counts as different from E_min.
  double mean_gap = not_known, first_gap = not_known;
  bool all_equal = false;  ///< within equal_costs: no first gap exists
  std::string missing;     ///< why a table could not be recomputed; empty: it was, or none exists
};

/// What one method achieved on one instance: the contiguous prefix of one campaign.
struct InstanceResult {
  const CampaignFile* campaign = nullptr;
  std::span<const RestartRecord> records;
  Experiment experiment;
  const RecomputedCosts* recomputed = nullptr;
  double epsilon = 0.0;  ///< gap below which a restart succeeds: absolute, in units of the cost
  double table_seconds = not_known, table_joules = not_known;
  double joules = not_known;  ///< of a restart, for its own seconds
  double busy = 1.0;          ///< share of their phase in which restarts computed
  bool measured = false;      ///< false: modelled
  int times = 1;              ///< largest number of runs of a phase
  Work work{not_known, not_known, 0.0, not_known};        ///< of a restart
  Work table_work{not_known, not_known, 0.0, not_known};  ///< of the table
  double mean_seconds = 0.0;                              ///< of a restart
  double depth = 0.0;                                     ///< of the circuit, in layers of gates
  double fidelity_shots = 0.0;  ///< of each circuit of a fidelity, of twice the depth
  /// Ideal gradients: probability that one shot is a success, for each final state.
  std::vector<double> shot_success;

  bool is_success(double cost) const { return cost - campaign->table.reference.cost < epsilon; }
};

/// Circuits trained with ideal gradients, circuits trained with shots, classical methods.
enum class MethodKind { ideal, shots, classical };

/// A method on all its instances of the problem.
struct ComparedMethod {
  std::string name;
  MethodKind kind = MethodKind::classical;
  std::vector<InstanceResult> instances;

  bool is_circuit() const { return kind != MethodKind::classical; }
};

/// What a comparison reads of its campaigns. Refers to them, so they must outlive it.
struct ComparisonInput {
  ComparisonOptions options;                          ///< with the ε that applies
  std::map<std::string, RecomputedCosts> recomputed;  ///< by problem and seed
  std::vector<ComparedMethod> methods;                ///< at least one, sorted by kind

  bool has(MethodKind kind) const;
  const InstanceResult& first() const { return methods.front().instances.front(); }
  double networks() const { return std::ldexp(1.0, first().campaign->table.qubits); }
  /// Mean of `value` over all campaigns that computed a table; NaN: none did. Every method is
  /// charged the same.
  double table_mean(const std::function<double(const InstanceResult&)>& value) const;
};

/// Throws InputError as compare().
ComparisonInput read_comparison_input(std::span<const CampaignFile> campaigns,
                                      const ComparisonOptions& options);

}  // namespace qhn
